//! RFC 6750 3: why a request is not let in, and what the answer says.
//!
//! Owns: status, code and `WWW-Authenticate` of each reason. Does not own: finding the reason (`bearer`, `verify`,
//! `guard`) or writing the answer (`actix`, `tower`).

use std::fmt::Write as _;
use std::time::Duration;

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No token was sent: 401, and the challenge has no error code (RFC 6750 3.1).
    #[error("no access token was sent")]
    NoToken,
    /// The request is malformed: 400 `invalid_request`.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The token is not accepted: 401 `invalid_token`.
    #[error("the access token is not accepted: {0}")]
    InvalidToken(Fault),
    /// The token is good, for something else: 403 `insufficient_scope`.
    #[error("the access token lacks a scope of: {needed}")]
    InsufficientScope {
        /// The scopes that the route needs, separated by spaces.
        needed: &'static str,
    },
    /// It cannot be known now: 503 with `Retry-After`.
    #[error("the access token cannot be checked now")]
    Unavailable {
        /// When to ask again.
        retry_after: Duration,
    },
}

/// What is wrong with a token. The texts tell nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Not three parts of base64url, or longer than [`LONGEST_TOKEN`](crate::LONGEST_TOKEN).
    #[error("it is not a signed JWT")]
    NotAJwt,
    /// The header is no JSON object, or has a member twice.
    #[error("its header is malformed")]
    Header,
    /// `crit`, `b64`, `zip` or `enc`: the rest would mean something else.
    #[error("its header has a member that is not supported")]
    Extension,
    /// Not `at+jwt`: an ID token, a logout token, any JWT (RFC 9068 4).
    #[error("its typ is not at+jwt")]
    Type,
    /// `none`, a shared secret, or one that is not on the list.
    #[error("its alg is not accepted")]
    Algorithm,
    /// Without `kid`, or with one that the issuer does not publish.
    #[error("its key is unknown")]
    UnknownKey,
    /// The key that it names is for another algorithm (RFC 8725 3.1).
    #[error("its alg is not that of its key")]
    OtherAlgorithm,
    /// Another key signed it, or something else was signed.
    #[error("its signature is wrong")]
    Signature,
    /// The payload is no JSON object, has a member twice, or a claim has another type than it should.
    #[error("its claims are malformed")]
    Claims,
    /// A claim that must be there is not.
    #[error("a required claim is missing")]
    MissingClaim,
    /// `iss` is another.
    #[error("it was issued by another issuer")]
    Issuer,
    /// `aud` does not name this API.
    #[error("it is for another audience")]
    Audience,
    /// `exp` has passed.
    #[error("it has expired")]
    Expired,
    /// `nbf` or `iat` is to come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// `cnf` binds it to a key of the client: alone it proves nothing (RFC 7800, RFC 8705, RFC 9449).
    #[error("it is bound to a key and is no bearer token")]
    Bound,
    /// The check of revocations knows it.
    #[error("it was revoked")]
    Revoked,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NoToken | Self::InvalidToken(_) => 401,
            Self::InvalidRequest(_) => 400,
            Self::InsufficientScope { .. } => 403,
            Self::Unavailable { .. } => 503,
        }
    }

    /// The code of RFC 6750 3.1, where there is one.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::NoToken | Self::Unavailable { .. } => None,
            Self::InvalidRequest(_) => Some("invalid_request"),
            Self::InvalidToken(_) => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
        }
    }

    /// The value of `WWW-Authenticate`; none where another token would change nothing.
    #[must_use]
    pub fn www_authenticate(&self, realm: &str) -> Option<String> {
        if let Self::Unavailable { .. } = self {
            return None;
        }
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(code) = self.code() {
            let _ = write!(challenge, ", error=\"{code}\", error_description=\"{self}\"");
        }
        if let Self::InsufficientScope { needed } = self {
            let _ = write!(challenge, ", scope=\"{needed}\"");
        }
        Some(challenge)
    }

    /// The value of `Retry-After`, in seconds, at least one.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after } => Some(retry_after.as_secs().max(1)),
            _ => None,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::InvalidToken(fault)
    }
}

impl From<crate::Unavailable> for Refusal {
    fn from(cause: crate::Unavailable) -> Self {
        Self::Unavailable { retry_after: cause.retry_after }
    }
}
