//! The ID token of a fake OpenID provider, and every lie that it can tell.
//!
//! Owns: header, claims and signature. Does not own: when it is given (`token`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::authorize::Grant;
use super::{Brand, CLIENT_ID, CLIENT_SECRET, State, World, brand, other_slash};
use crate::support::providers::keys::{hs256, jws};
use crate::support::providers::person::write_over;
use crate::support::providers::twist::Twist;

/// Another client of the same provider.
const OTHER: &str = "another-client";

impl World {
    pub(super) fn id_token(&self, state: &State, grant: &Grant, access_token: &str) -> String {
        let claims = self.claims(state, grant, access_token);
        Self::signed(state, Some("JWT"), &Self::twisted(state, claims))
    }

    /// With the lies that are told.
    pub(super) fn twisted(state: &State, mut claims: Map<String, Value>) -> Value {
        for twist in &state.twists {
            let over = twisted(*twist, &claims);
            write_over(&mut claims, &over);
        }
        Value::Object(claims)
    }

    /// By the present key, or however else it is told to.
    pub(super) fn signed(state: &State, typ: Option<&str>, claims: &Value) -> String {
        let before = state.key_before.as_ref().filter(|_| state.tells(Twist::KeyBefore));
        let key = before.unwrap_or(&state.key);
        let header = |alg: &str| match typ {
            Some(typ) => json!({ "alg": alg, "kid": key.kid, "typ": typ }),
            None => json!({ "alg": alg, "kid": key.kid }),
        };
        let told = |twist: Twist| state.tells(twist);
        if told(Twist::AlgNone) {
            jws(&header("none"), claims, |_| Vec::new())
        } else if told(Twist::AlgNoneInCapitals) {
            jws(&header("NONE"), claims, |_| Vec::new())
        } else if told(Twist::Hs256BySecret) {
            jws(&header("HS256"), claims, |message| hs256(CLIENT_SECRET.as_bytes(), message))
        } else if told(Twist::Hs256ByPublicKey) {
            jws(&header("HS256"), claims, |message| hs256(key.public_pem().as_bytes(), message))
        } else if told(Twist::SignatureAbsent) {
            jws(&header(key.algorithm()), claims, |_| Vec::new())
        } else if told(Twist::KeyOther) {
            jws(&header(key.algorithm()), claims, |message| key.stranger().sign(message))
        } else if told(Twist::KidUnknown) {
            let header = json!({ "alg": key.algorithm(), "kid": "a-key-of-nobody" });
            jws(&header, claims, |message| key.stranger().sign(message))
        } else if told(Twist::KidAbsent) {
            jws(&json!({ "alg": key.algorithm() }), claims, |message| key.sign(message))
        } else {
            jws(&header(key.algorithm()), claims, |message| key.sign(message))
        }
    }

    fn claims(&self, state: &State, grant: &Grant, access_token: &str) -> Map<String, Value> {
        let person = &grant.person;
        let mut claims = Map::new();
        if !state.profile_in_userinfo_only {
            claims = person.profile(&grant.scope);
        }
        let now = state.now();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", json!(self.issuer_of_tokens(&person.claims)));
        put("sub", json!(person.sub));
        put("aud", json!(CLIENT_ID));
        put("iat", json!(now));
        put("exp", json!(now + 300));
        put("at_hash", json!(at_hash(access_token)));
        if let Some(nonce) = &grant.nonce {
            put("nonce", json!(nonce));
        }
        if let Some(at) = grant.auth_time {
            put("auth_time", json!(at));
        }
        match self.brand {
            Brand::Plain | Brand::Auth0 => {}
            Brand::Google => {
                put("azp", json!(CLIENT_ID));
            }
            Brand::Microsoft => {
                put("tid", json!(brand::TENANT));
                put("ver", json!("2.0"));
            }
            Brand::Apple => {
                put("nonce_supported", json!(true));
                if let Some(verified) = person.email_verified {
                    put("email_verified", json!(verified.to_string()));
                }
            }
        }
        if self.brand == Brand::Apple {
            // It tells the name elsewhere.
            claims.remove("name");
        }
        person.write_over(&mut claims);
        claims
    }
}

/// The left half of a SHA-256 (OpenID Connect Core 3.1.3.6).
fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token.as_bytes())[..16])
}

/// What a lie writes over the claims.
fn twisted(twist: Twist, claims: &Map<String, Value>) -> Map<String, Value> {
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let now = number("iat");
    let over = match twist {
        Twist::IssuerOther => json!({ "iss": "https://evil.example" }),
        Twist::IssuerAbsent => json!({ "iss": null }),
        Twist::IssuerSlash => json!({ "iss": other_slash(issuer) }),
        Twist::IssuerWithoutScheme => json!({ "iss": issuer.trim_start_matches("http://") }),
        Twist::NonceOther => json!({ "nonce": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
        Twist::NonceAbsent => json!({ "nonce": null }),
        Twist::NonceEmpty => json!({ "nonce": "" }),
        Twist::AudienceOther => json!({ "aud": OTHER }),
        Twist::AudienceAbsent => json!({ "aud": null }),
        Twist::AudienceWithoutUs => json!({ "aud": [OTHER, "a-third"], "azp": OTHER }),
        Twist::AudienceOfMany => json!({ "aud": [CLIENT_ID, OTHER], "azp": null }),
        Twist::AudienceOfManyWithAzpOther => json!({ "aud": [CLIENT_ID, OTHER], "azp": OTHER }),
        Twist::AzpOther => json!({ "azp": OTHER }),
        Twist::AudienceListOfUs => json!({ "aud": [CLIENT_ID] }),
        Twist::AzpUs => json!({ "azp": CLIENT_ID }),
        Twist::Expired => json!({ "iat": now - 3900, "exp": now - 300 }),
        Twist::ExpAbsent => json!({ "exp": null }),
        Twist::ExpText => json!({ "exp": number("exp").to_string() }),
        Twist::IssuedInFuture => json!({ "iat": now + 3600, "exp": now + 7200 }),
        Twist::IssuedAbsent => json!({ "iat": null }),
        Twist::NotYet => json!({ "nbf": now + 3600 }),
        Twist::AtHashOther => json!({ "at_hash": at_hash("another access token") }),
        Twist::AtHashAbsent => json!({ "at_hash": null }),
        Twist::SubjectAbsent => json!({ "sub": null }),
        Twist::SubjectEmpty => json!({ "sub": "" }),
        Twist::SubjectNumber => json!({ "sub": 1234 }),
        Twist::SubjectLong => json!({ "sub": "s".repeat(300) }),
        Twist::SubjectOfControls => json!({ "sub": "per\u{0}son\n" }),
        Twist::AuthTimeText => json!({ "auth_time": now.to_string() }),
        _ => json!({}),
    };
    over.as_object().cloned().unwrap_or_default()
}
