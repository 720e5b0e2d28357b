//! From a password, or the wish for an account of one's own, to the person who is to be signed in.
//!
//! Owns: that a wrong password counts as it does on the sign-in page. Does not own: verifying (`passwords`), joining
//! (`accounts`).

use std::time::Duration;

use secrecy::SecretString;

use crate::app::App;
use crate::model::person::{Email, User};
use crate::passwords::{AuthenticateError, Outcome, authenticate};
use crate::throttle::Origin;
use crate::web::joining::Joining;
use crate::web::page_error::PageError;

/// What came of a password.
pub(super) enum Tried {
    /// The identity is joined; who is to be signed in.
    In(Box<User>),
    /// It is not the account's password, or it may not come in.
    Refused,
    /// Too many failed before: nothing was looked at.
    Throttled(Duration),
    /// It could not be decided.
    Busy(Duration),
}

/// Tries the password of the account that has the address of the identity.
///
/// # Errors
/// A page, when it is no longer about that account, or a store fails.
pub(super) async fn by_password(
    app: &App,
    joining: &Joining,
    password: SecretString,
    origin: Origin,
) -> Result<Tried, PageError> {
    let address = joining.pending.profile.verified_email().map(Email::as_str).unwrap_or_default();
    match authenticate(app.door(), origin, address, password, app.now()).await {
        Ok(Outcome::SignedIn(user)) => {
            let joined = app.accounts().join(joining.external(), joining.pending.user, *user, app.now()).await?;
            Ok(Tried::In(joining.settle(app, joined)?))
        }
        Ok(Outcome::Refused) | Err(AuthenticateError::TooLong) => Ok(Tried::Refused),
        Err(AuthenticateError::Throttled { retry_after }) => Ok(Tried::Throttled(retry_after)),
        Err(AuthenticateError::Busy(busy)) => Ok(Tried::Busy(busy.retry_after)),
        Err(AuthenticateError::Store(error)) => Err(error.into()),
    }
}

/// Makes an account of its own for the identity.
///
/// # Errors
/// As [`by_password`], and when the provider makes none.
pub(super) async fn alone(app: &App, joining: &Joining) -> Result<Box<User>, PageError> {
    let (user, now) = (joining.pending.user, app.now());
    let joined = app.accounts().stand_alone(joining.external(), user, now, &mut app.rng()).await?;
    joining.settle(app, joined)
}
