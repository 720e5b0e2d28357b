//! Forms are only taken from our own pages: what the browser says of where a post comes from, and a
//! token that only our page in this browser can contain.
//!
//! Owns: both checks. Does not own: the browser's secret (`browser`).

use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};

use crate::protocol::ids::UserId;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::params::Params;
use crate::web::page_error::PageError;

/// The hidden field that carries the token.
pub const FIELD: &str = "csrf";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// One form of ours, in one transaction, shown to one person: a token for one is none for another.
#[derive(Debug, Clone, Copy)]
pub struct FormOf<'a> {
    /// Its name.
    pub form: &'static str,
    /// The transaction whose page it is on.
    pub transaction: Option<&'a OpaqueToken>,
    /// The person who is signed in, where the form acts for them.
    pub user: Option<UserId>,
}

impl FormOf<'_> {
    /// The token for the hidden field.
    #[must_use]
    pub fn token(&self, browser: &OpaqueToken) -> String {
        browser.derive(&self.purpose())
    }

    /// Holds a post against this form, in constant time.
    ///
    /// # Errors
    /// 403 when the token is missing or another's.
    pub fn check(&self, browser: &OpaqueToken, posted: &Params) -> Result<(), PageError> {
        self.check_token(browser, posted.get(FIELD).unwrap_or_default())
    }

    /// Holds a token against this form, in constant time.
    ///
    /// # Errors
    /// As [`FormOf::check`].
    pub fn check_token(&self, browser: &OpaqueToken, presented: &str) -> Result<(), PageError> {
        if browser.derived(&self.purpose(), presented) { Ok(()) } else { Err(PageError::foreign_form()) }
    }

    fn purpose(&self) -> String {
        let transaction = self.transaction.map(OpaqueToken::expose).unwrap_or_default();
        let user = self.user.map(|user| user.to_string()).unwrap_or_default();
        format!("csrf:{}:{transaction}:{user}", self.form)
    }
}

/// Refuses a post that the browser itself says comes from elsewhere. `Origin: null` is what our own
/// no-referrer pages send: it neither passes nor fails here, and the token decides.
///
/// # Errors
/// 403 for `Sec-Fetch-Site` other than `same-origin` and `none`, or a foreign `Origin`.
pub fn check_site(headers: &HeaderMap, issuer: &Issuer) -> Result<(), PageError> {
    let near = |value: &[u8]| matches!(value, b"same-origin" | b"none");
    let ours = |value: &[u8]| value == b"null" || value == issuer.origin().as_bytes();
    let site = headers.get_all(SEC_FETCH_SITE).all(|value| near(value.as_bytes()));
    let origin = headers.get_all(ORIGIN).all(|value| ours(value.as_bytes()));
    if site && origin { Ok(()) } else { Err(PageError::cross_site()) }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::clock::system_rng;

    fn form<'a>(name: &'static str, transaction: Option<&'a OpaqueToken>, user: Option<UserId>) -> FormOf<'a> {
        FormOf { form: name, transaction, user }
    }

    fn posted(token: &str) -> Params {
        Params::parse(format!("csrf={token}").as_bytes()).unwrap()
    }

    #[test]
    fn a_token_passes_for_its_own_form_browser_transaction_and_person_only() {
        let [browser, other, transaction] = [0; 3].map(|_| OpaqueToken::generate(&mut system_rng()));
        let user = UserId(uuid::Uuid::from_u128(7));
        let own = form("consent", Some(&transaction), Some(user));
        let token = posted(&own.token(&browser));
        assert!(own.check(&browser, &token).is_ok());
        assert!(own.check(&other, &token).is_err());
        assert!(form("login", Some(&transaction), Some(user)).check(&browser, &token).is_err());
        assert!(form("consent", Some(&other), Some(user)).check(&browser, &token).is_err());
        assert!(form("consent", None, Some(user)).check(&browser, &token).is_err());
        let somebody_else = UserId(uuid::Uuid::from_u128(8));
        assert!(form("consent", Some(&transaction), Some(somebody_else)).check(&browser, &token).is_err());
    }

    #[test]
    fn no_token_an_empty_one_and_the_browsers_own_secret_are_refused() {
        let browser = OpaqueToken::generate(&mut system_rng());
        let login = form("login", None, None);
        for body in ["", "csrf=", "csrf=x", &format!("csrf={}", browser.expose())] {
            assert!(login.check(&browser, &Params::parse(body.as_bytes()).unwrap()).is_err(), "{body}");
        }
    }

    #[test]
    fn where_a_post_comes_from_is_believed_only_when_it_is_ours() {
        let issuer = Issuer::parse("https://id.example.com/tenant").unwrap();
        let check = |pairs: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name.clone(), HeaderValue::from_static(value));
            }
            check_site(&headers, &issuer).is_ok()
        };
        assert!(check(&[]));
        assert!(check(&[(SEC_FETCH_SITE, "same-origin"), (ORIGIN, "https://id.example.com")]));
        assert!(check(&[(SEC_FETCH_SITE, "none"), (ORIGIN, "null")]));
        assert!(!check(&[(SEC_FETCH_SITE, "same-site")]));
        assert!(!check(&[(SEC_FETCH_SITE, "cross-site"), (ORIGIN, "null")]));
        assert!(!check(&[(SEC_FETCH_SITE, "same-origin"), (SEC_FETCH_SITE, "cross-site")]));
        assert!(!check(&[(ORIGIN, "https://id.example.com.evil.test")]));
        assert!(!check(&[(ORIGIN, "https://id.example.com/tenant")]));
        assert!(!check(&[(ORIGIN, "http://id.example.com")]));
    }
}
