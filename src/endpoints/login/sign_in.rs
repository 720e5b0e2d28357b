//! From what was typed to a session.
//!
//! Owns: one answer for every refusal, and that a repeated submit leaves one session. Does not own:
//! verifying (`passwords`) or cookies.

use std::time::Duration;

use secrecy::SecretString;

use crate::app::App;
use crate::model::person::User;
use crate::model::session::Beginning;
use crate::passwords::{AuthenticateError, Outcome, authenticate};
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::store::StoreError;
use crate::throttle::Origin;
use crate::web::session;
use crate::web::transaction::{Transaction, note_session};

/// What came of a try.
pub(super) enum Tried {
    /// The person is in; the new session's secret id.
    In(Box<User>, OpaqueToken),
    /// The name and the password do not belong together, whatever the reason.
    Refused,
    /// Too many failed before: nothing was looked at.
    Throttled(Duration),
    /// It could not be decided.
    Busy(Duration),
}

/// What was typed, and where.
pub(super) struct Attempt<'a> {
    pub(super) name: &'a str,
    pub(super) password: SecretString,
    pub(super) origin: Origin,
}

/// Tries a name and a password. `before` is the session that the browser had.
///
/// # Errors
/// When a store fails.
pub(super) async fn try_password(
    app: &App,
    attempt: Attempt<'_>,
    before: Option<TokenHash>,
    transaction: Option<&Transaction>,
) -> Result<Tried, StoreError> {
    let Attempt { name, password, origin } = attempt;
    match authenticate(app.door(), origin, name, password, app.now()).await {
        Ok(Outcome::SignedIn(user)) => {
            let cookie = session::begin(app, &user, Beginning::by_password(app.now()), before).await?;
            if let Some(transaction) = transaction {
                note_session(app, transaction, cookie.hash()).await?;
            }
            Ok(Tried::In(user, cookie))
        }
        Ok(Outcome::Refused) | Err(AuthenticateError::TooLong) => Ok(Tried::Refused),
        Err(AuthenticateError::Throttled { retry_after }) => Ok(Tried::Throttled(retry_after)),
        Err(AuthenticateError::Busy(busy)) => Ok(Tried::Busy(busy.retry_after)),
        Err(AuthenticateError::Store(error)) => Err(error),
    }
}
