//! Where a person lives and their telephone: normal forms.
//!
//! Owns: what is a postal address and a phone number here. Does not own: who is told (`protocol/claims`).

use std::fmt;

use serde::Serialize;

use crate::protocol::id_token::AddressClaim;

/// The longest part of an address, in characters.
const LONGEST_PART: usize = 400;

/// A telephone number in normal form: `+`, 6 to 15 digits (E.164), and `;ext=` with up to 10 digits where it has
/// an extension (RFC 3966).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads it as people write it: white space, `-`, `.`, `/` and round brackets are left out. `None` when it
    /// does not begin with `+` and the country, or has another character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, extension) = match text.split_once(";ext=") {
            Some((number, extension)) => (number, Some(extension)),
            None => (text, None),
        };
        let plain: String =
            number.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '/' | '(' | ')')).collect();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = plain.strip_prefix('+').filter(|rest| digits(rest) && (6..=15).contains(&rest.len()))?;
        if number.starts_with('0') {
            return None;
        }
        match extension.map(str::trim) {
            None => Some(Self(format!("+{number}"))),
            Some(extension) => {
                let fits = digits(extension) && (1..=10).contains(&extension.len());
                fits.then(|| Self(format!("+{number};ext={extension}")))
            }
        }
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A postal address: at least one part (OpenID Connect Core 5.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(AddressClaim);

impl Address {
    /// Reads the parts. White space around them is left out, an empty part counts as absent, and line ends
    /// become `\n`, which only `formatted` and `street_address` may have; `None` when no part is left.
    ///
    /// # Errors
    /// The name of a part that is too long or has control characters.
    pub fn parse(parts: AddressClaim) -> Result<Option<Self>, &'static str> {
        let lines = |name, part: Option<String>| part_of(name, part, true);
        let line = |name, part: Option<String>| part_of(name, part, false);
        let parts = AddressClaim {
            formatted: lines("formatted", parts.formatted)?,
            street_address: lines("street_address", parts.street_address)?,
            locality: line("locality", parts.locality)?,
            region: line("region", parts.region)?,
            postal_code: line("postal_code", parts.postal_code)?,
            country: line("country", parts.country)?,
        };
        Ok((parts != AddressClaim::default()).then_some(Self(parts)))
    }

    /// As the claim tells it.
    #[must_use]
    pub const fn parts(&self) -> &AddressClaim {
        &self.0
    }
}

fn part_of(name: &'static str, part: Option<String>, lines: bool) -> Result<Option<String>, &'static str> {
    let Some(text) = part else { return Ok(None) };
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let control = |c: char| c.is_control() && !(lines && c == '\n');
    if text.chars().count() > LONGEST_PART || text.chars().any(control) {
        return Err(name);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
