//! Replacing a generated password by the person's own.
//!
//! Owns: the order of the checks and what ends with the change. Does not own: hashing, the rules.

use secrecy::{ExposeSecret as _, SecretString};

use crate::app::App;
use crate::model::person::StoredPassword;
use crate::model::revocation::Revocation;
use crate::model::session::Beginning;
use crate::passwords::{Busy, PolicyFault, Verdict, check_new};
use crate::protocol::opaque::OpaqueToken;
use crate::web::entry;
use crate::web::page_error::PageError;
use crate::web::session::SignedIn;
use crate::web::transaction::Transaction;

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// It breaks a rule.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
    /// It is the generated one.
    #[error("This is the password you were given. Choose one that only you know.")]
    Same,
    /// Typed differently the second time.
    #[error("The two passwords differ. Type the same one twice.")]
    Differ,
}

/// What came of it.
pub(super) enum Changed {
    /// Changed; the secret id of the new session.
    Yes(OpaqueToken),
    /// Refused.
    No(Fault),
    /// Another change came first.
    Late,
}

/// Changes the password and ends every session of the person; this browser gets a new one, which the
/// transaction counts as made by itself.
///
/// # Errors
/// When the queue is full or a store fails.
pub(super) async fn change(
    app: &App,
    signed_in: &SignedIn,
    new: SecretString,
    repeated: &str,
    transaction: Option<&Transaction>,
) -> Result<Changed, PageError> {
    let user = &signed_in.user;
    if let Err(fault) = check_new(new.expose_secret(), user, &app.config.passwords) {
        return Ok(Changed::No(fault.into()));
    }
    if new.expose_secret() != repeated {
        return Ok(Changed::No(Fault::Differ));
    }
    let Some(old) = &user.password else { return Ok(Changed::Late) };
    let busy = |busy: Busy| PageError::busy(busy.retry_after);
    if let Verdict::Right { .. } = app.passwords.verify(new.clone(), Some(old)).await.map_err(busy)? {
        return Ok(Changed::No(Fault::Same));
    }
    let stored = StoredPassword { phc: app.passwords.hash(new).await.map_err(busy)?, generated_until: None };
    let now = app.now();
    if !app.stores.users.set_password(user.id, old, &stored, false, now).await? {
        return Ok(Changed::Late);
    }
    app.negative.note(&Revocation::of_person(user.id, now));
    tracing::info!(user_id = %user.id, "password set");
    let beginning = Beginning::by_password(now);
    Ok(Changed::Yes(entry::begin(app, (user, beginning), Some(signed_in.id), transaction).await?))
}
