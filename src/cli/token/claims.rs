//! A JWT in words.
//!
//! Owns: decoding (nothing is proven by it) and showing times to people. Does not own: the signature (`verify`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::cli::output;
use crate::cli::times;
use crate::protocol::time::Timestamp;

/// The longest token that is decoded.
const LONGEST: usize = 64 * 1024;

/// A decoded JWS (RFC 7515 3.1); its signature is not checked.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// The JOSE header.
    pub(super) header: Map<String, Value>,
    /// The payload.
    pub(super) claims: Map<String, Value>,
    /// What is signed.
    pub(super) signed: &'a str,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

impl<'a> Decoded<'a> {
    /// Reads the compact form; `None` for anything else.
    pub(super) fn read(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A text member of the header.
    pub(super) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// A text claim.
    pub(super) fn claim_text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// Whether `exp` is over; a token without it never is.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.instant("exp").is_some_and(|exp| exp.is_over(now))
    }

    /// A time claim (RFC 7519 2, `NumericDate`).
    fn instant(&self, name: &str) -> Option<Timestamp> {
        self.claims.get(name).and_then(Value::as_i64).map(Timestamp::from_seconds)
    }

    /// Header and claims for people, the times also in words.
    pub(super) fn text(&self, now: Timestamp) -> String {
        let section = |object: &Map<String, Value>| {
            let mut rows: Vec<Vec<String>> =
                object.iter().map(|(name, value)| vec![output::plain(name), self.shown(name, value, now)]).collect();
            // Whether the map keeps the order of the token depends on how serde_json was built.
            rows.sort();
            output::table(&rows).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
        };
        format!("Header\n{}\n\nClaims\n{}", section(&self.header), section(&self.claims))
    }

    fn shown(&self, name: &str, value: &Value, now: Timestamp) -> String {
        let is_time = matches!(name, "exp" | "iat" | "nbf" | "auth_time" | "updated_at");
        match (is_time.then(|| self.instant(name)).flatten(), value) {
            (Some(at), _) => format!("{value}  {}", times::instant_and_distance(at, now)),
            (None, Value::String(text)) => output::plain(&text.replace('\n', "?")),
            (None, other) => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    #[test]
    fn times_are_shown_in_words_and_escape_sequences_not_at_all() {
        let token = token(&json!({"alg": "ES256"}), &json!({"exp": 600, "sub": "a\u{1b}[31m\nb", "n": 1}));
        let decoded = Decoded::read(&token).unwrap();
        let text = decoded.text(Timestamp::from_seconds(0));
        assert!(text.contains("600  1970-01-01 00:10:00 UTC (in 10 minutes)"), "{text}");
        assert!(text.contains("a?[31m?b"), "{text}");
        assert!(!decoded.is_expired(Timestamp::from_seconds(599)) && decoded.is_expired(Timestamp::from_seconds(600)));
    }

    #[test]
    fn what_is_no_jws_is_not_decoded() {
        let five = format!("{}.x.y", token(&json!({}), &json!({})));
        for text in ["", "a.b", "a.b.c", "....", five.as_str(), &".".repeat(100_000)] {
            assert!(Decoded::read(text).is_none(), "{}", text.len());
        }
    }
}
