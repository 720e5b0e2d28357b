//! Answers of protocol endpoints that are no errors, and the routes that every resource needs.
//!
//! Owns: JSON that nobody keeps, documents that everybody may keep, 405. Does not own: errors (`error`).

use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, Route, guard, web};
use serde::Serialize;

use crate::app::Document;
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

/// 200 with the document, or 304 when the client has it (RFC 9110 13.1.2).
#[must_use]
pub fn document(document: &Document, request: &HttpRequest) -> HttpResponse {
    let known = is_known(document, request);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, document.etag.as_str())).insert_header((CACHE_CONTROL, DOCUMENT_MAX_AGE));
    if known {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, "application/json")).body(document.body.clone())
}

fn is_known(document: &Document, request: &HttpRequest) -> bool {
    let tags = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == document.etag)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_document_that_the_client_has_is_304() {
        let known = Document::new("{}".to_owned());
        let ask = |tag: &str| {
            let request = TestRequest::get().insert_header((IF_NONE_MATCH, tag)).to_http_request();
            document(&known, &request).status().as_u16()
        };
        assert_eq!(ask(&known.etag), 304);
        assert_eq!(ask(&format!("W/{}", known.etag)), 304);
        assert_eq!(ask(&format!("\"other\", {}", known.etag)), 304);
        assert_eq!(ask("*"), 304);
        assert_eq!(ask("\"other\""), 200);
        let fresh = document(&known, &TestRequest::get().to_http_request());
        assert_eq!(fresh.headers().get(CACHE_CONTROL).unwrap(), DOCUMENT_MAX_AGE);
        assert_eq!(fresh.headers().get(CONTENT_TYPE).unwrap(), "application/json");
    }
}
