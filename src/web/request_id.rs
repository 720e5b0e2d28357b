//! The name of one request: in the log line, in the answer, on error pages.
//!
//! Owns: its shape and who may choose it. Does not own: the log line (`edge`).

use std::fmt;

use actix_web::http::header::HeaderName;
use actix_web::{HttpMessage as _, HttpRequest};
use uuid::Uuid;

/// `x-request-id`, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A request id: 1 to 128 characters of `[A-Za-z0-9_.-]`. In the extensions of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id that a trusted proxy gave the request, or the fresh one. Nobody else chooses: an id that
    /// a client could repeat would make the log useless as evidence.
    #[must_use]
    pub fn choose(presented: Option<&[u8]>, by_trusted_proxy: bool, fresh: Uuid) -> Self {
        let presented = presented.filter(|_| by_trusted_proxy).and_then(Self::parse);
        presented.unwrap_or_else(|| Self(fresh.to_string()))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let text = std::str::from_utf8(text).ok()?;
        ((1..=128).contains(&text.len()) && text.as_bytes().iter().all(fits)).then(|| Self(text.to_owned()))
    }

    /// The id of a request; empty only for a request that did not come through `edge`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self(String::new()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(presented: Option<&[u8]>, trusted: bool) -> String {
        RequestId::choose(presented, trusted, Uuid::nil()).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_chooses_the_id() {
        assert_eq!(choose(Some(b"trace-1"), true), "trace-1");
        assert_ne!(choose(Some(b"trace-1"), false), "trace-1");
        assert_eq!(choose(None, true).len(), 36);
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        let long = [b'a'; 129];
        for bad in [&b""[..], b"a b", b"a\nb", b"a\"b", "ü".as_bytes(), &[0xff], &long] {
            assert_eq!(choose(Some(bad), true).len(), 36, "{bad:?}");
        }
    }
}
