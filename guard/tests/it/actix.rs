//! Typed scopes in the handlers of an actix application, over HTTP.

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, test, web};
use serde_json::{Value, json};
use vestibule_guard::{AccessToken, Guard, KeySet, Token, scope};

use crate::forge::{AUDIENCE, Forge, ISSUER, NOW, claims, with};
use crate::issuer::Issuer;

scope! {
    /// Sees people.
    ReadUsers = "read:users";
    ManageUsers = "read:users write:users";
}

async fn public() -> &'static str {
    "open"
}

async fn signed_in(token: Token) -> String {
    token.subject().to_owned()
}

async fn read(token: Token<ReadUsers>) -> String {
    let token: &AccessToken = &token;
    token.client_id().to_owned()
}

async fn write(_: Token<ManageUsers>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

async fn either(token: Option<Token<ReadUsers>>) -> &'static str {
    if token.is_some() { "known" } else { "unknown" }
}

/// Status, challenge, `Retry-After` and body of an answer.
async fn ask(
    guard: impl Fn(&mut web::ServiceConfig),
    path: &str,
    headers: &[&str],
) -> (StatusCode, Option<String>, Option<String>, String) {
    let routes = |config: &mut web::ServiceConfig| {
        config
            .route("/public", web::get().to(public))
            .route("/me", web::get().to(signed_in))
            .route("/users", web::get().to(read))
            .route("/users", web::post().to(write))
            .route("/either", web::get().to(either));
    };
    let app = test::init_service(App::new().configure(guard).configure(routes)).await;
    let (method, path) = path.split_once(' ').unwrap_or(("GET", path));
    let mut request = test::TestRequest::with_uri(path).method(method.parse().expect("a method"));
    for header in headers {
        request = request.append_header(("authorization", *header));
    }
    let answer = test::call_service(&app, request.to_request()).await;
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    let (status, challenge, retry) = (answer.status(), header("www-authenticate"), header("retry-after"));
    if status.is_client_error() {
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
    }
    (status, challenge, retry, String::from_utf8(test::read_body(answer).await.to_vec()).expect("text"))
}

fn keys(key: &Forge) -> KeySet {
    KeySet::parse(json!({ "keys": [key.jwk()] }).to_string().as_bytes()).expect("a set")
}

fn guard(key: &Forge) -> Guard {
    Guard::builder(ISSUER).audience(AUDIENCE).keys(keys(key)).clock(|| NOW).build().expect("a guard")
}

const REALM: &str = "Bearer realm=\"https://api.example.test\"";

#[actix_web::test]
async fn a_route_is_open_only_to_who_has_its_scopes() {
    let key = Forge::new("ES256", "one");
    let guard = guard(&key);
    let with_guard = |config: &mut web::ServiceConfig| {
        config.app_data(guard.clone());
    };
    let bearer = |claims: &Value| format!("Bearer {}", key.token(claims));
    let (good, poor) = (bearer(&claims()), bearer(&with("scope", Value::Null)));
    let both = bearer(&with("scope", json!("write:users read:users")));
    for (path, token, status, body) in [
        ("/public", None, 200, "open"),
        ("/me", Some(&good), 200, "ada"),
        ("/me", Some(&poor), 200, "ada"),
        ("/users", Some(&good), 200, "web"),
        ("POST /users", Some(&both), 204, ""),
        ("/either", Some(&good), 200, "known"),
        ("/either", Some(&poor), 200, "unknown"),
        ("/either", None, 200, "unknown"),
    ] {
        let headers: Vec<&str> = token.iter().map(|token| token.as_str()).collect();
        let answer = ask(with_guard, path, &headers).await;
        assert_eq!((answer.0.as_u16(), answer.3.as_str()), (status, body), "{path}");
    }
    let (status, challenge, _, body) = ask(with_guard, "POST /users", &[&good]).await;
    let text = "the access token lacks a scope of: read:users write:users";
    assert_eq!(status, 403);
    let expected = format!(
        "{REALM}, error=\"insufficient_scope\", error_description=\"{text}\", scope=\"read:users write:users\""
    );
    assert_eq!(challenge, Some(expected));
    assert_eq!(body, json!({ "error": "insufficient_scope", "error_description": text }).to_string());
    assert_eq!(ask(with_guard, "/users", &[&poor]).await.0, 403);
}

#[actix_web::test]
async fn who_has_no_good_token_is_told_as_rfc_6750_says() {
    let key = Forge::new("ES256", "one");
    let guard = web::Data::new(guard(&key));
    let with_guard = |config: &mut web::ServiceConfig| {
        config.app_data(guard.clone());
    };
    let good = format!("Bearer {}", key.token(&claims()));
    let expired = format!("Bearer {}", key.token(&with("exp", json!(NOW - 60))));
    let nothing = ask(with_guard, "/users", &[]).await;
    assert_eq!(nothing, (StatusCode::UNAUTHORIZED, Some(REALM.to_owned()), None, String::new()));
    assert_eq!(ask(with_guard, "/users?access_token=x", &["DPoP x"]).await.1, Some(REALM.to_owned()));
    let (status, challenge, _, _) = ask(with_guard, "/users", &[&expired]).await;
    let text = "the access token is not accepted: it has expired";
    assert_eq!(status, 401);
    assert_eq!(challenge, Some(format!("{REALM}, error=\"invalid_token\", error_description=\"{text}\"")));
    for (path, headers) in
        [("/users?access_token=x", &[good.as_str()][..]), ("/users", &[&good, &good]), ("/users", &["Bearer a b"])]
    {
        let (status, challenge, _, _) = ask(with_guard, path, headers).await;
        let challenge = challenge.expect("a challenge");
        assert!(challenge.starts_with(&format!("{REALM}, error=\"invalid_request\"")), "{challenge}");
        assert_eq!(status, 400, "{path}");
    }
}

#[actix_web::test]
async fn an_application_without_keys_or_without_a_guard_lets_nobody_in() {
    let key = Forge::new("ES256", "one");
    let issuer = Issuer::start(&[&key]).await;
    issuer.down(true);
    let guard = issuer.guard();
    let token = format!("Bearer {}", issuer.token(&key));
    let with_guard = |config: &mut web::ServiceConfig| {
        config.app_data(guard.clone());
    };
    let answer = ask(with_guard, "/users", &[&token]).await;
    assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, None, Some("5".to_owned()), String::new()));
    assert_eq!(ask(|_| (), "/users", &[&token]).await.0, 500);
}
