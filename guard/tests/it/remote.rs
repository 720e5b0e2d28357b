//! Keys over HTTP: discovery, rotation, an issuer that is down, floods (threats I12, L01, L02, X16, X20, X21, X28).

use serde_json::json;
use vestibule_guard::{Fault, Refusal};

use crate::forge::Forge;
use crate::issuer::{Answer, Issuer, JWKS, METADATA, OPENID, json_answer, with_head};

fn key(kid: &str) -> Forge {
    Forge::new("ES256", kid)
}

#[tokio::test]
async fn keys_are_found_by_either_document_of_the_issuer_and_fetched_once() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    for (status, kind) in [("404 Not Found", "text/html"), ("200 OK", "text/html")] {
        let guard = issuer.guard();
        for _ in 0..3 {
            assert!(guard.verify(&issuer.token(&one)).await.is_ok(), "{status}");
        }
        // The next guard finds it in the other place.
        issuer.set(OPENID, json_answer(&issuer.metadata()));
        issuer.set(METADATA, with_head(status, &format!("content-type: {kind}\r\n"), "<h1>not here</h1>"));
    }
    assert!(issuer.guard().verify(&issuer.token(&one)).await.is_ok());
    assert_eq!((issuer.asked(METADATA), issuer.asked(OPENID), issuer.asked(JWKS)), (3, 2, 3));
    assert!(issuer.seen().iter().all(|seen| seen.head.starts_with("GET ") && !seen.head.contains("\r\nauthorization")));
}

#[tokio::test]
async fn only_the_metadata_of_this_very_issuer_is_believed() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let mut metadata = issuer.metadata();
    metadata["issuer"] = json!(format!("{}/", issuer.url));
    issuer.set(METADATA, json_answer(&metadata));
    // That the other document is right does not help: this one lies.
    issuer.set(OPENID, json_answer(&issuer.metadata()));
    let refusal = issuer.guard().verify(&issuer.token(&one)).await.expect_err("no keys");
    assert_eq!(refusal.status(), 503);
    assert_eq!((issuer.asked(OPENID), issuer.asked(JWKS)), (0, 0));
}

#[tokio::test]
async fn a_new_key_is_picked_up_while_running_and_an_old_one_goes_with_the_set() {
    let (one, two, three) = (key("one"), key("two"), key("three"));
    let issuer = Issuer::start(&[&one]).await;
    let guard = issuer.guard();
    let by_one = issuer.token(&one);
    assert!(guard.verify(&by_one).await.is_ok());
    // At once, since its name is unknown.
    issuer.publish(&[&one, &two]);
    assert!(guard.verify(&issuer.token(&two)).await.is_ok());
    assert_eq!(issuer.asked(JWKS), 2);
    // With the set's own time, without asking out of turn.
    issuer.publish(&[&two, &three]);
    issuer.pass(299);
    assert!(guard.verify(&by_one).await.is_ok(), "the set is as old as it may be");
    issuer.pass(1);
    assert_eq!(guard.verify(&by_one).await.err(), Some(Fault::UnknownKey.into()), "remembered, and gone with its key");
    assert!(guard.verify(&issuer.token(&three)).await.is_ok());
    assert!(guard.verify(&issuer.token(&two)).await.is_ok());
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_issuer_once_a_minute() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let guard = issuer.guard();
    assert!(guard.verify(&issuer.token(&one)).await.is_ok());
    let strangers: Vec<Forge> = (0..20).map(|n| key(&format!("stranger-{n}"))).collect();
    for minute in 0..2 {
        let waves: Vec<_> = (0..1000)
            .map(|n| {
                let (guard, token) = (guard.clone(), issuer.token(&strangers[n % strangers.len()]));
                tokio::spawn(async move { guard.verify(&token).await.err() })
            })
            .collect();
        for wave in waves {
            assert_eq!(wave.await.expect("no panic"), Some(Refusal::InvalidToken(Fault::UnknownKey)));
        }
        assert_eq!((issuer.asked(JWKS), issuer.asked(METADATA)), (2 + minute, 1));
        issuer.pass(60);
    }
    assert!(guard.verify(&issuer.token(&one)).await.is_ok());
}

#[tokio::test]
async fn many_first_requests_at_once_share_one_fetch() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let guard = issuer.guard();
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (guard, token) = (guard.clone(), issuer.token(&one));
            tokio::spawn(async move { guard.verify(&token).await.is_ok() })
        })
        .collect();
    for request in requests {
        assert!(request.await.expect("no panic"));
    }
    assert_eq!((issuer.asked(METADATA), issuer.asked(JWKS)), (1, 1));
}

