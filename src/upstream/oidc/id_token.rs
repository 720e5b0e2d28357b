//! OpenID Connect Core 3.1.3.7 and 3.1.3.8: is this ID token from that provider, for us, for this sign-in, and now?
//!
//! Owns: every check of the token, as a pure function of the token, the keys and the instant. Does not own: where the
//! keys come from (`documents`).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, Nonce,
    SignatureVerificationError,
};
use serde_json::Value;

use crate::model::provider::IssuerRule;
use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::profile::Claims;

/// How far a provider's clock may be from ours.
pub(super) const LEEWAY: Duration = Duration::from_mins(1);

/// Stands for the tenant in Microsoft's metadata.
pub(super) const TENANT: &str = "{tenantid}";

/// Signatures by a key that only the provider has: neither `none` nor a shared secret (threat G01).
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: IssuerUrl,
    pub(super) client_id: &'a str,
    pub(super) nonce: String,
    pub(super) access_token: &'a str,
    pub(super) now: Timestamp,
}

/// Why a token is not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// With other keys it may be.
    ByTheseKeys(UpstreamError),
    /// Whatever the keys.
    Final(UpstreamError),
}

impl Refused {
    pub(super) fn into_error(self) -> UpstreamError {
        match self {
            Self::ByTheseKeys(error) | Self::Final(error) => error,
        }
    }
}

fn refuse(reason: Reason, why: &str) -> Refused {
    Refused::Final(UpstreamError::new(reason, format!("ID token: {why}")))
}

/// The claims of a token as JSON, not verified.
pub(super) fn payload(text: &str) -> Option<Claims> {
    let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}

/// The issuer that a token has to have. Microsoft's is made with the tenant that the token itself names: a tenant
/// vouches for its own people only, since the issuer is a part of their identity.
pub(super) fn expected_issuer(
    rule: &IssuerRule,
    in_metadata: &str,
    claims: &Claims,
) -> Result<IssuerUrl, UpstreamError> {
    let text = match rule {
        IssuerRule::Exact(issuer) => issuer.clone(),
        IssuerRule::MicrosoftTenants { .. } => {
            let tenant = claims.get("tid").and_then(Value::as_str).and_then(|text| uuid::Uuid::try_parse(text).ok());
            let tenant =
                tenant.ok_or_else(|| UpstreamError::new(Reason::Issuer, "the tid of the token is no tenant"))?;
            in_metadata.replace(TENANT, &tenant.hyphenated().to_string())
        }
    };
    IssuerUrl::new(text).map_err(|error| UpstreamError::new(Reason::Configuration, error.to_string()))
}

/// Whether tokens of a provider may be of that issuer.
pub(super) fn may_be_issuer(rule: &IssuerRule, in_metadata: &str, issuer: &str) -> bool {
    match rule {
        IssuerRule::Exact(expected) => issuer == expected,
        IssuerRule::MicrosoftTenants { .. } => in_metadata.split_once(TENANT).is_some_and(|(before, after)| {
            let tenant = issuer.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            tenant.is_some_and(|tenant| uuid::Uuid::try_parse(tenant).is_ok())
        }),
    }
}

/// All checks: `typ`, issuer, audience, algorithm, signature, times, nonce by the `openidconnect` crate, with our
/// clock; the rest here.
pub(super) fn verify(
    token: &CoreIdToken,
    claims: &Claims,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<(), Refused> {
    let latest = expected.now.plus(LEEWAY);
    let earliest = instant(expected.now.minus(LEEWAY)).ok_or_else(|| refuse(Reason::Times, "no such instant"))?;
    let client_id = ClientId::new(expected.client_id.to_owned());
    let verifier = IdTokenVerifier::new_public_client(client_id, expected.issuer.clone(), keys.clone())
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || earliest)
        .set_issue_time_verifier_fn(move |issued| {
            if issued.timestamp_millis() > latest.millis() { Err("iat is in the future".to_owned()) } else { Ok(()) }
        });
    let accepted = token.claims(&verifier, &Nonce::new(expected.nonce.clone())).map_err(from_crate)?;
    check_types(claims)?;
    check_party(claims, expected.client_id)?;
    if claims.get("nbf").is_some_and(|nbf| seconds(nbf).is_none_or(|nbf| nbf > latest)) {
        return Err(refuse(Reason::Times, "nbf is in the future"));
    }
    match accepted.access_token_hash() {
        Some(hash) => check_access_token((token, hash), &verifier, expected.access_token),
        None => Ok(()),
    }
}

