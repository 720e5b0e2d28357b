//! Everything that ends in an error page instead of the page that was asked for.
//!
//! Owns: the closed list of such errors, with stable code, status and words. Does not own: the
//! template and the request's name on it (`page`), or errors that are sent to a client (`protocol/reply`).

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

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The parameters cannot be read.
    MalformedRequest,
    /// The query is over the limit.
    QueryTooLong,
    /// The form is over the limit.
    FormTooLarge,
    /// The body is not a form.
    NotAForm,
    /// `client_id` is missing, unknown or disabled.
    UnknownClient,
    /// `redirect_uri` is missing or not this client's.
    WrongRedirectUri,
    /// The client of a stored transaction is gone, or the redirect URI is no longer its own.
    ClientGone,
    /// No such transaction.
    UnknownTransaction,
    /// The transaction began in another browser.
    OtherBrowser,
    /// The time of the transaction is over.
    Expired,
    /// The browser sent no cookie.
    CookiesNeeded,
    /// The browser says that the post comes from another site.
    CrossSite,
    /// The form token is missing or another's.
    ForeignForm,
    /// A form was posted under another host than the issuer's, or a proxy rewrites Host.
    WrongHost,
    /// The person, or the provider, said no there.
    ProviderDenied,
    /// An external provider cannot be reached, or cannot answer.
    ProviderUnavailable,
    /// What an external provider answered cannot be trusted.
    ProviderInvalid,
    /// A person may not come in by that provider.
    ProviderRefused,
    /// Somebody came back from a provider who did not leave for it here, or not just now.
    UnknownDeparture,
    /// The provider brings only people with a verified address of certain domains.
    AddressNotAllowed,
    /// The account is shut out.
    AccountClosed,
    /// Nobody gets an account through that provider.
    NoAccount,
    /// An account has the address, and that provider joins none.
    AddressTaken,
    /// The identity opens somebody else's account.
    IdentityTaken,
    /// That provider is not linked to accounts.
    LinkingOff,
    /// It was the proof of another account.
    WrongProof,
    /// The joining is over, or is no longer about that account.
    UnknownJoin,
    /// A fresh sign-in is needed.
    SignInAgain,
    /// Without that identity the person could not sign in.
    LastWay,
    /// No such page.
    NotFound,
    /// The page has no such method.
    MethodNotAllowed,
    /// Too much to do.
    Busy,
    /// A store cannot answer.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// The stable code on the page and in the log.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed_request",
            Self::QueryTooLong => "query_too_long",
            Self::FormTooLarge => "form_too_large",
            Self::NotAForm => "not_a_form",
            Self::UnknownClient => "unknown_client",
            Self::WrongRedirectUri => "wrong_redirect_uri",
            Self::ClientGone => "client_changed",
            Self::UnknownTransaction => "unknown_transaction",
            Self::OtherBrowser => "other_browser",
            Self::Expired => "expired",
            Self::CookiesNeeded => "cookies_needed",
            Self::CrossSite => "cross_site_post",
            Self::ForeignForm => "foreign_form",
            Self::WrongHost => "wrong_host",
            Self::ProviderDenied => "provider_denied",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderInvalid => "provider_invalid",
            Self::ProviderRefused => "provider_refused",
            Self::UnknownDeparture => "unknown_departure",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::AccountClosed => "account_closed",
            Self::NoAccount => "no_account",
            Self::AddressTaken => "address_taken",
            Self::IdentityTaken => "identity_taken",
            Self::LinkingOff => "linking_off",
            Self::WrongProof => "wrong_proof",
            Self::UnknownJoin => "unknown_join",
            Self::SignInAgain => "sign_in_again",
            Self::LastWay => "last_way",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Busy => "busy",
            Self::Unavailable => "temporarily_unavailable",
            Self::Internal => "server_error",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MalformedRequest
            | Self::UnknownClient
            | Self::WrongRedirectUri
            | Self::ClientGone
            | Self::UnknownTransaction
            | Self::OtherBrowser
            | Self::Expired
            | Self::CookiesNeeded
            | Self::ProviderDenied
            | Self::UnknownDeparture
            | Self::UnknownJoin
            | Self::WrongHost => StatusCode::BAD_REQUEST,
            Self::ProviderInvalid => StatusCode::BAD_GATEWAY,
            Self::CrossSite
            | Self::ForeignForm
            | Self::ProviderRefused
            | Self::AddressNotAllowed
            | Self::AccountClosed
            | Self::NoAccount
            | Self::AddressTaken
            | Self::LinkingOff
            | Self::WrongProof
            | Self::SignInAgain => StatusCode::FORBIDDEN,
            Self::IdentityTaken | Self::LastWay => StatusCode::CONFLICT,
            Self::QueryTooLong => StatusCode::URI_TOO_LONG,
            Self::FormTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy | Self::Unavailable | Self::ProviderUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedRequest | Self::QueryTooLong | Self::FormTooLarge | Self::NotAForm => {
                "This request cannot be read"
            }
            Self::UnknownClient => "This application is not known here",
            Self::WrongRedirectUri => "This application gave a wrong return address",
            Self::ClientGone => "The settings of this application have changed",
            Self::UnknownTransaction => "Start again in the application",
            Self::OtherBrowser => "This page belongs to another browser",
            Self::Expired => "This took too long",
            Self::CookiesNeeded => "Cookies are needed to sign in",
            Self::CrossSite | Self::ForeignForm => "This form cannot be accepted",
            Self::WrongHost => "This page was opened under another address",
            Self::ProviderDenied => "You were not signed in there",
            Self::ProviderUnavailable => "The other service does not answer",
            Self::ProviderInvalid => "The answer of the other service cannot be trusted",
            Self::ProviderRefused => "This account cannot be used here",
            Self::UnknownDeparture => "This sign-in is not under way any more",
            Self::AddressNotAllowed | Self::AccountClosed | Self::NoAccount => "You cannot sign in here",
            Self::AddressTaken => "You already have an account",
            Self::IdentityTaken | Self::LinkingOff => "This sign-in cannot be linked",
            Self::WrongProof => "This is not that account",
            Self::UnknownJoin => "Start the sign-in again",
            Self::SignInAgain => "Sign in once more",
            Self::LastWay => "This is your only way to sign in",
            Self::NotFound => "There is no such page",
            Self::MethodNotAllowed => "This page cannot be used in that way",
            Self::Busy | Self::Unavailable => "Please try again in a moment",
            Self::Internal => "Something went wrong on our side",
        }
    }

    /// What it means and what to do, for the person.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::MalformedRequest => "The application sent a request that is malformed. Nobody was signed in.",
            Self::QueryTooLong => "The address is longer than this server accepts. Nobody was signed in.",
            Self::FormTooLarge => "The form is larger than this server accepts.",
            Self::NotAForm => "A form was expected here, sent as application/x-www-form-urlencoded.",
            Self::UnknownClient => {
                "The application that sent you here is not registered with this server, so you were not signed in. \
                 Tell the people who run the application."
            }
            Self::WrongRedirectUri => {
                "The address to which the application wants you to be sent back is not one that it registered. \
                 For your safety you were not sent there. Tell the people who run the application."
            }
            Self::ClientGone => {
                "While this page was open, the registration of the application changed so that you cannot be sent \
                 back to it. Start again in the application."
            }
            Self::UnknownTransaction => {
                "This sign-in is no longer known, perhaps because it is from yesterday. \
                 Go back to the application and sign in from there."
            }
            Self::OtherBrowser => {
                "This sign-in was started in another browser or before its cookies were deleted. \
                 Go back to the application and sign in from there."
            }
            Self::Expired => {
                "The page was open for so long that the sign-in expired. Nothing is lost: continue from here."
            }
            Self::CookiesNeeded => {
                "This page needs one cookie to know that it is still you, and your browser did not send it. Allow \
                 cookies for this site, or use the browser in which you began; then start again in the application."
            }
            Self::CrossSite => "It was sent by a page of another site. Nothing was changed.",
            Self::ForeignForm => {
                "It was not sent from the page that this browser was last shown: it may be an old page, or you \
                 signed in or out in another tab meanwhile. Nothing was changed."
            }
            Self::WrongHost => {
                "Pages and forms are only served under this server's own address, and this request arrived under \
                 another. Nothing was changed. If a proxy stands before the server, its operator has to let it pass \
                 the Host header on, or name it in [proxies] trusted."
            }
            Self::ProviderDenied => {
                "You, or the service that you were sent to, did not allow it. Nothing was changed; try again or \
                 choose another way to sign in."
            }
            Self::ProviderUnavailable => {
                "The service that you chose cannot be reached or took too long. Nothing is lost: try again in a \
                 moment, or choose another way to sign in."
            }
            Self::ProviderInvalid => {
                "What came back does not fit what was asked there, so that nobody was signed in. If it happens \
                 again, tell the people who run this server."
            }
            Self::ProviderRefused => {
                "You are signed in there, but the rules of this server do not let that account in. Choose another \
                 account or another way to sign in."
            }
            Self::UnknownDeparture => {
                "It was finished already, was begun in another browser, or took too long. Begin it again from the \
                 sign-in page."
            }
            Self::AddressNotAllowed => {
                "Only people with a confirmed e-mail address of certain organisations may sign in that way, and the \
                 provider confirmed none for you. Use another account there, or sign in another way."
            }
            Self::AccountClosed => "Your account here was closed. Ask the people who run this server.",
            Self::NoAccount => {
                "There is no account here for you, and none is made by signing in that way. Ask the people who run this \
                 server for one, or sign in another way."
            }
            Self::AddressTaken => {
                "There is an account here with your e-mail address, and that provider is not a way into it. Sign in the \
                 way you did before."
            }
            Self::IdentityTaken => {
                "It opens the account of somebody else here, so it was not linked to yours. If both are yours, sign in to \
                 the other one and unlink it there first."
            }
            Self::LinkingOff => "That provider is not linked to accounts that exist already. Nothing was changed.",
            Self::WrongProof => {
                "You signed in, but not to the account that was asked for, so nothing was linked. Prove the account in \
                 one of the ways that the page offers."
            }
            Self::UnknownJoin => {
                "What this page was about is over: it took too long, it is done, or the account changed meanwhile. \
                 Nothing was changed; sign in again."
            }
            Self::SignInAgain => {
                "To change the ways to sign in to your account you have to have signed in within the last 10 minutes, in \
                 this browser. Nothing was changed."
            }
            Self::LastWay => "It was not removed: without it nobody could open your account. Link another one first.",
            Self::NotFound => "The address may be mistyped, or the page may have moved.",
            Self::MethodNotAllowed => "Open the page from the beginning.",
            Self::Busy => "Many people are signing in right now.",
            Self::Unavailable => "A part of this server cannot be reached. Nothing was changed; try again in a moment.",
            Self::Internal => "The fault was recorded under the reference below. Nothing was changed.",
        }
    }
}

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
