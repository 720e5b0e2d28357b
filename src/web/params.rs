//! The parameters of a request, read off the wire within limits.
//!
//! Owns: media type, size and time limits of a form body. Does not own: decoding (`protocol/params`).

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use futures_util::StreamExt as _;

use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::web::error::ApiError;

/// How long a client may take to send a form.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a form could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// Not `application/x-www-form-urlencoded`.
    #[error("the body must be application/x-www-form-urlencoded")]
    ContentType,
    /// Longer than the limit, in bytes.
    #[error("the body is longer than {0} bytes")]
    TooLarge(usize),
    /// Not sent in time.
    #[error("the body was not sent in time")]
    TooSlow,
    /// The connection broke or the framing is wrong.
    #[error("the body could not be read")]
    Broken,
    /// Its parameters are malformed.
    #[error(transparent)]
    Malformed(#[from] OAuthError),
}

impl From<FormError> for ApiError {
    fn from(error: FormError) -> Self {
        let status = match &error {
            FormError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            FormError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            FormError::ContentType | FormError::Broken | FormError::Malformed(_) => StatusCode::BAD_REQUEST,
        };
        match error {
            FormError::Malformed(error) => Self::from(error),
            other => Self::from(OAuthError::invalid_request(other.to_string())).with_status(status),
        }
    }
}

/// The parameters of the query.
///
/// # Errors
/// As [`Params::parse`].
pub fn query(request: &HttpRequest) -> Result<Params, OAuthError> {
    Params::parse(request.query_string().as_bytes())
}

/// Whether the body is said to be a form.
#[must_use]
pub fn is_form(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Reads a form body of at most `limit` bytes. A longer one is refused as soon as it is known to be.
///
/// # Errors
/// [`FormError`].
pub async fn read_form(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Params, FormError> {
    if !is_form(request) {
        return Err(FormError::ContentType);
    }
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limit) {
        return Err(FormError::TooLarge(limit));
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, collect(payload, limit)).await.map_err(|_| FormError::TooSlow)??;
    Ok(Params::parse(&body)?)
}

/// As [`read_form`], where nothing may stand in the query: what stands in a URL is kept in logs.
///
/// # Errors
/// [`FormError`].
pub async fn read_form_alone(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Params, FormError> {
    if !request.query_string().is_empty() {
        return Err(OAuthError::invalid_request("parameters belong in the form body, not in the query").into());
    }
    read_form(request, payload, limit).await
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Vec<u8>, FormError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| FormError::Broken)?;
        if body.len() + chunk.len() > limit {
            return Err(FormError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;

    use super::*;

    async fn read(content_type: &'static str, body: &'static [u8]) -> Result<Params, FormError> {
        let (request, payload) = TestRequest::post()
            .insert_header((CONTENT_TYPE, content_type))
            .set_payload(Bytes::from_static(body))
            .to_http_parts();
        read_form(&request, payload, 16).await
    }

    #[actix_web::test]
    async fn a_form_is_read_whatever_its_charset_parameter() {
        for content_type in [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "Application/X-WWW-Form-Urlencoded",
        ] {
            assert_eq!(read(content_type, b"a=1&b=2").await.unwrap().get("b"), Some("2"));
        }
    }

    #[actix_web::test]
    async fn other_media_types_and_long_bodies_are_refused() {
        assert!(matches!(read("application/json", b"{}").await, Err(FormError::ContentType)));
        assert!(matches!(read("multipart/form-data; boundary=x", b"").await, Err(FormError::ContentType)));
        let long = b"a=12345678901234567890";
        assert!(matches!(read("application/x-www-form-urlencoded", long).await, Err(FormError::TooLarge(16))));
        assert!(matches!(read("application/x-www-form-urlencoded", b"a=%zz").await, Err(FormError::Malformed(_))));
    }

    #[test]
    fn a_long_body_is_413_and_still_an_oauth_error() {
        let error = ApiError::from(FormError::TooLarge(16));
        assert_eq!(actix_web::ResponseError::status_code(&error), 413);
        assert_eq!(error.code().unwrap().as_str(), "invalid_request");
    }
}
