//! The closed list of what ends in an error page.
//!
//! Owns: the kinds, their stable codes and statuses. Does not own: their words (`words`), or the error (`page_error`).

use actix_web::http::StatusCode;

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
}
