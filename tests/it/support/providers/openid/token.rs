//! `/token` of a fake OpenID provider.
//!
//! Owns: client authentication, PKCE, that a code is of use once, and the response. Does not own: what the ID token says
//! (`id_token`).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::authorize::Grant;
use super::{Brand, CLIENT_ID, CLIENT_SECRET, State, World, brand};
use crate::support::providers::seen::Seen;
use crate::support::providers::twist::Twist;
use crate::support::providers::wire::Reply;

/// A refusal: status, `error`, and why.
type Refusal = (u16, &'static str, String);

/// Apple's `aud` of client secrets; what a client signs is for Apple, wherever its stand-in listens.
const APPLE: &str = "https://appleid.apple.com";

impl World {
    pub(super) fn token(&self, state: &mut State, seen: &Seen) -> Reply {
        let refreshes = seen.parameter("grant_type") == Some("refresh_token");
        let reply = self.check_client(state, seen).and_then(|()| {
            if refreshes { refresh(state, seen) } else { redeem(state, seen).map(|grant| self.tokens(state, &grant)) }
        });
        match reply {
            Ok(reply) => reply.header("Cache-Control", "no-store").header("Pragma", "no-cache"),
            Err((status, error, why)) => {
                state.complain(seen, format!("{error}: {why}"));
                let reply = Reply::json(status, &json!({ "error": error, "error_description": why }));
                if status == 401 { reply.header("WWW-Authenticate", "Basic realm=\"fake\"") } else { reply }
            }
        }
    }

    fn tokens(&self, state: &mut State, grant: &Grant) -> Reply {
        let access_token = state.next("access-token");
        state.tokens.insert(access_token.clone(), grant.clone());
        let mut body = json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 3600 });
        if grant.offline {
            body["refresh_token"] = json!(state.refresh_token(grant));
        }
        if state.tells(Twist::TokenTypeOther) {
            body["token_type"] = json!("DPoP");
        }
        if state.tells(Twist::IdTokenGarbage) {
            body["id_token"] = json!("not.a.token");
        } else if !state.tells(Twist::IdTokenAbsent) {
            body["id_token"] = json!(self.id_token(state, grant, &access_token));
        }
        Reply::json(200, &body)
    }

    /// RFC 6749 2.3.1, one way at a time.
    fn check_client(&self, state: &State, seen: &Seen) -> Result<(), Refusal> {
        let refuse = |why: &str| Err((401, "invalid_client", why.to_owned()));
        let basic = seen.header("authorization").map(|value| basic(value).ok_or(()));
        let (method, id, secret) = match (basic, seen.parameter("client_secret")) {
            (Some(_), Some(_)) => return refuse("the secret is shown in two ways"),
            (Some(Ok((id, secret))), None) => ("client_secret_basic", id, secret),
            (Some(Err(())), None) => return refuse("the Authorization header cannot be read"),
            (None, Some(secret)) => {
                let id = seen.parameter("client_id").unwrap_or_default();
                ("client_secret_post", id.to_owned(), secret.to_owned())
            }
            (None, None) => return refuse("no secret is shown"),
        };
        if !state.auth_methods.contains(&method) {
            return refuse(&format!("{method} is not taken"));
        }
        if id != CLIENT_ID || seen.parameter("client_id").is_some_and(|shown| shown != CLIENT_ID) {
            return refuse("not that client");
        }
        let right = match self.brand {
            Brand::Apple => self.check_apple(state, &secret),
            _ if secret == CLIENT_SECRET => Ok(()),
            _ => Err("not that secret".to_owned()),
        };
        right.map_err(|why| (401, "invalid_client", why))
    }

    /// Apple's secret is a JWT that the client signed with the key of its account.
    fn check_apple(&self, state: &State, secret: &str) -> Result<(), String> {
        let (message, signature) = secret.rsplit_once('.').ok_or("the secret is no JWT")?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|fault| fault.to_string());
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.apple_key.1);
        public.verify(message.as_bytes(), &decode(signature)?).map_err(|_| "the secret is signed by another key")?;
        let (header, claims) = message.split_once('.').ok_or("the secret is no JWT")?;
        let json = |text: &str| decode(text).and_then(|b| serde_json::from_slice(&b).map_err(|e| e.to_string()));
        let (header, claims): (Value, Value) = (json(header)?, json(claims)?);
        for (part, name, wanted) in [
            (&header, "alg", "ES256"),
            (&header, "kid", brand::KEY_ID),
            (&claims, "iss", brand::TEAM_ID),
            (&claims, "sub", CLIENT_ID),
            (&claims, "aud", APPLE),
        ] {
            if part[name] != wanted {
                return Err(format!("{name} of the secret is {}, not {wanted}", part[name]));
            }
        }
        let times = claims["iat"].as_i64().zip(claims["exp"].as_i64()).ok_or("the secret has no iat or exp")?;
        let (issued, expires) = times;
        let (now, half_a_year) = (state.now(), 15_777_000);
        // A minute for the clock of a test, which stands still.
        if issued > now + 60 || expires <= now || expires - issued > half_a_year {
            return Err(format!("the secret is from {issued} to {expires}, and it is {now}"));
        }
        Ok(())
    }
}

/// RFC 6749 6.
fn refresh(state: &mut State, seen: &Seen) -> Result<Reply, Refusal> {
    let token = seen.parameter("refresh_token").unwrap_or_default();
    let known =
        if state.rotates { state.refresh_tokens.remove(token) } else { state.refresh_tokens.get(token).cloned() };
    let grant = known.ok_or_else(|| (400, "invalid_grant", "no such refresh token".to_owned()))?;
    let access_token = state.next("access-token");
    state.tokens.insert(access_token.clone(), grant.clone());
    let mut body = json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 3600 });
    if state.rotates {
        body["refresh_token"] = json!(state.refresh_token(&grant));
    }
    if state.tells(Twist::TokenTypeOther) {
        body["token_type"] = json!("DPoP");
    }
    Ok(Reply::json(200, &body))
}

impl State {
    fn refresh_token(&mut self, grant: &Grant) -> String {
        let token = self.next("refresh-token");
        self.refresh_tokens.insert(token.clone(), grant.clone());
        token
    }
}

/// RFC 6749 4.1.3 and RFC 7636 4.6.
fn redeem(state: &mut State, seen: &Seen) -> Result<Grant, Refusal> {
    let grant_type = seen.parameter("grant_type").unwrap_or_default();
    if grant_type != "authorization_code" {
        return Err((400, "unsupported_grant_type", grant_type.to_owned()));
    }
    let refuse = |why: &str| (400, "invalid_grant", why.to_owned());
    let code = seen.parameter("code").unwrap_or_default();
    if state.redeemed.contains(code) {
        return Err(refuse("the code was redeemed before"));
    }
    let grant = state.codes.remove(code).ok_or_else(|| refuse("no such code"))?;
    state.redeemed.insert(code.to_owned());
    if seen.parameter("redirect_uri") != Some(&grant.redirect_uri) {
        return Err(refuse("redirect_uri is not that of the request"));
    }
    let verifier = seen.parameter("code_verifier").unwrap_or_default();
    if !(43..=128).contains(&verifier.len()) {
        return Err(refuse("code_verifier has another length"));
    }
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) != grant.challenge {
        return Err(refuse("code_verifier is not that of the challenge"));
    }
    Ok(grant)
}

/// Id and secret, which are form-encoded before base64 (RFC 6749 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = |text: &str| {
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((decoded(id), decoded(secret)))
}
