//! RFC 6749 5.1: the token response.
//!
//! Owns: its members. Does not own: what is in the tokens.

use serde::Serialize;

use crate::protocol::scope::Scopes;

/// The answer of the token endpoint.
#[derive(Debug, Clone, Serialize)]
pub struct TokenResponse {
    /// The access token, a JWT.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    /// What was granted, always said.
    pub scope: Scopes,
    /// RFC 6749 5.1, 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// OpenID Connect Core 3.1.3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}
