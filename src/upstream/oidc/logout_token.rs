//! OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6: is this logout token from that provider, for us, and now?
//!
//! Owns: every check of the token, as a pure function of the token, the keys and the instant. Does not own: where the
//! keys come from (`documents`), that a token counts once, or what ends by it (`endpoints/login/backchannel`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm as _, SignatureVerificationError,
};
use serde::Deserialize;
use serde_json::Value;

use super::id_token::{ALGORITHMS, LEEWAY, Refused, payload, seconds};
use crate::model::identity::IdentityKey;
use crate::model::upstream_session::EndedThere;
use crate::protocol::ids::ProviderId;
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::profile::Claims;

/// The member of `events` that makes a logout token of a token (2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A logout token of that provider, for us, that is good now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    ended: EndedThere,
    name: TokenHash,
    good_until: Timestamp,
}

impl LogoutToken {
    /// Which sessions it ends.
    #[must_use]
    pub const fn ended(&self) -> &EndedThere {
        &self.ended
    }

    /// The hash of provider, issuer and `jti`, by which it is known when it comes again.
    #[must_use]
    pub const fn name(&self) -> &TokenHash {
        &self.name
    }

    /// From when on it is refused for its age.
    #[must_use]
    pub const fn good_until(&self) -> Timestamp {
        self.good_until
    }
}

/// What the token has to say.
pub(super) struct Expected<'a> {
    pub(super) provider: &'a ProviderId,
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) now: Timestamp,
}

/// A token as it was sent, its signature not looked at.
pub(super) struct Unverified<'a> {
    pub(super) claims: Claims,
    kid: Option<String>,
    algorithm: CoreJwsSigningAlgorithm,
    signed: &'a str,
    signature: Vec<u8>,
}

/// RFC 7515 4.1, as far as it is looked at.
#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

fn refuse(reason: Reason, why: &str) -> UpstreamError {
    UpstreamError::new(reason, format!("logout token: {why}"))
}

impl<'a> Unverified<'a> {
    /// Takes it apart. What is not signed by a key that only a provider has goes no further.
    pub(super) fn read(text: &'a str) -> Result<Self, UpstreamError> {
        let malformed = || refuse(Reason::Malformed, "it cannot be read");
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, body) = signed.split_once('.').ok_or_else(malformed)?;
        if body.contains('.') {
            return Err(malformed());
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let header: Header = serde_json::from_slice(&decode(header)?)
            .map_err(|_| refuse(Reason::Signature, "its header names no algorithm that is known"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(refuse(Reason::Signature, "its algorithm is not taken"));
        }
        check_type(header.typ.as_deref())?;
        if header.crit.is_some() {
            return Err(refuse(Reason::Malformed, "crit names what is not understood here"));
        }
        let signature = decode(signature)?;
        let claims = payload(text).ok_or_else(malformed)?;
        Ok(Self { claims, kid: header.kid, algorithm: header.alg, signed, signature })
    }

    /// Every check but the signature's.
    pub(super) fn check(&self, expected: &Expected<'_>) -> Result<LogoutToken, UpstreamError> {
        let claims = &self.claims;
        if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
            return Err(refuse(Reason::Issuer, "iss is another issuer"));
        }
        check_audience(claims, expected.client_id)?;
        let good_until = check_times(claims, expected.now)?;
        check_event(claims)?;
        let jti = text(claims, "jti").ok().flatten().ok_or_else(|| refuse(Reason::Malformed, "jti has to be text"))?;
        let name = format!("{}\n{}\n{jti}", expected.provider, expected.issuer);
        Ok(LogoutToken { ended: ended(claims, expected)?, name: TokenHash::of(name.as_bytes()), good_until })
    }

    /// By one of these keys.
    pub(super) fn check_signature(&self, keys: &CoreJsonWebKeySet) -> Result<(), Refused> {
        let by_these = |reason, why| Refused::ByTheseKeys(refuse(reason, why));
        let mut fitting = keys.keys().iter().filter(|key| self.is_by(key));
        let key = fitting.next().ok_or_else(|| by_these(Reason::UnknownKey, "no key of the provider fits"))?;
        if fitting.next().is_some() {
            return Err(by_these(Reason::UnknownKey, "several keys fit"));
        }
        let verified = key.verify_signature(&self.algorithm, self.signed.as_bytes(), &self.signature);
        verified.map_err(|error| match error {
            SignatureVerificationError::CryptoError(_) => by_these(Reason::Signature, "the signature is wrong"),
            _ => by_these(Reason::Signature, "its key is not usable"),
        })
    }

