//! RFC 9068 4, RFC 8725: checking an access token of ours.
//!
//! Owns: the order of the checks; nothing of a token is believed before its signature. Does not own:
//! the audience and revocation, which are the endpoint's to check.

use std::time::Duration;

use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::signature::{Error as SignatureError, Verifier as TryVerify};
use serde_json::{Map, Value};

use crate::model::signing_key::Algorithm;
use crate::protocol::access_token::{AccessTokenClaims, TYP};
use crate::protocol::bearer::LONGEST_TOKEN;
use crate::protocol::error::OAuthError;
use crate::protocol::issuer::Issuer;
use crate::protocol::time::Timestamp;
use crate::tokens::json;
use crate::tokens::keyring::{Keyring, SigningKey};
use crate::tokens::sign::jose;

/// How far ahead the clock of another instance may be.
const CLOCK_SKEW: Duration = Duration::from_mins(1);
/// Header members that change how the rest is to be read, none of which we write (RFC 7515 4.1.11,
/// RFC 7797, RFC 7516 4.1). `jku`, `jwk`, `x5u` and the like are not among them: keys are only ever
/// found in the keyring, so what those say is never looked at.
const CHANGES_MEANING: [&str; 4] = ["crit", "b64", "zip", "enc"];

/// Verifies with a public key that is parsed already.
#[derive(Debug)]
pub(super) struct Verifier {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl Verifier {
    pub(super) const fn new(algorithm: Algorithm, key: ParsedPublicKey) -> Self {
        Self { algorithm, key }
    }
}

impl TryVerify<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.key.verify_sig(message, signature).map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jose(self.algorithm)
    }
}

/// Checks form, header, key, signature, claims, in this order.
pub(super) fn access_token(
    token: &str,
    keyring: &Keyring,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<AccessTokenClaims, OAuthError> {
    let parts = Parts::split(token).ok_or_else(|| refused("it is not a signed JWT"))?;
    let key = find_key(&parts, keyring)?;
    let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| refused("its signature is not base64url"))?;
    key.verifier.verify(parts.message.as_bytes(), &signature).map_err(|_| refused("its signature is wrong"))?;
    let claims = read_claims(parts.payload)?;
    if claims.iss != issuer.as_str() {
        return Err(refused("it was issued by another issuer"));
    }
    if Timestamp::from_seconds(claims.exp).is_over(now) {
        return Err(refused("it has expired"));
    }
    if Timestamp::from_seconds(claims.iat) > now.plus(CLOCK_SKEW) {
        return Err(refused("it was issued in the future"));
    }
    Ok(claims)
}

fn refused(why: &'static str) -> OAuthError {
    OAuthError::invalid_token(format!("the access token is not accepted: {why}"))
}

/// A compact JWS (RFC 7515 7.1), still encoded.
struct Parts<'a> {
    /// Header and payload with the dot between: what is signed.
    message: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    /// Exactly three parts, none empty; a text that is too long for a token of ours is not looked at.
    fn split(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let empty = header.is_empty() || payload.is_empty() || signature.is_empty();
        (!empty && !payload.contains('.')).then_some(Self { message, header, payload, signature })
    }
}

/// The key that the header names, if the header is one of an access token signed with that key.
fn find_key<'k>(parts: &Parts<'_>, keyring: &'k Keyring) -> Result<&'k SigningKey, OAuthError> {
    let header = decode(parts.header).ok_or_else(|| refused("its header is malformed"))?;
    if CHANGES_MEANING.iter().any(|name| header.contains_key(*name)) {
        return Err(refused("its header has a member that is not supported"));
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if !text("typ").is_some_and(is_access_token) {
        return Err(refused("its typ is not at+jwt"));
    }
    let key = text("kid").and_then(|kid| keyring.find(kid)).ok_or_else(|| refused("its key is unknown"))?;
    // The key decides the algorithm, not the token (RFC 8725 3.1).
    if text("alg") != Some(key.algorithm.as_str()) {
        return Err(refused("its alg is not that of its key"));
    }
    Ok(key)
}

/// RFC 9068 4: `at+jwt`, with or without `application/`; media types have no case (RFC 7515 4.1.9).
fn is_access_token(typ: &str) -> bool {
    let bare = match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    };
    bare.eq_ignore_ascii_case(TYP)
}

fn read_claims(payload: &str) -> Result<AccessTokenClaims, OAuthError> {
    let malformed = || refused("its claims are malformed");
    let members = decode(payload).ok_or_else(malformed)?;
    let of_a_person = ["auth_time", "acr", "amr"].iter().any(|name| members.contains_key(*name));
    let claims: AccessTokenClaims = serde_json::from_value(Value::Object(members)).map_err(|_| malformed())?;
    // They come together or not at all; serde reads a half or mistyped set as none.
    if of_a_person != claims.authentication.is_some() {
        return Err(malformed());
    }
    Ok(claims)
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    json::object(&URL_SAFE_NO_PAD.decode(part).ok()?)
}
