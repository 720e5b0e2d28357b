//! OpenID Connect Core 3.1.2.1: `prompt` and `max_age`.
//!
//! Owns: their values and forbidden combinations. Does not own: what follows from them (`model/next_step`).

use serde::{Deserialize, Serialize};

use crate::protocol::error::OAuthError;

/// What the client asks us to show or not to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Show nothing: answer or fail.
    pub none: bool,
    /// Sign in again even with a live session.
    pub login: bool,
    /// Ask for consent even when it is remembered.
    pub consent: bool,
    /// Ask which account is meant even with a live session.
    #[serde(default)]
    pub select_account: bool,
}

impl Prompt {
    /// Reads the space-separated values.
    ///
    /// # Errors
    /// `invalid_request` for an unknown value, and for `none` beside another.
    pub fn parse(text: Option<&str>) -> Result<Self, OAuthError> {
        let mut prompt = Self::default();
        for value in text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "select_account" => prompt.select_account = true,
                "consent" => prompt.consent = true,
                _ => {
                    return Err(OAuthError::invalid_request(
                        "prompt has an unknown value: expected none, login, consent or select_account",
                    ));
                }
            }
        }
        if prompt.none && prompt != (Self { none: true, ..Self::default() }) {
            return Err(OAuthError::invalid_request("prompt=none cannot stand beside another value"));
        }
        Ok(prompt)
    }
}

/// Reads `max_age`: seconds, a whole number.
///
/// # Errors
/// `invalid_request` when it is not one.
pub fn parse_max_age(text: Option<&str>) -> Result<Option<u32>, OAuthError> {
    text.map(|text| {
        text.parse::<u32>()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| OAuthError::invalid_request("max_age must be a whole number of seconds"))
    })
    .transpose()
}
