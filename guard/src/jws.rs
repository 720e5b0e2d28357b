//! RFC 7515: a signed token in its compact form, and its header. Nothing of it is believed here.
//!
//! Owns: the form, and which headers are looked at any further. Does not own: keys, signatures, claims (`verify`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json;
use crate::keys::Algorithm;
use crate::refusal::Fault;

/// The longest token that is looked at.
pub const LONGEST_TOKEN: usize = 24 * 1024;

/// Header members that change how the rest is to be read (RFC 7515 4.1.11, RFC 7797, RFC 7516 4.1). `jku`, `jwk`,
/// `x5u` and the like are not among them: keys come only from the key source, so what those say is never looked at.
const CHANGES_MEANING: [&str; 4] = ["crit", "b64", "zip", "enc"];

/// A token in three parts, still encoded.
pub(crate) struct Parts<'a> {
    /// Header and payload with the dot between: what is signed.
    pub(crate) message: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    /// Exactly three parts, none empty.
    pub(crate) fn split(token: &'a str) -> Result<Self, Fault> {
        if token.len() > LONGEST_TOKEN {
            return Err(Fault::NotAJwt);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Fault::NotAJwt)?;
        let (header, payload) = message.split_once('.').ok_or(Fault::NotAJwt)?;
        if header.is_empty() || payload.is_empty() || signature.is_empty() || payload.contains('.') {
            return Err(Fault::NotAJwt);
        }
        Ok(Self { message, header, payload, signature })
    }

    /// `kid` and `alg` of a header that is one of an access token (RFC 9068 2.1).
    pub(crate) fn header(&self) -> Result<(String, Algorithm), Fault> {
        let mut header = decode(self.header).ok_or(Fault::Header)?;
        if CHANGES_MEANING.iter().any(|name| header.contains_key(*name)) {
            return Err(Fault::Extension);
        }
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        if !text("typ").is_some_and(is_access_token) {
            return Err(Fault::Type);
        }
        let algorithm = text("alg").and_then(Algorithm::parse).ok_or(Fault::Algorithm)?;
        match header.remove("kid") {
            Some(Value::String(kid)) => Ok((kid, algorithm)),
            _ => Err(Fault::UnknownKey),
        }
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, Fault> {
        URL_SAFE_NO_PAD.decode(self.signature).map_err(|_| Fault::NotAJwt)
    }

    /// The claims; they count once the signature does.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, Fault> {
        decode(self.payload).ok_or(Fault::Claims)
    }
}

/// RFC 9068 4: with or without `application/`; media types have no case (RFC 7515 4.1.9).
fn is_access_token(typ: &str) -> bool {
    let bare = match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    };
    bare.eq_ignore_ascii_case("at+jwt")
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    json::object(&URL_SAFE_NO_PAD.decode(part).ok()?)
}
