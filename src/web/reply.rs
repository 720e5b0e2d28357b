//! Answers of protocol endpoints that are no errors, and the routes that every resource needs.
//!
//! Owns: JSON that nobody keeps, documents that everybody may keep, 405. Does not own: errors (`error`).

use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Route, guard, web};
use serde::Serialize;

use crate::protocol::opaque::TokenHash;
use crate::web::headers::no_store;

/// How long a document may be kept, in seconds: short, so that new keys and clients are seen soon.
const DOCUMENT_MAX_AGE: &str = "public, max-age=300";

/// 200 with JSON that nobody may keep (RFC 6749 5.1).
#[must_use]
pub fn json(body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for header in no_store() {
        response.insert_header(header);
    }
    response.json(body)
}

/// A route for GET and HEAD.
#[must_use]
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// What a resource answers to every other method: 405 with `Allow` (RFC 9110 15.5.6).
#[must_use]
pub fn method_not_allowed(allow: &'static str) -> Route {
    web::to(move || async move { HttpResponse::MethodNotAllowed().insert_header((ALLOW, allow)).finish() })
}

/// A public JSON document, made once: its bytes and their strong `ETag`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    body: Bytes,
    etag: String,
}

impl Document {
    /// From its text.
    #[must_use]
    pub fn new(json: String) -> Self {
        let etag = format!("\"{}\"", TokenHash::of(json.as_bytes()).to_key());
        Self { body: Bytes::from(json), etag }
    }

    /// 200 with the document, or 304 when the client has it (RFC 9110 13.1.2).
    #[must_use]
    pub fn reply(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = if self.is_known(request) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, self.etag.as_str())).insert_header((CACHE_CONTROL, DOCUMENT_MAX_AGE));
        if self.is_known(request) {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, "application/json")).body(self.body.clone())
    }

    fn is_known(&self, request: &HttpRequest) -> bool {
        let tags = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
        tags.flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_document_that_the_client_has_is_304() {
        let document = Document::new("{}".to_owned());
        let ask = |tag: &str| {
            let request = TestRequest::get().insert_header((IF_NONE_MATCH, tag)).to_http_request();
            document.reply(&request).status().as_u16()
        };
        assert_eq!(ask(&document.etag), 304);
        assert_eq!(ask(&format!("W/{}", document.etag)), 304);
        assert_eq!(ask(&format!("\"other\", {}", document.etag)), 304);
        assert_eq!(ask("*"), 304);
        assert_eq!(ask("\"other\""), 200);
        let fresh = document.reply(&TestRequest::get().to_http_request());
        assert_eq!(fresh.headers().get(CACHE_CONTROL).unwrap(), DOCUMENT_MAX_AGE);
        assert_eq!(fresh.headers().get(CONTENT_TYPE).unwrap(), "application/json");
    }
}
