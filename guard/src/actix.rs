//! actix-web: a verified token as an argument of a handler.
//!
//! Owns: finding the guard and the token of a request, and the answer to who is not let in. Does not own: any decision
//! (`guard`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};

use crate::bearer;
use crate::guard::Guard;
use crate::refusal::Refusal;
use crate::scope::{RequiredScope, Token};

/// Why a request is not let in, as actix-web answers it.
#[derive(Debug, Clone)]
pub struct Denied {
    refusal: Refusal,
    realm: Arc<str>,
}

impl Denied {
    /// The reason.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl std::error::Error for Denied {}

impl ResponseError for Denied {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED)
    }

    /// RFC 6750 3; the body says the same as the header.
    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(challenge) = self.refusal.www_authenticate(&self.realm) {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = self.refusal.retry_after() {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        match self.refusal.code() {
            Some(code) => {
                answer.json(serde_json::json!({ "error": code, "error_description": self.refusal.to_string() }))
            }
            None => answer.finish(),
        }
    }
}

/// The application needs a [`Guard`] in its `app_data`, bare or as `web::Data`.
impl<S: RequiredScope> FromRequest for Token<S> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guard = request.app_data::<Guard>().or_else(|| request.app_data::<web::Data<Guard>>().map(|data| &***data));
        let Some(guard) = guard.cloned() else {
            tracing::error!("no Guard in app_data: nobody is let in");
            let error = actix_web::error::ErrorInternalServerError("this API is not set up");
            return Box::pin(async { Err(error) });
        };
        let headers = request.headers().get_all(AUTHORIZATION).map(actix_web::http::header::HeaderValue::as_bytes);
        let raw = bearer::read(headers, request.uri().query()).map(str::to_owned);
        Box::pin(async move {
            let authorized = match raw {
                Ok(raw) => guard.authorize::<S>(&raw).await,
                Err(refusal) => Err(refusal),
            };
            authorized.map_err(|refusal| Denied { refusal, realm: Arc::clone(guard.realm()) }.into())
        })
    }
}
