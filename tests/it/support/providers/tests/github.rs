//! What the fake GitHub refuses, as GitHub does.

use serde_json::Value;

use crate::support::providers::relying_party::Ours;
use crate::support::providers::{Endpoint, FakeGitHub, GitHubPerson};

#[tokio::test]
async fn the_fake_answers_wrong_secrets_codes_and_verifiers_with_errors_of_status_200() {
    let hub = FakeGitHub::start();
    let authorize = format!("{}/login/oauth/authorize", hub.base());
    let endpoint = format!("{}/login/oauth/access_token", hub.base());
    let ours = Ours::at(hub.client_id(), hub.client_secret());
    for (changed, value, error) in [
        ("client_secret", "another", "incorrect_client_credentials"),
        ("code_verifier", "another-verifier-another-verifier-another-verifier", "bad_verification_code"),
        ("redirect_uri", "http://localhost/other", "redirect_uri_mismatch"),
    ] {
        let code = hub.visit(ours.url(&authorize)).await.parameter("code").expect("a code");
        let (status, body) = ours.redeem_but(&endpoint, &code, &[(changed, value)]).await;
        assert_eq!((status, &body["error"]), (200, &error.into()), "{changed}: {body}");
    }
    let code = hub.visit(ours.url(&authorize)).await.parameter("code").expect("a code");
    assert!(ours.redeem_but(&endpoint, &code, &[]).await.1["access_token"].is_string());
    assert_eq!(ours.redeem_but(&endpoint, &code, &[]).await.1["error"], "bad_verification_code");
}

#[tokio::test]
async fn the_fake_shows_what_the_scope_of_a_token_opens() {
    let hub = FakeGitHub::start();
    hub.person(GitHubPerson::new(7, "seven").email("seven@x.test", true, true).member_of("acme", "active"));
    let get = async |path: &str, token: &str| {
        let request = reqwest::Client::builder().user_agent("tests").build().expect("a client");
        let request = request.get(format!("{}/api/v3/{path}", hub.base())).bearer_auth(token);
        let answer = request.header("accept", "application/vnd.github+json").send().await.expect("an answer");
        assert!(answer.headers().contains_key("x-ratelimit-remaining"));
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let ours = Ours::at(hub.client_id(), hub.client_secret());
    let mut seen = Vec::new();
    for scope in ["read:user", "user:email read:org"] {
        hub.grant_only(scope);
        let home = hub.visit(ours.url(&format!("{}/login/oauth/authorize", hub.base()))).await;
        let code = home.parameter("code").expect("a code");
        let (_, body) = ours.redeem_but(&format!("{}/login/oauth/access_token", hub.base()), &code, &[]).await;
        let token = body["access_token"].as_str().expect("a token");
        assert_eq!(get("user", token).await.1["id"], 7);
        seen.push((get("user/emails", token).await.0, get("user/memberships/orgs/ACME", token).await.0));
    }
    assert_eq!(seen, [(404, 403), (200, 200)]);
    assert_eq!(get("user", "a token of nobody").await.0, 401);
    hub.limit_rate();
    assert_eq!(hub.count(Endpoint::User), 3);
}

#[tokio::test]
async fn a_github_app_of_the_fake_has_tokens_that_end_and_refresh_tokens_of_use_once() {
    let hub = FakeGitHub::start();
    let endpoint = format!("{}/login/oauth/access_token", hub.base());
    let ours = Ours::at(hub.client_id(), hub.client_secret());
    let tokens = async || {
        let home = hub.visit(ours.url(&format!("{}/login/oauth/authorize", hub.base()))).await;
        ours.redeem_but(&endpoint, &home.parameter("code").expect("a code"), &[]).await.1
    };
    let of_an_oauth_app = tokens().await;
    assert!(of_an_oauth_app.get("refresh_token").is_none() && of_an_oauth_app.get("expires_in").is_none());
    hub.expiring_tokens();
    let first = tokens().await;
    assert_eq!(first["expires_in"], 28_800);
    let first = first["refresh_token"].as_str().expect("one");
    let (status, body) = ours.refresh(&endpoint, first).await;
    assert_eq!((status, body["refresh_token"].is_string()), (200, true), "{body}");
    let (status, body) = ours.refresh(&endpoint, first).await;
    assert_eq!((status, &body["error"]), (200, &"bad_refresh_token".into()));
}