/// The crate reads leniently; what decides has to be of its own type (RFC 7519 2, 4.1).
fn check_types(claims: &Claims) -> Result<(), Refused> {
    let is_text = |name: &str| claims.get(name).is_some_and(Value::is_string);
    let is_number = |name: &str| claims.get(name).is_some_and(Value::is_number);
    if !is_number("exp") || !is_number("iat") {
        return Err(refuse(Reason::Times, "exp and iat have to be numbers"));
    }
    if !is_text("iss") {
        return Err(refuse(Reason::Issuer, "iss has to be text"));
    }
    let length = claims.get("sub").and_then(Value::as_str).map_or(0, str::len);
    if !(1..=255).contains(&length) {
        return Err(refuse(Reason::Subject, "sub has to be text of 1 to 255 bytes"));
    }
    if claims.get("auth_time").is_some_and(|at| seconds(at).is_none()) {
        return Err(refuse(Reason::Times, "auth_time has to be a number"));
    }
    Ok(())
}

/// OpenID Connect Core 2: where `azp` is there it is us.
fn check_party(claims: &Claims, client_id: &str) -> Result<(), Refused> {
    match claims.get("azp") {
        Some(azp) if azp != client_id => Err(refuse(Reason::Audience, "azp is another client")),
        _ => Ok(()),
    }
}

/// OpenID Connect Core 3.1.3.8: where `at_hash` is there it is of the access token that came along.
fn check_access_token(
    (token, hash): (&CoreIdToken, &AccessTokenHash),
    verifier: &CoreIdTokenVerifier<'_>,
    access_token: &str,
) -> Result<(), Refused> {
    let wrong = || refuse(Reason::AccessTokenHash, "at_hash is of another access token");
    let algorithm = token.signing_alg().map_err(|_| wrong())?;
    let key = token.signing_key(verifier).map_err(|_| wrong())?;
    let access_token = AccessToken::new(access_token.to_owned());
    let own = AccessTokenHash::from_token(&access_token, algorithm, key).map_err(|_| wrong())?;
    if own == *hash { Ok(()) } else { Err(wrong()) }
}

/// A `NumericDate`, whole or with a fraction, if it is an instant.
pub(super) fn seconds(value: &Value) -> Option<Timestamp> {
    value.as_i64().map(Timestamp::from_seconds).or_else(|| {
        let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
        #[expect(clippy::cast_possible_truncation, reason = "within bounds, and a part of a second does not count")]
        let whole = seconds as i64;
        Some(Timestamp::from_seconds(whole))
    })
}

fn instant(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.millis())
}

fn from_crate(error: ClaimsVerificationError) -> Refused {
    match error {
        ClaimsVerificationError::Expired(_) => refuse(Reason::Times, "exp is over, or iat in the future"),
        ClaimsVerificationError::InvalidAudience(_) => refuse(Reason::Audience, "aud is not this client alone"),
        ClaimsVerificationError::InvalidIssuer(_) => refuse(Reason::Issuer, "iss is another issuer"),
        ClaimsVerificationError::InvalidNonce(_) => refuse(Reason::Nonce, "nonce is missing or another"),
        ClaimsVerificationError::InvalidAuthTime(_) => refuse(Reason::NotFresh, "auth_time"),
        ClaimsVerificationError::InvalidSubject(_) => refuse(Reason::Subject, "sub"),
        ClaimsVerificationError::SignatureVerification(error) => by_signature(&error),
        _ => refuse(Reason::Malformed, "its header or claims are of another kind"),
    }
}

fn by_signature(error: &SignatureVerificationError) -> Refused {
    let by_these = |reason, why: &str| Refused::ByTheseKeys(UpstreamError::new(reason, format!("ID token: {why}")));
    match error {
        SignatureVerificationError::NoMatchingKey => by_these(Reason::UnknownKey, "no key of the provider fits"),
        SignatureVerificationError::AmbiguousKeyId(_) => by_these(Reason::UnknownKey, "several keys fit"),
        SignatureVerificationError::CryptoError(_) => by_these(Reason::Signature, "the signature is wrong"),
        SignatureVerificationError::InvalidKey(_) => by_these(Reason::Signature, "its key is not usable"),
        SignatureVerificationError::NoSignature => refuse(Reason::Signature, "it is not signed"),
        _ => refuse(Reason::Signature, "its algorithm is not taken"),
    }
}

#[cfg(test)]
mod tests;
