//! Headers that every answer carries unless its handler said otherwise.
//!
//! Owns: the strict defaults. Does not own: what a page adds (its own CSP), CORS (`cors`).

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, PRAGMA, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// The realm of every challenge.
pub const REALM: &str = "vestibule";

/// The policy of an answer that is not a page: nothing of it may run or be framed.
const CLOSED: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds what is not there yet. `https` says whether the issuer is https: only then is the browser told
/// to stay with it.
pub fn harden(headers: &mut HeaderMap, https: bool) {
    let mut add = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    add(CACHE_CONTROL, "no-store");
    add(X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(REFERRER_POLICY, "no-referrer");
    add(X_FRAME_OPTIONS, "DENY");
    add(CONTENT_SECURITY_POLICY, CLOSED);
    if https {
        add(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// RFC 6749 5.1: a token response is kept by nobody; `Pragma` is for caches of HTTP/1.0.
#[must_use]
pub fn no_store() -> [(HeaderName, HeaderValue); 2] {
    [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (PRAGMA, HeaderValue::from_static("no-cache"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_handler_set_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        harden(&mut headers, false);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "public, max-age=300");
        assert_eq!(headers.get(X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
