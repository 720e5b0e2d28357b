//! Why a form that takes a password is shown again.
//!
//! Owns: the reasons, their status, and the words that are the same on every such page. Does not own: what a page says
//! when the password is wrong, or trying it (`passwords`).

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;

use crate::protocol::time::in_words;

/// Why. One for every cause of a refusal: nobody learns which names exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The name and the password do not belong together.
    Refused,
    /// Too many failed before; so long until the next may be tried.
    Throttled(Duration),
    /// The queue is full.
    Busy,
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
            Self::Busy => {
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
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
