//! A page opened under another name than the issuer's.
//!
//! Owns: whether a request names the issuer's host, and where it should have gone. Does not own: any
//! URL of ours (`urls`); the Host header never makes one.

use actix_web::http::header::{HOST, HeaderMap, HeaderName};
use actix_web::http::{Method, Uri};

use crate::protocol::issuer::Issuer;
use crate::web::cookies;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What to do with a request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Under the issuer's host.
    Here,
    /// Under another, and it can be opened again at this URL under the issuer.
    GoTo(String),
    /// A form was posted under another host: its cookies and token belong elsewhere. Or the browser was
    /// just sent to the issuer's host and its request still arrives under another one: a proxy rewrites
    /// Host, and one more redirect would come back the same way.
    Refuse,
}

/// Decides. Cookies and form tokens belong to one host, so that a page under another name
/// (`127.0.0.1` for `localhost`) would fail at its first form.
///
/// A trusted proxy may rewrite Host: what it forwards is believed, and without that nothing is known
/// and nothing redirected, since a redirect would come back the same way for ever. Proxies in a row each
/// add a name, so that one of them being the issuer's is enough.
#[must_use]
pub fn opened(headers: &HeaderMap, method: &Method, uri: &Uri, by_trusted_proxy: bool, issuer: &Issuer) -> Opened {
    let header = if by_trusted_proxy { X_FORWARDED_HOST } else { HOST };
    let mut names = headers.get_all(header).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let Some(first) = names.next() else { return Opened::Here };
    if std::iter::once(first).chain(names).any(|name| is_issuers(name.trim(), issuer)) {
        return Opened::Here;
    }
    if (method == Method::GET || method == Method::HEAD) && !cookies::was_moved(headers, issuer) {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        return Opened::GoTo(format!("{}{path}", issuer.origin()));
    }
    Opened::Refuse
}

fn is_issuers(name: &str, issuer: &Issuer) -> bool {
    let (authority, default_port) = match issuer.origin().split_once("://") {
        Some(("https", authority)) => (authority, ":443"),
        Some((_, authority)) => (authority, ":80"),
        None => return false,
    };
    name.eq_ignore_ascii_case(authority)
        || name.strip_suffix(default_port).is_some_and(|name| name.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{COOKIE, HeaderValue};

    use super::*;

    fn decide(method: &Method, pairs: &[(HeaderName, &'static str)], by_trusted_proxy: bool) -> Opened {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        let issuer = Issuer::parse("http://localhost:9400").unwrap();
        let uri = Uri::from_static("/login?id=abc");
        opened(&headers, method, &uri, by_trusted_proxy, &issuer)
    }

    #[test]
    fn the_issuers_host_is_here_in_any_case() {
        assert_eq!(decide(&Method::GET, &[(HOST, "localhost:9400")], false), Opened::Here);
        assert_eq!(decide(&Method::POST, &[(HOST, "LocalHost:9400")], false), Opened::Here);
        assert_eq!(decide(&Method::GET, &[], false), Opened::Here);
        let https = Issuer::parse("https://id.example.com").unwrap();
        assert!(is_issuers("id.example.com", &https) && is_issuers("id.example.com:443", &https));
        assert!(!is_issuers("id.example.com:80", &https));
    }

    #[test]
    fn another_host_is_sent_to_the_same_path_under_the_issuer() {
        let there = Opened::GoTo("http://localhost:9400/login?id=abc".to_owned());
        assert_eq!(decide(&Method::GET, &[(HOST, "127.0.0.1:9400")], false), there);
        assert_eq!(decide(&Method::GET, &[(HOST, "evil.test")], false), there);
    }

    #[test]
    fn a_post_under_another_host_is_refused() {
        assert_eq!(decide(&Method::POST, &[(HOST, "127.0.0.1:9400")], false), Opened::Refuse);
    }

    #[test]
    fn a_browser_that_was_sent_here_a_moment_ago_is_not_sent_round_in_circles() {
        let rewritten = [(HOST, "backend:1"), (COOKIE, "other=x; vestibule-moved=1")];
        assert_eq!(decide(&Method::GET, &rewritten, false), Opened::Refuse);
    }

    #[test]
    fn only_a_trusted_proxy_may_say_another_host() {
        let forwarded = [(HOST, "backend:1"), (X_FORWARDED_HOST, "localhost:9400")];
        assert_eq!(decide(&Method::GET, &forwarded, true), Opened::Here);
        assert_ne!(decide(&Method::GET, &forwarded, false), Opened::Here);
        assert_eq!(decide(&Method::GET, &[(HOST, "backend:1")], true), Opened::Here);
    }

    #[test]
    fn behind_proxies_in_a_row_one_of_the_names_is_the_issuers() {
        for names in ["localhost:9400, inner:1", "outer.test,localhost:9400", " localhost:9400 "] {
            assert_eq!(decide(&Method::GET, &[(X_FORWARDED_HOST, names)], true), Opened::Here, "{names}");
        }
        let lines = [(X_FORWARDED_HOST, "outer.test"), (X_FORWARDED_HOST, "localhost:9400")];
        assert_eq!(decide(&Method::POST, &lines, true), Opened::Here);
        assert_ne!(decide(&Method::GET, &[(X_FORWARDED_HOST, "outer.test, inner:1")], true), Opened::Here);
    }
}
