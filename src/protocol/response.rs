//! RFC 6749 3.1.1 and OAuth 2.0 Multiple Response Type Encoding Practices: `response_type`, `response_mode`.
//!
//! Owns: the one type and the two modes there are. Does not own: how an answer is written (`reply`).

use serde::{Deserialize, Serialize};

use crate::protocol::error::{ErrorCode, OAuthError};

/// How an authorization response travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode 2).
    FormPost,
}

impl ResponseMode {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Query, Self::FormPost];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }

    /// Reads `response_mode`.
    ///
    /// # Errors
    /// `invalid_request` for a mode we lack; the answer then goes by query.
    pub fn parse(text: Option<&str>) -> Result<Self, OAuthError> {
        match text {
            None | Some("query") => Ok(Self::Query),
            Some("form_post") => Ok(Self::FormPost),
            Some(_) => Err(OAuthError::invalid_request("response_mode is not supported: expected query or form_post")),
        }
    }
}

/// Checks that `response_type` is `code`.
///
/// # Errors
/// `invalid_request` when it is missing, `unsupported_response_type` for any other.
pub fn check_response_type(text: Option<&str>) -> Result<(), OAuthError> {
    match text {
        Some("code") => Ok(()),
        None => Err(OAuthError::invalid_request("response_type is missing: expected response_type=code")),
        Some(_) => Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "only response_type=code is supported (authorization code with PKCE)",
        )),
    }
}
