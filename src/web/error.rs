//! RFC 6749 5.2 and RFC 6750 3.1: errors as JSON answers.
//!
//! Owns: status, challenge and body of each code, for protocol endpoints. Does not own: error pages
//! (`page_error`) or which error it is (`protocol`, `model`).

use std::error::Error;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::protocol::bearer;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::time::whole_seconds;
use crate::store::{Stale, StoreError};
use crate::throttle::Refusal;
use crate::tokens::TokenError;
use crate::web::headers::{REALM, no_store};

/// How long a client waits before it asks again when a store is away.
const STORE_RETRY: Duration = Duration::from_secs(2);

/// An error on its way to a client. Its cause goes to the log with the request's one line, never out.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    error: Option<OAuthError>,
    challenge: Option<String>,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// RFC 6749 5.2: the body.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl ApiError {
    fn new(status: StatusCode, error: OAuthError) -> Self {
        Self { status, error: Some(error), challenge: None, retry_after: None, cause: None }
    }

    /// The same code with a more telling status: 413, 415 and the like.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With what caused it, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Something that should not happen: 500 `server_error`, which tells nothing.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = OAuthError::new(ErrorCode::ServerError, "the server failed; the request id names it in the log");
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, error) }
    }

    /// 503 `temporarily_unavailable` with `Retry-After`.
    #[must_use]
    pub fn unavailable(retry_after: Duration, cause: Option<Box<dyn Error + Send + Sync>>) -> Self {
        let error = OAuthError::temporarily_unavailable("the server cannot answer right now: try again later");
        Self { retry_after: Some(retry_after), cause, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error) }
    }

    /// 429 `temporarily_unavailable` with `Retry-After`: too many failed before. One text, whoever it is.
    #[must_use]
    pub fn throttled(retry_after: Duration) -> Self {
        let error = OAuthError::temporarily_unavailable(format!(
            "too many attempts failed: try again in {} seconds",
            whole_seconds(retry_after)
        ));
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, error) }
    }

    /// RFC 6750 3: an error of a protected resource; every one carries the Bearer challenge. `scope`
    /// says what would have been enough.
    #[must_use]
    pub fn bearer(error: OAuthError, scope: Option<&str>) -> Self {
        let status = status_of(error.code());
        let challenge = Some(bearer::challenge(REALM, Some(&error), scope));
        Self { challenge, ..Self::new(status, error) }
    }

    /// RFC 6750 3.1: no token at all gets the bare challenge, without an error code.
    #[must_use]
    pub fn token_missing() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: None,
            challenge: Some(bearer::challenge(REALM, None, None)),
            retry_after: None,
            cause: None,
        }
    }

    /// The code, for the log.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.error.as_ref().map(OAuthError::code)
    }

    /// The cause and its causes, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.cause.as_deref().map(|cause| chain(cause))
    }
}

/// An error and what caused it, in one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The status of each code (RFC 6749 5.2, RFC 6750 3.1).
const fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidGrant
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::UnsupportedResponseType
        | ErrorCode::InvalidScope
        | ErrorCode::AccessDenied
        | ErrorCode::InvalidTarget
        | ErrorCode::LoginRequired
        | ErrorCode::ConsentRequired
        | ErrorCode::InteractionRequired
        | ErrorCode::RequestNotSupported
        | ErrorCode::RequestUriNotSupported
        | ErrorCode::UnmetAuthenticationRequirements
        | ErrorCode::RegistrationNotSupported => StatusCode::BAD_REQUEST,
    }
}

impl From<OAuthError> for ApiError {
    fn from(error: OAuthError) -> Self {
        let code = error.code();
        let challenge = (code == ErrorCode::InvalidClient).then(|| format!("Basic realm=\"{REALM}\""));
        Self { challenge, ..Self::new(status_of(code), error) }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::unavailable(STORE_RETRY, Some(Box::new(error)))
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Throttled { retry_after } => Self::throttled(retry_after),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<Stale> for ApiError {
    fn from(stale: Stale) -> Self {
        Self::unavailable(STORE_RETRY, Some(Box::new(stale)))
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::unavailable(STORE_RETRY, Some(Box::new(error)))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(error) => write!(f, "{error}"),
            None => write!(f, "{}", self.status),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in no_store() {
            response.insert_header(header);
        }
        if let Some(challenge) = &self.challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge.as_str()));
        }
        if let Some(retry_after) = self.retry_after {
            response.insert_header((RETRY_AFTER, whole_seconds(retry_after).to_string()));
        }
        match &self.error {
            None => response.finish(),
            Some(error) => response.json(Body { error: error.code().as_str(), error_description: error.description() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
        response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[test]
    fn an_invalid_client_is_401_with_a_basic_challenge() {
        let response = ApiError::from(OAuthError::invalid_client("no")).error_response();
        assert_eq!(response.status(), 401);
        assert_eq!(header(&response, "www-authenticate"), "Basic realm=\"vestibule\"");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "pragma"), "no-cache");
        assert_eq!(header(&response, "content-type"), "application/json");
    }

    #[test]
    fn a_bearer_error_carries_its_challenge_and_what_would_be_enough() {
        let error = ApiError::bearer(OAuthError::insufficient_scope("needs openid"), Some("openid"));
        let response = error.error_response();
        assert_eq!(response.status(), 403);
        let challenge = header(&response, "www-authenticate");
        assert!(challenge.starts_with("Bearer realm=\"vestibule\", error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.ends_with("scope=\"openid\""), "{challenge}");
        let bare = ApiError::token_missing().error_response();
        assert_eq!((bare.status().as_u16(), header(&bare, "www-authenticate")), (401, "Bearer realm=\"vestibule\""));
    }

    #[test]
    fn whoever_is_throttled_is_told_when_to_come_back() {
        let response = ApiError::throttled(Duration::from_millis(1500)).error_response();
        assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (429, "2"));
        assert_eq!(header(&response, "cache-control"), "no-store");
    }

    #[test]
    fn a_cause_is_for_the_log_only() {
        let error = ApiError::from(StoreError::new("find a grant", "postgres://user:secret@host"));
        assert_eq!(error.error_response().status(), 503);
        assert_eq!(header(&error.error_response(), "retry-after"), "2");
        assert!(!error.to_string().contains("secret"));
        assert_eq!(error.cause().unwrap(), "store: find a grant: postgres://user:secret@host");
    }
}
