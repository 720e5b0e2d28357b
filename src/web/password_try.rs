//! A password that a form of ours takes.
//!
//! Owns: where it counts as coming from, and why the form is shown again: the reasons, their status, and the words that are
//! the same on every such page. Does not own: verifying (`passwords`), what a page says when the password is wrong, or who
//! is signed in by it (`entry`).

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use crate::app::App;
use crate::model::person::User;
use crate::passwords::{AuthenticateError, Outcome, authenticate};
use crate::protocol::params::Params;
use crate::protocol::time::{in_words, whole_seconds};
use crate::store::StoreError;
use crate::throttle::Origin;
use crate::web::address::ClientAddress;
use crate::web::device::Device;
use crate::web::edge::Noted;
use crate::web::page_error::Kind;

/// Somebody whose password it is.
#[derive(Debug)]
pub struct Proved {
    /// Who.
    pub user: Box<User>,
    /// Where; known from now on, as the answer has to say (`Device::remember`).
    pub device: Device,
}

/// Tries the `password` of a form for that name or address. A failure is noted in the log.
///
/// # Errors
/// When a store fails.
pub async fn try_password(
    app: &App,
    request: &HttpRequest,
    name: &str,
    posted: &Params,
) -> Result<Result<Proved, Failure>, StoreError> {
    let password = SecretString::from(posted.get("password").unwrap_or_default().to_owned());
    let device = Device::read(request, app);
    let origin = Origin { address: ClientAddress::of(request), device: Some(device.hash()) };
    let failure = match authenticate(app.door(), origin, name, password, app.now()).await {
        Ok(Outcome::SignedIn(user)) => return Ok(Ok(Proved { user, device })),
        Ok(Outcome::Refused) | Err(AuthenticateError::TooLong) => Failure::Refused,
        Err(AuthenticateError::Throttled { retry_after }) => Failure::Throttled(retry_after),
        Err(AuthenticateError::Busy(busy)) => Failure::Busy(busy.retry_after),
        Err(AuthenticateError::Store(error)) => return Err(error),
    };
    Noted::note(request, failure.code(), None);
    Ok(Err(failure))
}

/// Why. One for every cause of a refusal: nobody learns which names exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The name and the password do not belong together.
    Refused,
    /// Too many failed before; so long until the next may be tried.
    Throttled(Duration),
    /// The queue is full; so long until it will be worth a try.
    Busy(Duration),
}

impl Failure {
    /// What the page says; `refused` is said of a wrong password.
    #[must_use]
    pub fn text(self, refused: &'static str) -> Cow<'static, str> {
        match self {
            Self::Refused => refused.into(),
            Self::Throttled(wait) => format!(
                "Too many sign-ins have failed. Your password was not checked; try again in {}.",
                in_words(wait)
            )
            .into(),
            Self::Busy(_) => {
                "Many people are signing in right now. Your password was not checked; try again in a moment.".into()
            }
        }
    }

    /// The status of the page.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer with when to come back, where that is known.
    #[must_use]
    pub fn later(self, mut response: HttpResponse) -> HttpResponse {
        if let Self::Throttled(wait) | Self::Busy(wait) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }

    /// As the log has it.
    const fn code(self) -> &'static str {
        match self {
            Self::Refused => "sign_in_refused",
            Self::Throttled(_) => "sign_in_throttled",
            Self::Busy(_) => Kind::Busy.code(),
        }
    }
}
