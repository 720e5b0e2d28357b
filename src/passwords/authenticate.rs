//! Signing in with name and password.
//!
//! Owns: the order find, wait, verify, judge, count, upgrade, and that every refusal cost the same. Does not
//! own: which counters there are (`throttle`), sessions (`web`, `endpoints/login`).

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Failures;
use crate::model::person::{LoginName, StoredPassword, User};
use crate::passwords::hasher::{PasswordHasher, Verdict};
use crate::passwords::policy::is_beyond_any;
use crate::passwords::pool::Busy;
use crate::protocol::time::Timestamp;
use crate::store::{StoreError, UserStore};
use crate::throttle::{Account, Origin, Refusal, Throttle};

/// What signing in goes through, whatever the page or endpoint.
#[derive(Clone, Copy)]
pub struct Door<'a> {
    /// People.
    pub users: &'a dyn UserStore,
    /// Hashes.
    pub hasher: &'a PasswordHasher,
    /// Counts failures.
    pub throttle: &'a Throttle,
    /// How many may fail.
    pub failures: &'a Failures,
}

impl std::fmt::Debug for Door<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

/// What came of a sign-in by password.
#[derive(Debug)]
pub enum Outcome {
    /// The password was right and the person may come in (perhaps only to `/password`).
    SignedIn(Box<User>),
    /// Unknown name, wrong or absent password, disabled, generated password past its time: one answer.
    Refused,
}

/// Why a sign-in could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// Longer than any password: refused before any work.
    #[error("the password is too long")]
    TooLong,
    /// Too many failed before it: nothing was looked at.
    #[error("too many sign-ins failed")]
    Throttled {
        /// When the next may be made.
        retry_after: Duration,
    },
    /// The queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for AuthenticateError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Throttled { retry_after } => Self::Throttled { retry_after },
            Refusal::Store(error) => Self::Store(error),
        }
    }
}

/// Signs a person in: finds, verifies (or does the same work), counts a failure, and stores an upgraded
/// hash. A failure is counted before anybody is told of it.
///
/// # Errors
/// When it could not be decided.
pub async fn authenticate(
    door: Door<'_>,
    origin: Origin,
    name: &str,
    password: SecretString,
    now: Timestamp,
) -> Result<Outcome, AuthenticateError> {
    if is_beyond_any(password.expose_secret()) {
        return Err(AuthenticateError::TooLong);
    }
    let name = LoginName::read(name);
    let user = door.users.find_by_login(&name).await?;
    let account = user.as_ref().map_or(Account::Named(&name), |user| Account::Of(user.id));
    let attempt = door.throttle.sign_in(door.failures, account, origin);
    // Whoever has to wait is told so at once, and takes no place in the queue.
    attempt.admit(now).await?;
    let turn = door.hasher.turn().await?;
    // Those who were before may have failed meanwhile: of any number at once, no more are verified than may
    // fail, and those few whose turn it is at the same time.
    let admitted = attempt.admit(now).await?;
    let stored = user.as_ref().and_then(|user| user.password.as_ref());
    // Whoever it is, the password is verified first: a disabled account costs what a live one costs.
    let verdict = turn.verify(password, stored).await?;
    let right = match (user, verdict) {
        (Some(user), Verdict::Right { upgrade }) => Some((user, upgrade)),
        _ => None,
    };
    let Some((mut user, upgrade)) = right.filter(|(user, _)| !user.disabled && !generated_is_over(user, now)) else {
        admitted.failed().await?;
        return Ok(Outcome::Refused);
    };
    admitted.succeeded().await?;
    drop(turn);
    if let Some(phc) = upgrade {
        store_upgrade(door.users, &mut user, phc, now).await;
    }
    Ok(Outcome::SignedIn(Box::new(user)))
}

fn generated_is_over(user: &User, now: Timestamp) -> bool {
    let until = user.password.as_ref().and_then(|password| password.generated_until);
    until.is_some_and(|until| until.is_over(now))
}

/// Stores the same password under the current parameters. A failure is no reason to keep the person
/// out: it is tried again at the next sign-in. When another change came first, that one stands.
async fn store_upgrade(users: &dyn UserStore, user: &mut User, phc: SecretString, now: Timestamp) {
    let Some(old) = user.password.as_ref() else { return };
    let new = StoredPassword { phc, generated_until: old.generated_until };
    match users.set_password(user.id, old, &new, true, now).await {
        Ok(true) => user.password = Some(new),
        Ok(false) => {}
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(user = %user.id, %error, cause, "an upgraded password hash could not be stored");
        }
    }
}
