//! RFC 7636 (PKCE), S256 only (RFC 9700 2.1.1).
//!
//! Owns: challenge and verifier and how they match. Does not own: who must send one (`model/client`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::protocol::error::OAuthError;

/// An S256 code challenge: 43 characters of base64url (RFC 7636 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request.
    ///
    /// # Errors
    /// `invalid_request` for a method other than S256 (absent means `plain`, RFC 7636 4.3), a challenge
    /// of another shape, or a method without a challenge.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, OAuthError> {
        let Some(challenge) = challenge else {
            return match method {
                None => Ok(None),
                Some(_) => Err(OAuthError::invalid_request("code_challenge_method without code_challenge")),
            };
        };
        match method {
            Some("S256") => {}
            Some(other) => {
                return Err(OAuthError::invalid_request(format!(
                    "code_challenge_method must be S256, received '{}'",
                    other.chars().take(32).collect::<String>()
                )));
            }
            None => {
                return Err(OAuthError::invalid_request(
                    "code_challenge_method is missing: expected code_challenge_method=S256",
                ));
            }
        }
        let decoded = URL_SAFE_NO_PAD.decode(challenge).unwrap_or_default();
        if challenge.len() != 43 || decoded.len() != 32 {
            return Err(OAuthError::invalid_request(
                "code_challenge must be 43 characters of base64url (the SHA-256 of the verifier)",
            ));
        }
        Ok(Some(Self(challenge.to_owned())))
    }

    /// The challenge of a verifier.
    #[must_use]
    pub fn of(verifier: &CodeVerifier) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.0.as_bytes())))
    }

    /// The text, as it goes into a request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the challenge of that verifier; constant time.
    #[must_use]
    pub fn matches(&self, verifier: &CodeVerifier) -> bool {
        self.0.as_bytes().ct_eq(Self::of(verifier).0.as_bytes()).into()
    }
}

/// A code verifier: 43 to 128 characters of `[A-Za-z0-9-._~]` (RFC 7636 4.1).
#[derive(Clone, PartialEq, Eq)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// Reads one; `None` when it has another shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        ((43..=128).contains(&text.len()) && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeVerifier(***)")
    }
}
