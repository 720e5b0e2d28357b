//! Our cookies: their names, attributes and how they are read.
//!
//! Owns: the cookie rules (`__Host-` on https; HttpOnly, SameSite=Lax, Path=/, no Domain). Does not
//! own: what the tokens in them open (`browser`, `session`, `device`).

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::{COOKIE, HeaderMap};

use crate::protocol::ids::ProviderId;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::OpaqueToken;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Names the browser; transactions and form tokens are bound to it.
    Browser,
    /// Names the session of a signed-in person.
    Session,
    /// Names a browser in which somebody signed in before: it is kept when the browser is closed.
    Device,
    /// Carries the id of the external provider that was used last in this browser.
    Provider,
    /// Carries nothing: this browser was just sent to the issuer's host.
    Moved,
}

impl Kind {
    /// The name: `__Host-` wherever the browser can hold us to it (RFC 6265bis 4.1.3.2), which is https.
    #[must_use]
    pub fn name(self, issuer: &Issuer) -> &'static str {
        match (self, issuer.is_https()) {
            (Self::Browser, true) => "__Host-vestibule-browser",
            (Self::Browser, false) => "vestibule-browser",
            (Self::Session, true) => "__Host-vestibule-session",
            (Self::Session, false) => "vestibule-session",
            (Self::Device, true) => "__Host-vestibule-device",
            (Self::Device, false) => "vestibule-device",
            (Self::Provider, true) => "__Host-vestibule-provider",
            (Self::Provider, false) => "vestibule-provider",
            (Self::Moved, true) => "__Host-vestibule-moved",
            (Self::Moved, false) => "vestibule-moved",
        }
    }
}

/// The token in a cookie of the request; anything that cannot be one of ours counts as absent.
///
/// It reads the header itself: on localhost the cookies of other applications come along, and one
/// that a strict parser refuses must not hide ours.
#[must_use]
pub fn read(headers: &HeaderMap, kind: Kind, issuer: &Issuer) -> Option<OpaqueToken> {
    values(headers, kind, issuer).find_map(|value| OpaqueToken::parse(std::str::from_utf8(value).ok()?))
}

/// Every value that the request carries under the cookie's name.
fn values<'h>(headers: &'h HeaderMap, kind: Kind, issuer: &Issuer) -> impl Iterator<Item = &'h [u8]> {
    let name = kind.name(issuer).as_bytes();
    headers
        .get_all(COOKIE)
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"="))
}

/// A cookie that carries a token until the browser is closed.
#[must_use]
pub fn set(kind: Kind, token: &OpaqueToken, issuer: &Issuer) -> Cookie<'static> {
    build(kind, token.expose().to_owned(), issuer)
}

/// A cookie that carries a token for that long, however often the browser is closed.
#[must_use]
pub fn keep(kind: Kind, token: &OpaqueToken, life: std::time::Duration, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = set(kind, token, issuer);
    cookie.set_max_age(Duration::seconds(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)));
    cookie
}

/// How long the provider that was used last is remembered: half a year.
const LAST_PROVIDER: Duration = Duration::days(180);

/// Remembers the provider that was used last.
#[must_use]
pub fn remember_provider(id: &ProviderId, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = build(Kind::Provider, id.as_str().to_owned(), issuer);
    cookie.set_max_age(LAST_PROVIDER);
    cookie
}

/// The provider that was used last in the browser of a request, by [`remember_provider`]: a preference, good for an
/// order and nothing else.
#[must_use]
pub fn last_provider(headers: &HeaderMap, issuer: &Issuer) -> Option<ProviderId> {
    values(headers, Kind::Provider, issuer).find_map(|value| ProviderId::parse(std::str::from_utf8(value).ok()?))
}

/// Remembers for a moment that this browser was sent to the issuer's host.
#[must_use]
pub fn moved(issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = build(Kind::Moved, "1".to_owned(), issuer);
    cookie.set_max_age(Duration::seconds(10));
    cookie
}

/// Whether this browser was sent to the issuer's host a moment ago, by [`moved`].
#[must_use]
pub fn was_moved(headers: &HeaderMap, issuer: &Issuer) -> bool {
    values(headers, Kind::Moved, issuer).next().is_some()
}

/// A cookie that removes itself.
#[must_use]
pub fn clear(kind: Kind, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = build(kind, String::new(), issuer);
    cookie.set_max_age(Duration::ZERO);
    cookie
}

fn build(kind: Kind, value: String, issuer: &Issuer) -> Cookie<'static> {
    Cookie::build(kind.name(issuer), value)
        .path("/")
        .http_only(true)
        .secure(issuer.is_https())
        .same_site(SameSite::Lax)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::system_rng;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    fn headers(cookie: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, actix_web::http::header::HeaderValue::from_bytes(cookie).unwrap());
        headers
    }

    #[test]
    fn on_https_cookies_are_host_bound_and_secure() {
        let issuer = issuer("https://id.example.com");
        let text = set(Kind::Session, &OpaqueToken::generate(&mut system_rng()), &issuer).to_string();
        assert!(text.starts_with("__Host-vestibule-session="), "{text}");
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(text.contains(attribute), "{text}");
        }
        assert!(!text.contains("Domain") && !text.contains("Max-Age") && !text.contains("Expires"), "{text}");
    }

    #[test]
    fn on_the_loopback_of_dev_there_is_no_prefix_and_no_secure() {
        let issuer = issuer("http://localhost:9400");
        let text = set(Kind::Browser, &OpaqueToken::generate(&mut system_rng()), &issuer).to_string();
        assert!(text.starts_with("vestibule-browser=") && !text.contains("Secure"), "{text}");
        assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax"), "{text}");
    }

    #[test]
    fn clearing_expires_the_same_cookie() {
        let issuer = issuer("https://id.example.com");
        let text = clear(Kind::Session, &issuer).to_string();
        assert!(text.starts_with("__Host-vestibule-session=;") && text.contains("Max-Age=0"), "{text}");
    }

    #[test]
    fn odd_cookies_of_other_applications_do_not_hide_ours() {
        let issuer = issuer("http://localhost:9400");
        let token = OpaqueToken::generate(&mut system_rng());
        let mut cookie =
            b"novalue; a=%ff\xe9; xvestibule-browser=1; vestibule-browser=short; vestibule-browser=".to_vec();
        cookie.extend_from_slice(token.expose().as_bytes());
        let read = read(&headers(&cookie), Kind::Browser, &issuer).unwrap();
        assert_eq!(read.expose(), token.expose());
    }

    #[test]
    fn a_cookie_of_another_shape_counts_as_absent() {
        let issuer = issuer("http://localhost:9400");
        assert!(read(&headers(b"vestibule-session=../../etc"), Kind::Session, &issuer).is_none());
        assert!(read(&HeaderMap::new(), Kind::Session, &issuer).is_none());
    }
}
