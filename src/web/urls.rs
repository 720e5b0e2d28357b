//! Every URL of ours, made in one place from the issuer; the Host header is never read for it.
//!
//! Owns: paths and their parameters. Does not own: which handler answers (`routes`).

use crate::protocol::ids::ProviderId;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::OpaqueToken;

/// Path segments under the issuer.
pub mod path {
    use crate::protocol::ids::ProviderId;

    /// The home page.
    pub const HOME: &str = "/";
    /// Static files.
    pub const ASSETS: &str = "/assets";
    /// Authorization endpoint.
    pub const AUTHORIZE: &str = "/authorize";
    /// The dispatcher.
    pub const RESUME: &str = "/authorize/resume";
    /// Token endpoint.
    pub const TOKEN: &str = "/token";
    /// Userinfo endpoint.
    pub const USERINFO: &str = "/userinfo";
    /// Introspection endpoint (RFC 7662).
    pub const INTROSPECT: &str = "/introspect";
    /// Revocation endpoint (RFC 7009).
    pub const REVOKE: &str = "/revoke";
    /// JWK Set.
    pub const JWKS: &str = "/jwks";
    /// Sign-in page.
    pub const LOGIN: &str = "/login";
    /// Where the way to an external provider begins.
    #[must_use]
    pub fn provider(id: &ProviderId) -> String {
        format!("{LOGIN}/{id}")
    }

    /// Where a provider sends people back to.
    #[must_use]
    pub fn callback(id: &ProviderId) -> String {
        format!("{LOGIN}/{id}/callback")
    }

    /// Where a provider says that somebody signed out there.
    #[must_use]
    pub fn backchannel_logout(id: &str) -> String {
        format!("{LOGIN}/{id}/backchannel-logout")
    }

    /// The page that asks for the proof of an account.
    pub const JOIN: &str = "/join";
    /// The account page.
    pub const ACCOUNT: &str = "/account";
    /// Consent page.
    pub const CONSENT: &str = "/consent";
    /// Set-your-password page.
    pub const PASSWORD: &str = "/password";
    /// Sign-out page: the end-session endpoint.
    pub const LOGOUT: &str = "/logout";
    /// Where our own forms sign out.
    pub const LOGOUT_CONFIRM: &str = "/logout/confirm";
}

/// The absolute URL of a path.
#[must_use]
pub fn absolute(issuer: &Issuer, path: &str) -> String {
    format!("{issuer}{path}")
}

/// The path as a browser sees it: the issuer's own path and then this one.
#[must_use]
pub fn local(issuer: &Issuer, path: &str) -> String {
    format!("{}{path}", issuer.path())
}

/// A page with parameters.
#[must_use]
pub fn with_query(issuer: &Issuer, path: &str, parameters: &[(&str, &str)]) -> String {
    let page = local(issuer, path);
    if parameters.is_empty() {
        return page;
    }
    format!("{page}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish())
}

/// Where a browser leaves for an external provider.
#[must_use]
pub fn provider(issuer: &Issuer, id: &ProviderId, parameters: &[(&str, &str)]) -> String {
    with_query(issuer, &path::provider(id), parameters)
}

/// The redirect URI that is registered at a provider.
#[must_use]
pub fn callback(issuer: &Issuer, id: &ProviderId) -> String {
    absolute(issuer, &path::callback(id))
}

/// The sign-in page that leads to the account page, also for somebody who is signed in.
#[must_use]
pub fn sign_in_for_account(issuer: &Issuer) -> String {
    with_query(issuer, path::LOGIN, &[("next", "account")])
}

/// A page of a transaction.
#[must_use]
pub fn in_transaction(issuer: &Issuer, path: &str, id: &OpaqueToken) -> String {
    format!("{}{path}?id={}", issuer.path(), id.expose())
}
