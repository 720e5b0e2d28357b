//! Asking the issuer about each token (RFC 7662): off unless chosen, and closed when there is no answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use vestibule_guard::Fault;

use crate::forge::Forge;
use crate::issuer::{INTROSPECT, Issuer, json_answer, with_head};

#[tokio::test]
async fn the_issuer_is_asked_at_every_use_as_a_client_with_a_secret() {
    let key = Forge::new("ES256", "one");
    let issuer = Issuer::start(&[&key]).await;
    let guard = issuer.builder().introspection("api server", "s+cret/%").build().expect("a guard");
    let token = issuer.token(&key);
    issuer.set(INTROSPECT, json_answer(&json!({ "active": true, "sub": "ada" })));
    for _ in 0..2 {
        assert!(guard.verify(&token).await.is_ok());
    }
    let seen: Vec<_> = issuer.seen().into_iter().filter(|seen| seen.path == INTROSPECT).collect();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        let basic = format!("authorization: Basic {}", STANDARD.encode("api+server:s%2Bcret%2F%25"));
        assert!(seen.head.starts_with("POST ") && seen.head.contains(&basic), "{}", seen.head);
        assert_eq!(seen.body, format!("token={token}&token_type_hint=access_token"));
    }
    issuer.set(INTROSPECT, json_answer(&json!({ "active": false })));
    assert_eq!(guard.verify(&token).await.err(), Some(Fault::Revoked.into()));
    // What the signature already refuses is not asked about.
    let asked = issuer.asked(INTROSPECT);
    assert!(guard.verify(&issuer.token(&Forge::new("ES256", "one"))).await.is_err());
    assert_eq!(issuer.asked(INTROSPECT), asked);
}

#[tokio::test]
async fn no_answer_lets_nobody_in() {
    let key = Forge::new("ES256", "one");
    let issuer = Issuer::start(&[&key]).await;
    let guard = issuer.builder().introspection("api", "secret").build().expect("a guard");
    let token = issuer.token(&key);
    let json = "content-type: application/json\r\n";
    for (why, answer, retry_after) in [
        ("not there", with_head("404 Not Found", "", ""), 2),
        ("not this client", with_head("401 Unauthorized", json, r#"{"error":"invalid_client"}"#), 2),
        ("busy", with_head("503 Service Unavailable", "retry-after: 7\r\n", ""), 7),
        ("busy for long", with_head("503 Service Unavailable", "retry-after: 99999\r\n", ""), 60),
        ("no JSON", with_head("200 OK", json, "<h1>"), 2),
        ("says nothing", json_answer(&json!({})), 2),
        ("says it in words", json_answer(&json!({ "active": "true" })), 2),
        ("says both", with_head("200 OK", json, r#"{"active":false,"active":true}"#), 2),
        ("elsewhere", with_head("307 Temporary Redirect", &format!("location: {}/x\r\n", issuer.url), ""), 2),
    ] {
        issuer.set(INTROSPECT, answer);
        let refusal = guard.verify(&token).await.expect_err(why);
        assert_eq!((refusal.status(), refusal.retry_after()), (503, Some(retry_after)), "{why}");
    }
    assert_eq!(issuer.asked("/x"), 0, "the token and the secret go nowhere else");
    issuer.down(true);
    assert_eq!(guard.verify(&token).await.expect_err("down").status(), 503);
}

#[tokio::test]
async fn it_is_off_unless_chosen() {
    let key = Forge::new("ES256", "one");
    let issuer = Issuer::start(&[&key]).await;
    assert!(issuer.guard().verify(&issuer.token(&key)).await.is_ok());
    assert_eq!(issuer.asked(INTROSPECT), 0);
}
