//! The token endpoint and userinfo.
//!
//! Owns: grants, refusals in their order, what a token opens. Does not own: limits and headers (`server`).

use super::*;

#[tokio::test]
async fn the_token_endpoint_refuses_in_its_order() {
    let server = Running::start("https://id.example.test").await;
    let as_service = format!("client_id=service&client_secret={SECRET}");
    for (path, form, expected, error) in [
        ("/token?grant_type=password", "client_id=service".to_owned(), 400, "invalid_request"),
        ("/token", "a=%zz".to_owned(), 400, "invalid_request"),
        ("/token", "a=%00".to_owned(), 400, "invalid_request"),
        ("/token", "a".repeat(5000), 413, "invalid_request"),
        ("/token", String::new(), 401, "invalid_client"),
        ("/token", "grant_type=client_credentials&client_id=service".to_owned(), 401, "invalid_client"),
        ("/token", "grant_type=client_credentials&client_id=spa&client_secret=x".to_owned(), 401, "invalid_client"),
        ("/token", as_service.clone(), 400, "invalid_request"),
        ("/token", format!("{as_service}&grant_type=refresh_token"), 400, "unauthorized_client"),
        ("/token", format!("{as_service}&grant_type=password"), 400, "unauthorized_client"),
        ("/token", format!("{as_service}&grant_type=client_credentials&scope=openid"), 400, "invalid_scope"),
        ("/token", format!("{as_service}&grant_type=client_credentials&scope=other"), 400, "invalid_scope"),
        (
            "/token",
            format!("{as_service}&grant_type=client_credentials&resource=https://x.test"),
            400,
            "invalid_target",
        ),
        ("/token", "grant_type=password&client_id=spa&username=a&password=b".to_owned(), 400, "unauthorized_client"),
        ("/token", "grant_type=password&client_id=first-party&username=a".to_owned(), 400, "invalid_request"),
    ] {
        let (status, head, body) = server.post(path, "", &form).await;
        assert_eq!((status, body["error"].as_str()), (expected, Some(error)), "{form:.80}: {body}");
        assert!(head.contains("cache-control: no-store") && head.contains("pragma: no-cache"), "{head}");
        assert_eq!(head.contains("www-authenticate: basic realm=\"vestibule\""), status == 401, "{head}");
    }
    let (status, _, body) =
        server.send("POST /token HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}").await;
    assert!(status == 400 && body.contains("invalid_request"), "{status} {body}");
    server.end().await;
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own() {
    let server = Running::start("https://id.example.test").await;
    let basic = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(format!("service:{SECRET}"))
    };
    let (status, head, body) =
        server.post("/token", &format!("authorization: Basic {basic}\r\n"), "grant_type=client_credentials").await;
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: application/json") && head.contains("cache-control: no-store"), "{head}");
    assert_eq!(
        (body["token_type"].as_str(), body["scope"].as_str(), body["expires_in"].as_u64()),
        (Some("Bearer"), Some("read:users"), Some(600))
    );
    let claims = payload(&body["access_token"]);
    assert_eq!((claims["sub"].as_str(), claims["aud"].as_str()), (Some("service"), Some(API)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    let (status, head, _) = server.userinfo(&body["access_token"]).await;
    assert!(status == 403 && head.contains("error=\"insufficient_scope\"") && head.contains("scope=\"openid\""));
    server.end().await;
}

#[tokio::test]
async fn a_password_opens_what_roles_permit_and_no_id_token() {
    let server = Running::start("https://id.example.test").await;
    let user = server.person("correct horse battery").await;
    let ask = |password: &str, scope: &str| {
        format!("grant_type=password&client_id=first-party&username=ADA&password={password}&scope={scope}")
    };
    let (status, _, body) =
        server.post("/token", "", &ask("correct+horse+battery", "openid+read:users+write:posts")).await;
    assert_eq!((status, body["scope"].as_str()), (200, Some("openid read:users")), "{body}");
    assert!(body.get("id_token").is_none());
    let (status, _, info) = server.userinfo(&body["access_token"]).await;
    assert_eq!(status, 200);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&info).unwrap(),
        serde_json::json!({ "sub": user.id.to_string() })
    );
    let (status, _, wrong) = server.post("/token", "", &ask("wrong", "openid")).await;
    assert_eq!((status, wrong["error"].as_str()), (400, Some("invalid_grant")));
    let (status, _, nothing) = server.post("/token", "", &ask("correct+horse+battery", "write:posts")).await;
    assert_eq!((status, nothing["error"].as_str()), (400, Some("invalid_scope")));
    server.end().await;
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_a_replay_revokes_its_grant() {
    let server = Running::start("https://id.example.test").await;
    let user = server.person("correct horse battery").await;
    let code = server.code(&user, "openid profile read:users").await;
    let form = format!(
        "grant_type=authorization_code&client_id=web&client_secret={SECRET}&code={}&code_verifier={SECRET}&redirect_uri={CALLBACK}",
        code.expose()
    );
    let (status, _, body) = server.post("/token", "", &form).await;
    assert_eq!((status, body["scope"].as_str()), (200, Some("openid profile read:users")), "{body}");
    let access = payload(&body["access_token"]);
    assert_eq!(access["aud"], serde_json::json!([API, "https://id.example.test"]));
    assert!(access["auth_time"].is_i64() && access["amr"] == serde_json::json!(["pwd"]));
    let id_token = payload(&body["id_token"]);
    assert_eq!((id_token["nonce"].as_str(), id_token["aud"].as_str()), (Some("n1"), Some("web")));
    assert_eq!((id_token["preferred_username"].as_str(), id_token["name"].as_str()), (Some("ada"), Some("Ada")));
    assert!(id_token["sid"].is_string() && id_token.get("email").is_none());
    assert_eq!(server.userinfo(&body["access_token"]).await.0, 200);
    let (status, _, replay) = server.post("/token", "", &form).await;
    assert_eq!((status, replay["error"].as_str()), (400, Some("invalid_grant")));
    let (status, head, _) = server.userinfo(&body["access_token"]).await;
    assert!(status == 401 && head.contains("error=\"invalid_token\""), "{head}");
    server.end().await;
}

#[tokio::test]
async fn a_code_that_revives_in_the_ephemeral_store_is_still_refused() {
    let server = Running::start("https://id.example.test").await;
    let user = server.person("correct horse battery").await;
    let code = server.code(&user, "openid").await;
    let kept = server.app.stores.codes.take(&code.hash()).await.unwrap();
    let crate::store::Taken::Fresh(kept) = kept else { panic!("the code is there") };
    let form = format!(
        "grant_type=authorization_code&client_id=web&client_secret={SECRET}&code={}&code_verifier={SECRET}",
        code.expose()
    );
    server.app.stores.codes.put(&code.hash(), &kept).await.unwrap();
    let (status, _, first) = server.post("/token", "", &form).await;
    assert_eq!(status, 200, "{first}");
    // What a flush and an old backup would do.
    server.app.stores.codes.put(&code.hash(), &kept).await.unwrap();
    let (status, _, second) = server.post("/token", "", &form).await;
    assert_eq!((status, second["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(server.userinfo(&first["access_token"]).await.0, 401);
    server.end().await;
}

#[tokio::test]
async fn userinfo_asks_for_a_token_in_one_place() {
    let server = Running::start("https://id.example.test").await;
    let (status, head, body) = server.get("/userinfo?access_token=abc").await;
    assert_eq!((status, body.as_str()), (401, ""));
    assert!(head.contains("www-authenticate: bearer realm=\"vestibule\"\r\n"), "{head}");
    let (status, _, body) = server.post("/userinfo", "authorization: Bearer a.b.c\r\n", "access_token=a.b.c").await;
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_request")));
    let (status, head, _) = server.post("/userinfo", "", "access_token=a.b.c").await;
    assert!(status == 401 && head.contains("error=\"invalid_token\""), "{head}");
    server.end().await;
}

#[tokio::test]
async fn of_many_redemptions_at_once_exactly_one_succeeds() {
    let server = Running::start("https://id.example.test").await;
    let user = server.person("correct horse battery").await;
    let code = server.code(&user, "openid").await;
    let form = format!(
        "grant_type=authorization_code&client_id=web&client_secret={SECRET}&code={}&code_verifier={SECRET}",
        code.expose()
    );
    let answers = futures_util::future::join_all((0..50).map(|_| server.post("/token", "", &form))).await;
    let won = answers.iter().filter(|(status, ..)| *status == 200).count();
    let lost = answers.iter().filter(|(status, _, body)| *status == 400 && body["error"] == "invalid_grant").count();
    assert_eq!((won, lost), (1, 49));
    server.end().await;
}

#[tokio::test]
async fn a_code_of_someone_whose_sessions_ended_is_refused() {
    let server = Running::start("https://id.example.test").await;
    let user = server.person("correct horse battery").await;
    let code = server.code(&user, "openid").await;
    let new = StoredPassword { phc: SecretString::from("$argon2id$other".to_owned()), generated_until: None };
    let old = user.password.clone().unwrap();
    let later = server.app.now().plus(Duration::from_secs(1));
    assert!(server.app.stores.users.set_password(user.id, &old, &new, false, later).await.unwrap());
    let form = format!(
        "grant_type=authorization_code&client_id=web&client_secret={SECRET}&code={}&code_verifier={SECRET}",
        code.expose()
    );
    let (status, _, body) = server.post("/token", "", &form).await;
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")), "{body}");
    server.end().await;
}

#[tokio::test]
async fn resource_at_the_token_endpoint_narrows_and_never_widens() {
    let server = Running::start("https://id.example.test").await;
    let user = server.person("correct horse battery").await;
    for (scope, resource, expected) in [
        ("openid read:users", API, Ok(API)),
        ("openid", API, Err("invalid_target")),
        ("openid read:users", "https://other.test", Err("invalid_target")),
    ] {
        let code = server.code(&user, scope).await;
        let form = format!(
            "grant_type=authorization_code&client_id=web&client_secret={SECRET}&code={}&code_verifier={SECRET}&resource={resource}",
            code.expose()
        );
        let (_, _, body) = server.post("/token", "", &form).await;
        match expected {
            Ok(audience) => assert_eq!(payload(&body["access_token"])["aud"].as_str(), Some(audience), "{body}"),
            Err(error) => assert_eq!(body["error"].as_str(), Some(error), "{scope} {resource}"),
        }
    }
    server.end().await;
}
