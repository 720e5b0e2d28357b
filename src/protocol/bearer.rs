//! RFC 6750 2 and 3: a bearer token in a request and the challenge in an answer.
//!
//! Owns: reading `Authorization: Bearer` and writing `WWW-Authenticate`. Does not own: whether the
//! token is good (`tokens/verify`).

use std::fmt::Write as _;

use crate::protocol::error::OAuthError;

/// The longest token that is looked at: room for one of ours with as many and as long scopes as a request
/// may name.
pub const LONGEST_TOKEN: usize = 24 * 1024;

/// What a request presents.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented {
    /// Nothing: the challenge has no error code (RFC 6750 3.1).
    Nothing,
    /// A token, unverified.
    Token(String),
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Token(_) => "Token(***)",
        })
    }
}

/// Reads the token of a request: the header, or `access_token` of a form (RFC 6750 2.2). The query is
/// never looked at.
///
/// # Errors
/// `invalid_request` when it stands in both, `invalid_token` when it cannot be one.
pub fn read(authorization: Option<&[u8]>, form_token: Option<&str>) -> Result<Presented, OAuthError> {
    let header = match authorization {
        None => None,
        Some(header) => {
            let text = std::str::from_utf8(header)
                .map_err(|_| OAuthError::invalid_token("the Authorization header is malformed"))?;
            match text.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
                _ => None,
            }
        }
    };
    let token = match (header, form_token) {
        (Some(_), Some(_)) => return Err(OAuthError::invalid_request("the token stands in two places")),
        (None, None) => return Ok(Presented::Nothing),
        (Some(token), None) | (None, Some(token)) => token,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(fits) {
        return Err(OAuthError::invalid_token("the token is malformed"));
    }
    Ok(Presented::Token(token.to_owned()))
}

/// `WWW-Authenticate` for an answer (RFC 6750 3). `scope` says what would have been enough.
#[must_use]
pub fn challenge(realm: &str, error: Option<&OAuthError>, scope: Option<&str>) -> String {
    let mut out = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = error {
        let _ = write!(out, ", error=\"{}\", error_description=\"{}\"", error.code(), error.description());
    }
    if let Some(scope) = scope {
        let _ = write!(out, ", scope=\"{scope}\"");
    }
    out
}