#[tokio::test]
async fn while_the_issuer_is_down_the_keys_that_are_there_serve_for_a_day() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let guard = issuer.guard();
    assert!(guard.verify(&issuer.token(&one)).await.is_ok());
    issuer.down(true);
    for _ in 0..3 {
        issuer.pass(300);
        assert!(guard.verify(&issuer.token(&one)).await.is_ok());
        // A key that nobody has is unknown, not unavailable: there are keys.
        assert_eq!(guard.verify(&issuer.token(&key("x"))).await.err(), Some(Fault::UnknownKey.into()));
    }
    issuer.pass(24 * 3600);
    let token = issuer.token(&one);
    assert_eq!(guard.verify(&token).await.expect_err("too old").status(), 503);
    issuer.down(false);
    issuer.pass(30);
    assert!(guard.verify(&token).await.is_ok());
}

#[tokio::test]
async fn without_any_keys_nobody_is_let_in_and_the_answer_says_when_to_come_back() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    issuer.down(true);
    let guard = issuer.guard();
    let token = issuer.token(&one);
    for _ in 0..3 {
        let refusal = guard.verify(&token).await.expect_err("no keys");
        assert_eq!((refusal.status(), refusal.retry_after(), refusal.code()), (503, Some(5), None));
    }
    // What is no token at all is refused without keys.
    assert_eq!(guard.verify("x").await.err(), Some(Fault::NotAJwt.into()));
    issuer.down(false);
    issuer.pass(5);
    assert!(guard.verify(&token).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_is_no_set_of_keys_is_no_answer() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let token = issuer.token(&one);
    let set = json!({ "keys": [one.jwk()] }).to_string();
    let json = "content-type: application/json\r\n";
    let elsewhere = format!("{json}location: {}/keys\r\n", issuer.url);
    issuer.set("/keys", json_answer(&json!({ "keys": [one.jwk()] })));
    let long = format!("{{\"keys\":[{}],\"more\":\"{}\"}}", one.jwk(), "x".repeat(256 * 1024));
    for (why, answer) in [
        ("a redirect", with_head("302 Found", &elsewhere, "")),
        ("a moved set", with_head("308 Permanent Redirect", &elsewhere, &set)),
        ("an error with keys", with_head("500 Internal Server Error", json, &set)),
        ("no JSON by its type", with_head("200 OK", "content-type: text/html\r\n", &set)),
        ("no type", with_head("200 OK", "", &set)),
        ("compressed", with_head("200 OK", &format!("{json}content-encoding: gzip\r\n"), &set)),
        ("half of it", with_head("200 OK", json, &set[..set.len() / 2])),
        ("cut off", Answer::Text(format!("HTTP/1.1 200 OK\r\n{json}content-length: 9999\r\n\r\n{set}"))),
        ("no set", with_head("200 OK", json, "[]")),
        ("keys twice", with_head("200 OK", json, r#"{"keys":[],"keys":[]}"#)),
        ("too long", with_head("200 OK", json, &long)),
        ("endless", Answer::Endless),
    ] {
        issuer.set(JWKS, answer);
        assert_eq!(issuer.guard().verify(&token).await.expect_err(why).status(), 503, "{why}");
    }
    assert_eq!(issuer.asked("/keys"), 0, "a redirect is not followed");
    issuer.set(JWKS, with_head("200 OK", "content-type: application/jwk-set+json\r\n", &set));
    assert!(issuer.guard().verify(&token).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_hangs_is_waited_for_only_so_long() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{";
    issuer.set(JWKS, Answer::Stuck(head.to_owned()));
    assert_eq!(issuer.guard().verify(&issuer.token(&one)).await.expect_err("no keys").status(), 503);
}

#[tokio::test]
async fn keys_that_moved_are_found_where_the_metadata_says_now() {
    let one = key("one");
    let issuer = Issuer::start(&[&one]).await;
    let guard = issuer.guard();
    assert!(guard.verify(&issuer.token(&one)).await.is_ok());
    let mut metadata = issuer.metadata();
    metadata["jwks_uri"] = json!(format!("{}/moved", issuer.url));
    issuer.set(METADATA, json_answer(&metadata));
    issuer.set("/moved", json_answer(&json!({ "keys": [one.jwk()] })));
    issuer.set(JWKS, with_head("404 Not Found", "", ""));
    for _ in 0..3 {
        issuer.pass(300);
        assert!(guard.verify(&issuer.token(&one)).await.is_ok());
    }
    assert!(issuer.asked("/moved") > 0);
}
