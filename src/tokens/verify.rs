//! RFC 9068 4, RFC 8725: checking an access token of ours, and an ID token that came back as a hint.
//!
//! Owns: the order of the checks; nothing of a token is believed before its signature. Does not own:
//! the audience and revocation, which are the endpoint's to check.

use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::signature::{Error as SignatureError, Verifier as TryVerify};
use serde_json::{Map, Value};

use crate::model::registry::Api;
use crate::model::shared_secret::{AccessTokenSigning, SharedSecret};
use crate::model::signing_key::Algorithm;
use crate::protocol::access_token::{AccessTokenClaims, Audience, TYP};
use crate::protocol::bearer::LONGEST_TOKEN;
use crate::protocol::error::OAuthError;
use crate::protocol::id_token::{self, IdTokenHintClaims};
use crate::protocol::issuer::Issuer;
use crate::protocol::json;
use crate::protocol::time::Timestamp;
use crate::tokens::key_pair::SigningKey;
use crate::tokens::keyring::Keyring;
use crate::tokens::sign::jose;

/// How far ahead the clock of another instance may be.
const CLOCK_SKEW: Duration = Duration::from_mins(1);
/// Header members that change how the rest is to be read, none of which we write (RFC 7515 4.1.11,
/// RFC 7797, RFC 7516 4.1). `jku`, `jwk`, `x5u` and the like are not among them: keys are only ever
/// found in the keyring, so what those say is never looked at.
const CHANGES_MEANING: [&str; 4] = ["crit", "b64", "zip", "enc"];
const UNKNOWN_KEY: Why = "its key is unknown";
const OTHER_ALGORITHM: Why = "its alg is not that of its key";
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

impl TryVerify<Vec<u8>> for &Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.key.verify_sig(message, signature).map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for &Verifier {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jose(self.algorithm)
    }
}

/// Verifies HS256 with a secret that an API shares.
struct Hs256Verifier(hmac::Key);

impl Hs256Verifier {
    fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl TryVerify<Vec<u8>> for Hs256Verifier {
    /// In constant time.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        hmac::verify(&self.0, message, signature).map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for Hs256Verifier {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jsonwebtoken::Algorithm::HS256
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
        let members = signed_by(token, TYP, |kid, alg| find_key(keyring.find(kid), alg))?;
        let claims = read_access_token_claims(members)?;
        usable(&claims, issuer, now).map(|()| claims)
    };
    check().map_err(not_accepted)
}

/// The same under the secret of an API, and for that API alone.
pub(super) fn access_token_with_secret(
    token: &str,
    apis: &[Api],
    issuer: &Issuer,
    now: Timestamp,
) -> Result<AccessTokenClaims, OAuthError> {
    let check = || {
        let mut of = None;
        let members = signed_by(token, TYP, |kid, alg| {
            let (api, secret) = apis.iter().find_map(|api| named_secret(api, kid)).ok_or(UNKNOWN_KEY)?;
            of = Some(&api.audience);
            if alg == "HS256" { Ok(Hs256Verifier::new(secret.expose())) } else { Err(OTHER_ALGORITHM) }
        })?;
        let claims = read_access_token_claims(members)?;
        usable(&claims, issuer, now)?;
        if !matches!(&claims.aud, Audience::One(audience) if Some(audience) == of) {
            return Err("its audience is not the API whose secret signed it");
        }
        Ok(claims)
    };
    check().map_err(not_accepted)
}

fn named_secret<'a>(api: &'a Api, kid: &str) -> Option<(&'a Api, &'a SharedSecret)> {
    match &api.signing {
        AccessTokenSigning::Secret(secret) if secret.kid() == kid => Some((api, secret)),
        AccessTokenSigning::Secret(_) | AccessTokenSigning::Key(_) => None,
    }
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
        let members = signed_by(token, id_token::TYP, |kid, alg| find_key(keyring.find_for_hint(kid), alg))?;
        let claims: IdTokenHintClaims = serde_json::from_value(Value::Object(members)).map_err(|_| MALFORMED)?;
        issued_by_us(&claims.iss, claims.iat, issuer, now)?;
        Ok(claims)
    };
    check().map_err(|why: Why| OAuthError::invalid_request(format!("id_token_hint is not accepted: {why}")))
}

/// The claims of a token of that `typ` under the signature of the key that `find` has for its `kid` and `alg`:
/// form, header, key, signature.
fn signed_by<K: JwtVerifier>(
    token: &str,
    typ: &str,
    find: impl FnOnce(&str, &str) -> Result<K, Why>,
) -> Result<Map<String, Value>, Why> {
    let parts = Parts::split(token).ok_or("it is not a signed JWT")?;
    let (kid, alg) = read_header(&parts, typ)?;
    let key = find(&kid, &alg)?;
    let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| "its signature is not base64url")?;
    key.verify(parts.message.as_bytes(), &signature).map_err(|_| "its signature is wrong")?;
    decode(parts.payload).ok_or(MALFORMED)
}

/// The key that a text in the form of an access token or an ID token names.
pub(super) fn names_key(token: &str) -> Option<String> {
    let parts = Parts::split(token)?;
    [TYP, id_token::TYP].iter().find_map(|typ| read_header(&parts, typ).ok()).map(|(kid, _)| kid)
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

/// `kid` and `alg` of a header that is one of such a token.
fn read_header(parts: &Parts<'_>, typ: &str) -> Result<(String, String), Why> {
    let header = decode(parts.header).ok_or("its header is malformed")?;
    if CHANGES_MEANING.iter().any(|name| header.contains_key(*name)) {
        return Err("its header has a member that is not supported");
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if !text("typ").is_some_and(|found| is_media_type(found, typ)) {
        return Err("its typ is another");
    }
    let kid = text("kid").ok_or(UNKNOWN_KEY)?;
    Ok((kid.to_owned(), text("alg").ok_or(OTHER_ALGORITHM)?.to_owned()))
}

/// The key decides the algorithm, not the token (RFC 8725 3.1).
fn find_key<'k>(named: Option<&'k SigningKey>, alg: &str) -> Result<&'k Verifier, Why> {
    let key = named.ok_or(UNKNOWN_KEY)?;
    if alg == key.algorithm.as_str() { Ok(&key.verifier) } else { Err(OTHER_ALGORITHM) }
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
