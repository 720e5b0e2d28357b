//! The layer before any service of tower.

use std::convert::Infallible;

use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};
use vestibule_guard::tower::GuardLayer;
use vestibule_guard::{Guard, KeySet, RequiredScope, Token, scope};

use crate::forge::{AUDIENCE, Forge, ISSUER, NOW, claims, with};
use crate::issuer::Issuer;

scope! {
    ReadUsers = "read:users";
}

type Request = http::Request<()>;
type Response = http::Response<String>;

/// Who the service behind found, in both ways.
async fn behind(request: Request) -> Result<Response, Infallible> {
    let any = request.extensions().get::<Token>().expect("a token");
    let typed = request.extensions().get::<Token<ReadUsers>>().map_or("nobody", |token| token.client_id());
    Ok(Response::new(format!("{} {typed}", any.subject())))
}

async fn ask<S: RequiredScope>(guard: &Guard, headers: &[String], uri: &str) -> Response {
    let service = GuardLayer::<S>::new(guard.clone()).layer(service_fn(behind));
    let mut request = Request::new(());
    *request.uri_mut() = uri.parse().expect("a URI");
    for header in headers {
        request.headers_mut().append("authorization", header.parse().expect("a value"));
    }
    service.oneshot(request).await.expect("infallible")
}

fn challenge(answer: &Response) -> &str {
    answer.headers().get("www-authenticate").map_or("", |value| value.to_str().expect("text"))
}

const REALM: &str = "Bearer realm=\"https://api.example.test\"";

#[tokio::test]
async fn only_a_good_token_with_the_scope_passes_and_is_found_behind() {
    let key = Forge::new("ES256", "one");
    let keys = KeySet::parse(json!({ "keys": [key.jwk()] }).to_string().as_bytes()).expect("a set");
    let guard = Guard::builder(ISSUER).audience(AUDIENCE).keys(keys).clock(|| NOW).build().expect("a guard");
    let good = format!("Bearer {}", key.token(&claims()));
    let poor = format!("Bearer {}", key.token(&with("scope", Value::Null)));
    let passed = ask::<ReadUsers>(&guard, std::slice::from_ref(&good), "/").await;
    assert_eq!((passed.status().as_u16(), passed.body().as_str()), (200, "ada web"));
    let passed = ask::<()>(&guard, std::slice::from_ref(&poor), "/").await;
    assert_eq!((passed.status().as_u16(), passed.body().as_str()), (200, "ada nobody"));
    let lacking = ask::<ReadUsers>(&guard, &[poor], "/").await;
    assert_eq!(lacking.status(), 403);
    assert!(challenge(&lacking).starts_with(&format!("{REALM}, error=\"insufficient_scope\"")));
    assert!(challenge(&lacking).ends_with(", scope=\"read:users\""));
    let nothing = ask::<ReadUsers>(&guard, &[], "/").await;
    assert_eq!((nothing.status().as_u16(), challenge(&nothing), nothing.body().as_str()), (401, REALM, ""));
    assert_eq!(nothing.headers()["cache-control"], "no-store");
    let wrong = ask::<ReadUsers>(&guard, &["Bearer x".to_owned()], "/").await;
    assert!(wrong.status() == 401 && challenge(&wrong).contains("error=\"invalid_token\""));
    let twice = ask::<ReadUsers>(&guard, &[good], "/?access_token=x").await;
    assert!(twice.status() == 400 && challenge(&twice).contains("error=\"invalid_request\""));
}

#[tokio::test]
async fn without_keys_the_answer_is_503() {
    let key = Forge::new("ES256", "one");
    let issuer = Issuer::start(&[&key]).await;
    issuer.down(true);
    let answer = ask::<()>(&issuer.guard(), &[format!("Bearer {}", issuer.token(&key))], "/").await;
    assert_eq!((answer.status().as_u16(), challenge(&answer)), (503, ""));
    assert_eq!(answer.headers()["retry-after"], "5");
}
