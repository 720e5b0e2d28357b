//! RFC 9068 4, RFC 8725: checking an access token of ours, and an ID token that came back as a hint.
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
use crate::protocol::id_token::{self, IdTokenHintClaims};
use crate::protocol::issuer::Issuer;
use crate::protocol::json;
use crate::protocol::time::Timestamp;
use crate::tokens::keyring::{Keyring, SigningKey};
use crate::tokens::sign::jose;

/// How far ahead the clock of another instance may be.
const CLOCK_SKEW: Duration = Duration::from_mins(1);
/// Header members that change how the rest is to be read, none of which we write (RFC 7515 4.1.11,
/// RFC 7797, RFC 7516 4.1). `jku`, `jwk`, `x5u` and the like are not among them: keys are only ever
/// found in the keyring, so what those say is never looked at.
const CHANGES_MEANING: [&str; 4] = ["crit", "b64", "zip", "enc"];
const MALFORMED: Why = "its claims are malformed";

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

/// Why a token is not accepted, in words that tell nothing of it.
type Why = &'static str;

/// Checks form, header, key, signature, claims, in this order.
pub(super) fn access_token(
    token: &str,
    keyring: &Keyring,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<AccessTokenClaims, OAuthError> {
    let check = || {
        let claims = read_access_token_claims(signed_by_us(token, keyring, TYP)?)?;
        usable(&claims, issuer, now).map(|()| claims)
    };
    check().map_err(not_accepted)
}

/// Checks of one whose signature was good before what is not its signature's to say.
pub(super) fn again(
    claims: AccessTokenClaims,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<AccessTokenClaims, OAuthError> {
    usable(&claims, issuer, now).map(|()| claims).map_err(not_accepted)
}

fn usable(claims: &AccessTokenClaims, issuer: &Issuer, now: Timestamp) -> Result<(), Why> {
    issued_by_us(&claims.iss, claims.iat, issuer, now)?;
    if Timestamp::from_seconds(claims.exp).is_over(now) {
        return Err("it has expired");
    }
    Ok(())
}

fn not_accepted(why: Why) -> OAuthError {
    OAuthError::invalid_token(format!("the access token is not accepted: {why}"))
}

/// The same for an ID token as a hint, which may have expired (OpenID Connect Core 3.1.2.1, RP-Initiated
/// Logout 2): it opens nothing, it only says who and which client are meant.
pub(super) fn id_token_hint(
    token: &str,
    keyring: &Keyring,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<IdTokenHintClaims, OAuthError> {
    let check = || {
        let members = signed_by_us(token, keyring, id_token::TYP)?;
        let claims: IdTokenHintClaims = serde_json::from_value(Value::Object(members)).map_err(|_| MALFORMED)?;
        issued_by_us(&claims.iss, claims.iat, issuer, now)?;
        Ok(claims)
    };
    check().map_err(|why: Why| OAuthError::invalid_request(format!("id_token_hint is not accepted: {why}")))
}

/// The claims of a token of that `typ` under our own signature: form, header, key, signature.
fn signed_by_us(token: &str, keyring: &Keyring, typ: &'static str) -> Result<Map<String, Value>, Why> {
    let parts = Parts::split(token).ok_or("it is not a signed JWT")?;
    let key = find_key(&parts, keyring, typ)?;
    let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| "its signature is not base64url")?;
    key.verifier.verify(parts.message.as_bytes(), &signature).map_err(|_| "its signature is wrong")?;
    decode(parts.payload).ok_or(MALFORMED)
}

fn issued_by_us(iss: &str, iat: i64, issuer: &Issuer, now: Timestamp) -> Result<(), Why> {
    if iss != issuer.as_str() {
        return Err("it was issued by another issuer");
    }
    if Timestamp::from_seconds(iat) > now.plus(CLOCK_SKEW) {
        return Err("it was issued in the future");
    }
    Ok(())
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

/// The key that the header names, if the header is one of such a token signed with that key.
fn find_key<'k>(parts: &Parts<'_>, keyring: &'k Keyring, typ: &'static str) -> Result<&'k SigningKey, Why> {
    let header = decode(parts.header).ok_or("its header is malformed")?;
    if CHANGES_MEANING.iter().any(|name| header.contains_key(*name)) {
        return Err("its header has a member that is not supported");
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if !text("typ").is_some_and(|found| is_media_type(found, typ)) {
        return Err("its typ is another");
    }
    let key = text("kid").and_then(|kid| keyring.find(kid)).ok_or("its key is unknown")?;
    // The key decides the algorithm, not the token (RFC 8725 3.1).
    if text("alg") != Some(key.algorithm.as_str()) {
        return Err("its alg is not that of its key");
    }
    Ok(key)
}

/// RFC 9068 4: with or without `application/`; media types have no case (RFC 7515 4.1.9).
fn is_media_type(found: &str, expected: &str) -> bool {
    let bare = match found.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => found,
    };
    bare.eq_ignore_ascii_case(expected)
}

fn read_access_token_claims(members: Map<String, Value>) -> Result<AccessTokenClaims, Why> {
    let of_a_person = ["auth_time", "acr", "amr"].iter().any(|name| members.contains_key(*name));
    let claims: AccessTokenClaims = serde_json::from_value(Value::Object(members)).map_err(|_| MALFORMED)?;
    // They come together or not at all; serde reads a half or mistyped set as none.
    if of_a_person != claims.authentication.is_some() {
        return Err(MALFORMED);
    }
    Ok(claims)
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    json::object(&URL_SAFE_NO_PAD.decode(part).ok()?)
}
