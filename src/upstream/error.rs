//! Why a sign-in at a provider did not come about.
//!
//! Owns: the closed list of reasons, and that nothing of a provider's own words reaches a page. Does not own: what a
//! page says (`endpoints/login`).

use std::fmt;

use crate::model::provider::Provider;

/// What went wrong, by a name that stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The person, or the provider, said no.
    Denied,
    /// The provider says that it cannot answer now.
    NotNow,
    /// Too many are on their way to this provider already.
    Busy,
    /// No whole answer in time.
    Timeout,
    /// No connection: no such name, refused, or its certificate is not good.
    Unreachable,
    /// The address is none that this server connects to.
    Address,
    /// The answer leads elsewhere.
    Redirect,
    /// The status of the answer is not the expected one.
    Status,
    /// The answer is longer than is read.
    TooLarge,
    /// The answer is compressed.
    Encoded,
    /// The answer is no JSON by its content type.
    ContentType,
    /// The answer cannot be read.
    Malformed,
    /// The metadata is another issuer's, or lacks what is needed.
    Metadata,
    /// `iss` of the authorization response is another provider's, or missing (RFC 9207).
    ResponseIssuer,
    /// The provider does not take the authorization request.
    RequestRefused,
    /// There is no code in the authorization response.
    NoCode,
    /// The token endpoint refused.
    TokenRefused,
    /// The token endpoint gave no ID token, or a token of another type.
    NoToken,
    /// The signature is missing, by an algorithm that is not taken, or wrong.
    Signature,
    /// No key of the provider fits the token.
    UnknownKey,
    /// `iss` of the token.
    Issuer,
    /// `aud` or `azp` of the token.
    Audience,
    /// `exp`, `iat` or `nbf` of the token.
    Times,
    /// `nonce` of the ID token, or one in a logout token.
    Nonce,
    /// `at_hash` of the ID token.
    AccessTokenHash,
    /// `auth_time` is older than the application asked for.
    NotFresh,
    /// `sub` is missing, too long, or another in the userinfo answer.
    Subject,
    /// `events` of a logout token: it is none.
    Event,
    /// A claim does not have the configured value.
    RequiredClaim,
    /// Of none of the configured organizations and teams.
    NotMember,
    /// Our own configuration of the provider, such as its key.
    Configuration,
}

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The sign-in was not completed there, by whoever decided so.
    Denied,
    /// The provider cannot be reached or cannot answer: later it may.
    Unavailable,
    /// The answer cannot be trusted.
    Invalid,
    /// The person may not come in that way.
    NotAdmitted,
}

impl Reason {
    /// The name in the log.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NotNow => "not_now",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Address => "address_refused",
            Self::Redirect => "redirect",
            Self::Status => "status",
            Self::TooLarge => "too_large",
            Self::Encoded => "compressed",
            Self::ContentType => "content_type",
            Self::Malformed => "malformed",
            Self::Metadata => "metadata",
            Self::ResponseIssuer => "response_issuer",
            Self::RequestRefused => "request_refused",
            Self::NoCode => "no_code",
            Self::TokenRefused => "token_refused",
            Self::NoToken => "no_token",
            Self::Signature => "signature",
            Self::UnknownKey => "unknown_key",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Times => "times",
            Self::Nonce => "nonce",
            Self::AccessTokenHash => "at_hash",
            Self::NotFresh => "not_fresh",
            Self::Subject => "subject",
            Self::Event => "event",
            Self::RequiredClaim => "required_claim",
            Self::NotMember => "not_member",
            Self::Configuration => "configuration",
        }
    }

    /// What a person is told of it.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::Denied => Group::Denied,
            Self::NotNow | Self::Busy | Self::Timeout | Self::Unreachable => Group::Unavailable,
            Self::RequiredClaim | Self::NotMember => Group::NotAdmitted,
            _ => Group::Invalid,
        }
    }
}

/// Opaque to pages: they learn the [`Group`]. The cause is for the log; it holds no secret and, of what the provider
/// said, error codes alone.
#[derive(Debug, Clone)]
pub struct UpstreamError {
    reason: Reason,
    cause: String,
}

impl UpstreamError {
    pub(super) fn new(reason: Reason, cause: impl Into<String>) -> Self {
        Self { reason, cause: cause.into() }
    }

    /// An authorization response without a code (threat I11).
    #[must_use]
    pub fn without_code() -> Self {
        Self::new(Reason::NoCode, "the response has neither code nor error")
    }

    /// The tokens of an identity would go to somebody else than gave them.
    pub(super) fn of_another_issuer(provider: &Provider) -> Self {
        Self::new(Reason::Issuer, format!("{} was another issuer when it gave these tokens", provider.id))
    }

    /// What an `error` in the authorization response says (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6). Anybody
    /// can put words into such a response, so that its description is not looked at (threat I16).
    #[must_use]
    pub fn answered(code: &str) -> Self {
        let reason = match code {
            "server_error" | "temporarily_unavailable" => Reason::NotNow,
            // A fault of what we sent, such as a scope that the provider does not have.
            "invalid_request"
            | "invalid_request_uri"
            | "invalid_request_object"
            | "request_not_supported"
            | "request_uri_not_supported"
            | "registration_not_supported"
            | "unauthorized_client"
            | "unsupported_response_type"
            | "invalid_scope" => Reason::RequestRefused,
            // access_denied and everything that the person can do something about there (login_required,
            // consent_required, user_cancelled_authorize of Apple, …).
            _ => Reason::Denied,
        };
        Self::new(reason, format!("the provider answered {}", error_code(code)))
    }

    /// Which.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.code(), self.cause)
    }
}

impl std::error::Error for UpstreamError {}

/// Why a logout token is not taken.
#[derive(Debug, Clone)]
pub enum LogoutError {
    /// It is none, or not for us, or not good now.
    Refused(UpstreamError),
    /// The provider's keys cannot be had now: nobody knows.
    Unknown(UpstreamError),
}

/// An error code as a provider gave it, if it can be one (RFC 6749 4.1.2.1): nothing else of theirs is logged.
#[must_use]
pub fn error_code(text: &str) -> &str {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(fits) { text } else { "(no error code)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answered_error_is_one_of_three_and_no_text_of_theirs() {
        for (code, group) in [
            ("access_denied", Group::Denied),
            ("login_required", Group::Denied),
            ("user_cancelled_authorize", Group::Denied),
            ("server_error", Group::Unavailable),
            ("temporarily_unavailable", Group::Unavailable),
            ("invalid_scope", Group::Invalid),
            ("Call +1 555 <script>", Group::Denied),
        ] {
            let error = UpstreamError::answered(code);
            assert_eq!(error.reason().group(), group, "{code}");
            assert!(!error.to_string().contains("script"), "{error}");
        }
    }

    #[test]
    fn only_codes_are_codes() {
        for code in ["access_denied", "AADB2C90118", "consent_required"] {
            assert_eq!(error_code(code), code);
        }
        for text in ["", "<script>", "Please call +1 555", "a\nb", &"x".repeat(65)] {
            assert_eq!(error_code(text), "(no error code)", "{text}");
        }
    }
}
