//! Signing in with name and password.
//!
//! Owns: the order find, verify, judge, upgrade, and that every refusal cost the same. Does not own:
//! throttles and sessions (`web`, `endpoints/login`).

use secrecy::{ExposeSecret as _, SecretString};

use crate::model::person::{LoginName, StoredPassword, User};
use crate::passwords::hasher::{PasswordHasher, Verdict};
use crate::passwords::policy::is_beyond_any;
use crate::passwords::pool::Busy;
use crate::protocol::time::Timestamp;
use crate::store::{StoreError, UserStore};

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
    /// The queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs a person in: finds, verifies (or does the same work), and stores an upgraded hash.
///
/// # Errors
/// When it could not be decided.
pub async fn authenticate(
    users: &dyn UserStore,
    hasher: &PasswordHasher,
    name: &str,
    password: SecretString,
    now: Timestamp,
) -> Result<Outcome, AuthenticateError> {
    if is_beyond_any(password.expose_secret()) {
        return Err(AuthenticateError::TooLong);
    }
    let user = users.find_by_login(&LoginName::read(name)).await?;
    let stored = user.as_ref().and_then(|user| user.password.as_ref());
    // Whoever it is, the password is verified first: a disabled account costs what a live one costs.
    let verdict = hasher.verify(password, stored).await?;
    let (Some(mut user), Verdict::Right { upgrade }) = (user, verdict) else { return Ok(Outcome::Refused) };
    if user.disabled || generated_is_over(&user, now) {
        return Ok(Outcome::Refused);
    }
    if let Some(phc) = upgrade {
        store_upgrade(users, &mut user, phc, now).await;
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
