//! Everything that ends in an error page instead of the page that was asked for.
//!
//! Owns: such an error, and what it is made of. Does not own: which there are and what they say (`kind`, `words`), the
//! template and the request's name on it (`page`), or errors that are sent to a client (`protocol/reply`).

mod kind;
mod words;

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};

use crate::model::joining::Refusal;
use crate::protocol::error::OAuthError;
use crate::protocol::time::whole_seconds;
use crate::store::StoreError;
use crate::web::params::FormError;

pub use self::kind::Kind;

/// What a developer needs to mend it; shown on a development server only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// What arrived, raw: templates escape it.
    pub received: Option<String>,
    /// What would have been right; one of them.
    pub expected: Vec<String>,
    /// What to do.
    pub change: String,
    /// The table to paste into a file under the config folder.
    pub toml: Option<String>,
}

/// Where the person can go from the error page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// One of our own URLs.
    pub href: String,
    /// What it says.
    pub label: &'static str,
}

/// An error that becomes a page.
#[derive(Debug)]
pub struct PageError(Box<Parts>);

/// What the page shows and the log keeps.
#[derive(Debug)]
pub struct Parts {
    /// Which.
    pub kind: Kind,
    /// What exactly, in words that may be shown to anybody.
    pub detail: Option<String>,
    /// For developers.
    pub explanation: Option<Explanation>,
    /// The way on.
    pub link: Option<Link>,
    /// Another way on.
    pub other_link: Option<Link>,
    /// Seconds to wait.
    pub retry_after: Option<u64>,
    /// For the log only.
    pub cause: Option<String>,
}

impl PageError {
    /// Of that kind, with its own words.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: None,
            explanation: None,
            link: None,
            other_link: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// With what a developer needs.
    #[must_use]
    pub fn explained(mut self, explanation: Explanation) -> Self {
        self.0.explanation = Some(explanation);
        self
    }

    /// With a way on.
    #[must_use]
    pub fn with_link(mut self, href: String, label: &'static str) -> Self {
        self.0.link = Some(Link { href, label });
        self
    }

    /// With another way on, beside the first.
    #[must_use]
    pub fn or_link(mut self, href: String, label: &'static str) -> Self {
        self.0.other_link = Some(Link { href, label });
        self
    }

    /// With words of its own, which may be shown to anybody.
    #[must_use]
    pub fn in_detail(mut self, detail: String) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// With a cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The parameters cannot be read.
    #[must_use]
    pub fn malformed(error: &OAuthError) -> Self {
        let mut page = Self::new(Kind::MalformedRequest);
        page.0.detail = Some(format!("{}: {}.", error.code(), error.description()));
        page
    }

    /// The time of the transaction is over; `href` begins the same request anew.
    #[must_use]
    pub fn expired(href: String) -> Self {
        Self::new(Kind::Expired).with_link(href, "Continue")
    }

    /// Too much to do; when to try again.
    #[must_use]
    pub fn busy(retry_after: Duration) -> Self {
        let mut page = Self::new(Kind::Busy);
        page.0.retry_after = Some(whole_seconds(retry_after));
        page
    }

    /// What it consists of.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.0
    }
}

macro_rules! shorthand {
    ($($name:ident => $kind:ident),* $(,)?) => {
        impl PageError {
            $(
                #[doc = concat!("See [`Kind::", stringify!($kind), "`].")]
                #[must_use]
                pub fn $name() -> Self {
                    Self::new(Kind::$kind)
                }
            )*
        }
    };
}

shorthand! {
    query_too_long => QueryTooLong,
    client_gone => ClientGone,
    unknown_transaction => UnknownTransaction,
    unknown_departure => UnknownDeparture,
    other_browser => OtherBrowser,
    cookies_needed => CookiesNeeded,
    cross_site => CrossSite,
    foreign_form => ForeignForm,
    wrong_host => WrongHost,
    unknown_join => UnknownJoin,
    sign_in_again => SignInAgain,
    last_way => LastWay,
    internal => Internal,
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        let mut page = Self::new(Kind::Unavailable).because(format_args!("{error}{source}"));
        page.0.retry_after = Some(2);
        page
    }
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::AddressNotAllowed => Kind::AddressNotAllowed,
            Refusal::PersonDisabled => Kind::AccountClosed,
            Refusal::AddressTaken => Kind::AddressTaken,
            Refusal::NoAccount => Kind::NoAccount,
            Refusal::NotSignedIn => Kind::SignInAgain,
            Refusal::LinkingOff => Kind::LinkingOff,
            Refusal::IdentityTaken => Kind::IdentityTaken,
            Refusal::ProvesNothing | Refusal::ProvesAnother => Kind::WrongProof,
        })
    }
}

impl From<FormError> for PageError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::ContentType => Self::new(Kind::NotAForm),
            FormError::TooLarge(_) => Self::new(Kind::FormTooLarge),
            FormError::Malformed(error) => Self::malformed(&error),
            FormError::TooSlow | FormError::Broken => Self::new(Kind::MalformedRequest).because(error),
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.code())
    }
}

impl std::error::Error for PageError {}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    /// The bare answer; `page::frame`, which every page is wrapped in, puts the page in its place.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Some(seconds) = self.0.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.set_body(actix_web::body::BoxBody::new(self.0.kind.title()))
    }
}
