//! What happens to every request, whatever its endpoint: limits, id, address, headers, one log line.
//!
//! Owns: the outermost middleware, and that a panic ends one request only. Does not own: any answer.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::HeaderValue;
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::app::App;
use crate::protocol::error::ErrorCode;
use crate::web::address::{ClientAddress, client_address};
use crate::web::client::Concerned;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::headers::harden;
use crate::web::request_id::{self, RequestId};
use crate::web::unread::Unread;

/// Bytes of a path: ours are short. A query has the configured limit, which the pages hold (`page`); the
/// other endpoints read none.
const LONGEST_PATH: usize = 8 * 1024;

/// Bytes of all header fields together: room for the cookies of other applications on localhost, and for
/// a large token.
const LONGEST_HEADERS: usize = 48 * 1024;

/// What a handler that renders its own errors adds to the log line. In the extensions of the request.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// The stable code of the error.
    pub error: Option<&'static str>,
    /// Its cause, which was shown to nobody.
    pub cause: Option<String>,
}

impl Noted {
    /// Notes an error and its cause.
    pub fn note(request: &HttpRequest, error: &'static str, cause: Option<String>) {
        request.extensions_mut().insert(Self { error: Some(error), cause });
    }
}

/// The middleware.
///
/// # Errors
/// An answer of its own after a panic; none otherwise.
pub async fn serve(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = now();
    let app = Current::take(&request)?;
    let unread = Unread::watch(&mut request);
    let id = identify(&request, &app);
    let method = request.method().clone();
    let https = app.issuer().is_https();
    let span = tracing::info_span!("request", request_id = %id);
    let answered = if let Some(status) = too_long(&request) {
        Ok(Ok(request.into_response(HttpResponse::new(status))))
    } else {
        survive(next.call(request))
            .instrument(span)
            .await
            .map(|result| result.map(ServiceResponse::map_into_boxed_body))
    };
    match answered {
        Ok(Ok(mut response)) => {
            dress(response.response_mut(), &id, https);
            if app.shutdown.has_begun() {
                // Whoever keeps connections takes another next time, before this one is closed under it.
                response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            Line::of(&response).write(&id, method.as_str(), started);
            Ok(unread.until_sent(response))
        }
        Ok(Err(error)) => {
            let mut response = error.error_response();
            dress(&mut response, &id, https);
            tracing::error!(request_id = %id, %method, status = response.status().as_u16(), "request failed outside its handler");
            Err(InternalError::from_response(error, response).into())
        }
        Err(Panicked) => {
            let mut response = ApiError::internal("panic").error_response();
            dress(&mut response, &id, https);
            tracing::error!(request_id = %id, %method, status = 500, "a handler panicked");
            Err(InternalError::from_response("a handler panicked", response).into())
        }
    }
}

/// The refusal of a request whose head is too long, before anything looks at it.
fn too_long(request: &ServiceRequest) -> Option<StatusCode> {
    if request.path().len() > LONGEST_PATH {
        return Some(StatusCode::URI_TOO_LONG);
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers > LONGEST_HEADERS).then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
}

/// Gives the request its id and address.
fn identify(request: &ServiceRequest, app: &App) -> RequestId {
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let forwarded: Vec<&str> = forwarded.collect();
    let peer = request.peer_addr().map(|peer| peer.ip());
    let address = client_address(peer, &forwarded, &app.config.proxies.trusted);
    let presented = request.headers().get(request_id::HEADER).map(HeaderValue::as_bytes);
    let id = RequestId::choose(presented, address.by_trusted_proxy, app.fresh_uuid());
    let mut extensions = request.extensions_mut();
    extensions.insert(address);
    extensions.insert(id.clone());
    id
}

struct Panicked;

/// A panic is a fault of ours that costs one answer: the worker and its other requests go on.
async fn survive<F: Future>(service: F) -> Result<F::Output, Panicked> {
    AssertUnwindSafe(service).catch_unwind().await.map_err(|_| Panicked)
}

fn dress(response: &mut HttpResponse<impl MessageBody>, id: &RequestId, https: bool) {
    let headers = response.headers_mut();
    harden(headers, https);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(request_id::HEADER, value);
    }
}

/// The log line of one request: the path as its template, never as sent, and no query.
struct Line {
    path: Option<String>,
    status: u16,
    client_id: Option<String>,
    address: Option<String>,
    error: Option<&'static str>,
    cause: Option<String>,
}

impl Line {
    fn of(response: &ServiceResponse<BoxBody>) -> Self {
        let request = response.request();
        let extensions = request.extensions();
        let noted = extensions.get::<Noted>().cloned().unwrap_or_default();
        let api = response.response().error().and_then(|error| error.as_error::<ApiError>());
        Self {
            path: request.match_pattern(),
            status: response.status().as_u16(),
            client_id: extensions.get::<Concerned>().map(|concerned| concerned.0.client_id.to_string()),
            address: extensions.get::<ClientAddress>().and_then(|client| client.address).map(|ip| ip.to_string()),
            error: api.and_then(ApiError::code).map(ErrorCode::as_str).or(noted.error),
            cause: api.and_then(ApiError::cause).or(noted.cause),
        }
    }

    fn write(&self, id: &RequestId, method: &str, started: Instant) {
        let path = self.path.as_deref().unwrap_or("(none)");
        let duration_ms = u64::try_from(took(started).as_millis()).unwrap_or(u64::MAX);
        let Self { status, client_id, address, error, cause, .. } = self;
        let (client_id, address, cause) = (client_id.as_deref(), address.as_deref(), cause.as_deref());
        if *status >= 500 && !is_probe(path) {
            tracing::error!(request_id = %id, method, path, status, duration_ms, address, client_id, error, cause, "request");
        } else if is_probe(path) {
            tracing::debug!(request_id = %id, method, path, status, duration_ms, address, "request");
        } else {
            tracing::info!(request_id = %id, method, path, status, duration_ms, address, client_id, error, cause, "request");
        }
    }
}

/// Health checks come every second or so and would drown the rest.
fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

#[expect(clippy::disallowed_methods, reason = "a span that is only logged")]
fn now() -> Instant {
    Instant::now()
}

fn took(started: Instant) -> Duration {
    started.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_panic_costs_one_answer() {
        assert!(survive(async { panic!("on purpose") }).await.is_err());
        assert!(matches!(survive(async { 7 }).await, Ok(7)));
    }

    #[test]
    fn probes_are_quiet() {
        assert!(is_probe("/livez") && is_probe("/readyz") && !is_probe("/token"));
    }
}
