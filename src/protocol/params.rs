//! RFC 6749 3.1, 3.2 and appendix B: request parameters, parsed once.
//!
//! Owns: form decoding, UTF-8 and NUL refusal, "empty counts as absent", "twice is an error".
//! Does not own: what any parameter means.

use std::collections::BTreeMap;

use crate::protocol::error::OAuthError;

/// More parameters than any request of ours carries.
const MOST_PARAMETERS: usize = 200;

/// The parameters of one request: each name once, no empty value, no NUL, valid UTF-8.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: BTreeMap<String, String>,
    repeated: BTreeMap<String, Vec<String>>,
}

impl Params {
    /// Decodes `application/x-www-form-urlencoded` text: a query string or a form body.
    ///
    /// `resource` may stand several times (RFC 8707 2) and is read with [`Params::all`].
    ///
    /// # Errors
    /// `invalid_request` for a bad escape, invalid UTF-8, a NUL byte or another control character in a
    /// name, too many parameters, or a parameter that stands twice.
    pub fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        let mut params = Self::default();
        let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count >= MOST_PARAMETERS {
                return Err(OAuthError::invalid_request("too many parameters"));
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if name.contains(char::is_control) {
                return Err(OAuthError::invalid_request("the name of a parameter contains a control character"));
            }
            params.add(name, value)?;
        }
        Ok(params)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), OAuthError> {
        if value.is_empty() {
            return Ok(());
        }
        if name == "resource" {
            self.repeated.entry(name).or_default().push(value);
            return Ok(());
        }
        if self.values.contains_key(&name) {
            return Err(OAuthError::invalid_request(format!("the parameter {name} stands twice")));
        }
        self.values.insert(name, value);
        Ok(())
    }

    /// The value of a parameter that was sent and is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Every value of a parameter that may repeat (only `resource`).
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.repeated.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether anything was sent under this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.repeated.contains_key(name)
    }

    /// Writes the parameters back as a query string, without the names in `except`.
    #[must_use]
    pub fn encode_except(&self, except: &[&str]) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        let single = self.values.iter();
        let repeated = self.repeated.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        for (name, value) in single.chain(repeated) {
            if !except.contains(&name.as_str()) {
                out.append_pair(name, value);
            }
        }
        out.finish()
    }
}

impl std::fmt::Debug for Params {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).entries(self.repeated.keys()).finish()
    }
}

fn decode(raw: &[u8]) -> Result<String, OAuthError> {
    let bytes = decode_form(raw).ok_or_else(|| OAuthError::invalid_request("a percent escape is malformed"))?;
    let text = String::from_utf8(bytes).map_err(|_| OAuthError::invalid_request("a parameter is not valid UTF-8"))?;
    if text.contains('\0') {
        return Err(OAuthError::invalid_request("a parameter contains a NUL character"));
    }
    Ok(text)
}

/// Form decoding of one name or value (RFC 6749 appendix B): `+` is a space, `%XX` a byte.
/// `None` when an escape is not two hexadecimal digits.
#[must_use]
pub fn decode_form(raw: &[u8]) -> Option<Vec<u8>> {
    let hex = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let high = bytes.next().and_then(hex)?;
                let low = bytes.next().and_then(hex)?;
                out.push(high << 4 | low);
            }
            other => out.push(*other),
        }
    }
    Some(out)
}
