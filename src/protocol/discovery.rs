//! OpenID Connect Discovery 3, RFC 8414 2, RFC 9207 3: the metadata document.
//!
//! Owns: which members it has and that none is null or empty. Does not own: where it is served.

use serde::Serialize;

use crate::protocol::issuer::Issuer;

/// The metadata; only what is enabled is named, and what omission would say wrongly is said.
#[derive(Debug, Clone, Serialize)]
pub struct Metadata {
    /// Byte-identical to `iss` everywhere.
    pub issuer: Issuer,
    /// `/authorize`.
    pub authorization_endpoint: String,
    /// `/token`.
    pub token_endpoint: String,
    /// `/userinfo`.
    pub userinfo_endpoint: String,
    /// `/jwks`.
    pub jwks_uri: String,
    /// OpenID scopes and those of every API.
    pub scopes_supported: Vec<String>,
    /// `code`.
    pub response_types_supported: Vec<&'static str>,
    /// `query`, `form_post`.
    pub response_modes_supported: Vec<&'static str>,
    /// Grants that the token endpoint serves.
    pub grant_types_supported: Vec<&'static str>,
    /// `public`.
    pub subject_types_supported: Vec<&'static str>,
    /// Algorithms of ID tokens.
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    /// `client_secret_basic`, `client_secret_post`, `none`.
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// `/revoke` (RFC 7009).
    pub revocation_endpoint: String,
    /// As at the token endpoint.
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// `/introspect` (RFC 7662).
    pub introspection_endpoint: String,
    /// Without `none`: a public client is told nothing.
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Claims that may be had.
    pub claims_supported: Vec<&'static str>,
    /// Levels of sign-in.
    pub acr_values_supported: Vec<&'static str>,
    /// Languages of the pages (BCP 47).
    pub ui_locales_supported: Vec<&'static str>,
    /// `S256`.
    pub code_challenge_methods_supported: Vec<&'static str>,
    /// `normal`.
    pub claim_types_supported: Vec<&'static str>,
    /// RFC 9207.
    pub authorization_response_iss_parameter_supported: bool,
    /// Omission would mean false.
    pub claims_parameter_supported: bool,
    /// Omission would mean false; said for readers.
    pub request_parameter_supported: bool,
    /// Omission would mean true.
    pub request_uri_parameter_supported: bool,
}
