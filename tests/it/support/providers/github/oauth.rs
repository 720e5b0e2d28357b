//! GitHub's OAuth: errors with status 200, and answers as a form unless JSON is asked for.
//!
//! Owns: `/login/oauth/authorize` and `/login/oauth/access_token`. Does not own: what a token opens (`rest`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::{CLIENT_ID, CLIENT_SECRET, GitHubPerson, State};
use crate::support::providers::openid::with_query;
use crate::support::providers::seen::Seen;
use crate::support::providers::wire::Reply;

/// A code that is wrong, old, redeemed, or not of that verifier.
const BAD: &str = "bad_verification_code";

/// What a code or a token stands for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) person: GitHubPerson,
    pub(super) scope: String,
    redirect_uri: String,
    challenge: Option<String>,
}

pub(super) fn authorize(state: &mut State, seen: &Seen) -> Reply {
    let refuse = |state: &mut State, why: &str| {
        state.complain(seen, why);
        Reply::new(404, "text/html", format!("<!doctype html><p>The fake GitHub says: {why}"))
    };
    if seen.parameter("client_id") != Some(CLIENT_ID) {
        return refuse(state, "no such application");
    }
    let Some(redirect_uri) = seen.parameter("redirect_uri").map(str::to_owned) else {
        return refuse(state, "we always say redirect_uri");
    };
    let respond = |redirect_uri: &str, mut parameters: Vec<(&'static str, String)>| {
        parameters.extend(seen.parameter("state").map(|value| ("state", value.to_owned())));
        Reply::redirect(&with_query(redirect_uri, &parameters))
    };
    if seen.parameter("state").is_none_or(|value| value.len() < 16) {
        return refuse(state, "state is missing or can be guessed");
    }
    let challenge = seen.parameter("code_challenge").map(str::to_owned);
    if challenge.is_none() || seen.parameter("code_challenge_method") != Some("S256") {
        return refuse(state, "we always use PKCE S256");
    }
    if let Some(error) = state.refusal.clone() {
        let help = "https://docs.github.example/apps".to_owned();
        let description = "The user has denied your application access.".to_owned();
        return respond(&redirect_uri, vec![("error", error), ("error_description", description), ("error_uri", help)]);
    }
    let asked = seen.parameter("scope").unwrap_or_default().to_owned();
    let scope = state.scope_granted.clone().unwrap_or(asked);
    let code = state.next("c0de");
    let person = state.person.clone();
    state.codes.insert(code.clone(), Grant { person, scope, redirect_uri: redirect_uri.clone(), challenge });
    respond(&redirect_uri, vec![("code", code)])
}

pub(super) fn token(state: &mut State, seen: &Seen) -> Reply {
    let redeemed = match seen.parameter("grant_type") {
        Some("refresh_token") => refresh(state, seen),
        _ => redeem(state, seen),
    };
    let members = match redeemed {
        Ok(grant) => members(state, grant),
        Err((error, description)) => {
            state.complain(seen, error.clone());
            let help = format!("https://docs.github.example/troubleshooting#{error}");
            vec![("error", error), ("error_description", description.to_owned()), ("error_uri", help)]
        }
    };
    if seen.header("accept").is_some_and(|kinds| kinds.contains("application/json")) {
        let value = |text: String| text.parse::<u64>().map_or_else(|_| text.into(), serde_json::Value::from);
        let object = members.into_iter().map(|(name, text)| (name.to_owned(), value(text))).collect();
        return Reply::new(200, "application/json; charset=utf-8", serde_json::Value::Object(object).to_string());
    }
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
    Reply::new(200, "application/x-www-form-urlencoded; charset=utf-8", form)
}

/// Numbers among them are written as such where the answer is JSON.
fn members(state: &mut State, grant: Grant) -> Vec<(&'static str, String)> {
    let token = state.next(if state.expiring { "ghu_FAKE" } else { "gho_FAKE" });
    // A token says its scopes with commas.
    let scope = grant.scope.split([' ', ',']).collect::<Vec<_>>().join(",");
    state.tokens.insert(token.clone(), grant.clone());
    let mut members = vec![("access_token", token), ("token_type", "bearer".to_owned()), ("scope", scope)];
    if state.expiring {
        let refresh_token = state.next("ghr_FAKE");
        state.refresh_tokens.insert(refresh_token.clone(), grant);
        members.extend([("refresh_token", refresh_token), ("expires_in", "28800".to_owned())]);
        members.push(("refresh_token_expires_in", "15897600".to_owned()));
    }
    members
}

fn refresh(state: &mut State, seen: &Seen) -> Result<Grant, (String, &'static str)> {
    check_client(seen)?;
    let token = seen.parameter("refresh_token").unwrap_or_default();
    let refused = || ("bad_refresh_token".to_owned(), "The refresh token passed is incorrect or expired.");
    state.refresh_tokens.remove(token).ok_or_else(refused)
}

fn check_client(seen: &Seen) -> Result<(), (String, &'static str)> {
    let (basic, body) = (seen.header("authorization"), seen.parameter("client_secret"));
    if basic.is_none() && seen.parameter("client_id") == Some(CLIENT_ID) && body == Some(CLIENT_SECRET) {
        return Ok(());
    }
    let why = "The client_id and/or client_secret passed are incorrect.";
    Err(("incorrect_client_credentials".to_owned(), why))
}

fn redeem(state: &mut State, seen: &Seen) -> Result<Grant, (String, &'static str)> {
    let refuse = |error: &str, why: &'static str| Err((error.to_owned(), why));
    if let Some(error) = &state.refused_code {
        return refuse(error, "The fake was told to say so.");
    }
    check_client(seen)?;
    let Some(grant) = state.codes.remove(seen.parameter("code").unwrap_or_default()) else {
        return refuse(BAD, "The code passed is incorrect or expired.");
    };
    if seen.parameter("redirect_uri").is_some_and(|said| said != grant.redirect_uri) {
        return refuse("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL.");
    }
    let verifier = seen.parameter("code_verifier").unwrap_or_default();
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    if grant.challenge.as_ref().is_some_and(|challenge| *challenge != proof) {
        return refuse(BAD, "The code_verifier passed is incorrect.");
    }
    Ok(grant)
}