    /// Whether it may be signed by that key (RFC 7515 4.1.4, RFC 7517 4).
    fn is_by(&self, key: &CoreJsonWebKey) -> bool {
        let named = self.kid.as_ref().is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid));
        let signs = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        let by_algorithm = match key.signing_alg() {
            JsonWebKeyAlgorithm::Algorithm(own) => *own == self.algorithm,
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        named && signs && by_algorithm && self.algorithm.key_type().is_some_and(|kind| kind == *key.key_type())
    }
}

/// 2.4: `logout+jwt` is recommended and not required, so that many say `JWT` or nothing. Anything else is another kind
/// of token, whatever is in it.
fn check_type(typ: Option<&str>) -> Result<(), UpstreamError> {
    let Some(typ) = typ else { return Ok(()) };
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "logout+jwt" | "jwt" => Ok(()),
        _ => Err(refuse(Reason::Malformed, "typ is that of another kind of token")),
    }
}

/// One of several is good: unlike an ID token this one is told to everybody concerned.
fn check_audience(claims: &Claims, client_id: &str) -> Result<(), UpstreamError> {
    let ours = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => many.iter().all(Value::is_string) && many.iter().any(|one| one == client_id),
        _ => false,
    };
    if ours { Ok(()) } else { Err(refuse(Reason::Audience, "aud does not name this client")) }
}

/// From when on it is over.
fn check_times(claims: &Claims, now: Timestamp) -> Result<Timestamp, UpstreamError> {
    let refuse = |why| Err(refuse(Reason::Times, why));
    let latest = now.plus(LEEWAY);
    let (Some(iat), Some(exp)) = (claims.get("iat").and_then(seconds), claims.get("exp").and_then(seconds)) else {
        return refuse("iat and exp have to be numbers");
    };
    if iat > latest {
        return refuse("iat is in the future");
    }
    if claims.get("nbf").is_some_and(|nbf| seconds(nbf).is_none_or(|nbf| nbf > latest)) {
        return refuse("nbf is in the future");
    }
    let good_until = exp.plus(LEEWAY);
    if good_until.is_over(now) { refuse("exp is over") } else { Ok(good_until) }
}

/// What tells it from an ID token, in both directions.
fn check_event(claims: &Claims) -> Result<(), UpstreamError> {
    if claims.get("events").and_then(|events| events.get(EVENT)).is_none_or(|event| !event.is_object()) {
        return Err(refuse(Reason::Event, "events does not say that it is one"));
    }
    if claims.contains_key("nonce") {
        return Err(refuse(Reason::Nonce, "nonce is prohibited"));
    }
    Ok(())
}

/// Who is meant.
fn ended(claims: &Claims, expected: &Expected<'_>) -> Result<EndedThere, UpstreamError> {
    let wrong = || refuse(Reason::Subject, "sub and sid have to be text");
    let (sub, sid) = (text(claims, "sub").map_err(|()| wrong())?, text(claims, "sid").map_err(|()| wrong())?);
    let (provider, issuer) = (expected.provider.clone(), expected.issuer.to_owned());
    let identity =
        |sub: &str| IdentityKey { provider: provider.clone(), issuer: issuer.clone(), subject: sub.to_owned() };
    match (sub, sid) {
        (Some(sub), None) => Ok(EndedThere::All(identity(sub))),
        (Some(sub), Some(sid)) => Ok(EndedThere::One { identity: identity(sub), sid: sid.to_owned() }),
        (None, Some(sid)) => Ok(EndedThere::Anybodys { sid: sid.to_owned(), provider, issuer }),
        (None, None) => Err(refuse(Reason::Subject, "neither sub nor sid is there")),
    }
}

/// A claim that is text and not empty; `None` where it is not there.
fn text<'c>(claims: &'c Claims, name: &str) -> Result<Option<&'c str>, ()> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(()),
    }
}

#[cfg(test)]
mod tests;
