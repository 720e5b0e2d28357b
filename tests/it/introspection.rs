//! Asking what a token means (RFC 7662, threats F02, F03, D09).

use reqwest::Method;
use serde_json::json;

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp, jwt};

both_setups! {
    /// RFC 7662 2.2: what the token itself says.
    async fn the_server_of_the_api_is_told_what_the_token_says(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web").set("scope", "openid read:users"), &ada).await;
        let answer = app.introspect_as("api-server", &token).send().await.expect(200);
        answer.expect_no_store();
        let (told, claims) = (answer.json(), jwt::claims(&token));
        assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
        for same in ["iss", "sub", "aud", "client_id", "scope", "exp", "iat", "jti", "auth_time", "acr", "amr"] {
            assert_eq!(told[same], claims[same], "{same}");
        }
        let members = told.as_object().expect("an object");
        assert_eq!(members.len(), 13, "{told}");
        assert!(members.values().all(|value| !value.is_null()), "{told}");
        let own = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
        let told = app.introspect(&own.send().await.expect(200).member("access_token")).await;
        assert_eq!((&told["sub"], &told["active"]), (&json!("service"), &json!(true)));
        assert!(told.get("auth_time").is_none(), "{told}");
    }

    /// F03: exactly this and nothing else, whatever the reason.
    async fn everything_else_is_inactive_and_no_more_is_said(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        let good = tokens.member("access_token");
        let foreign = app.access_token(&Ask::of("web").set("scope", "read:files"), &ada).await;
        let ours = app.access_token(&Ask::of("web").set("scope", "openid"), &ada).await;
        let parts: Vec<&str> = good.split('.').collect();
        let bad = [
            foreign, ours, tokens.member("id_token"), tokens.member("refresh_token"), "x".to_owned(), "a.b.c".to_owned(),
            format!("{}.{}.", parts[0], parts[1]), format!("{good}A"), "A".repeat(76), "A".repeat(9000), "\u{1F511}".to_owned(),
        ];
        for token in bad {
            let answer = app.introspect_as("api-server", &token).send().await.expect(200);
            assert_eq!(answer.text(), r#"{"active":false}"#, "{token:.60}");
            answer.expect_no_store();
        }
        // The client of the token itself is not the server of the API.
        assert_eq!(app.introspect_as("keeper", &good).send().await.expect(200).text(), r#"{"active":false}"#);
        app.advance_seconds(600);
        assert_eq!(app.introspect(&good).await, json!({"active": false}));
    }

    /// A client learns whether its own refresh token is good, and uses nothing up by asking.
    async fn a_client_is_told_about_its_own_refresh_tokens(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
        let ask = |client: &'static str, token: &str| {
            let request = app.introspect_as(client, token);
            async move { request.send().await.expect(200).json() }
        };
        for _ in 0..2 {
            let told = ask("keeper", &first).await;
            assert_eq!((&told["active"], &told["client_id"], &told["sub"]), (&json!(true), &json!("keeper"), &json!(ada.sub())));
            assert_eq!(told["exp"].as_i64(), Some(app.app().now().seconds() + 14 * 86_400));
        }
        assert_eq!(ask("web", &first).await, json!({"active": false}));
        let second = app.refresh("keeper", &first).send().await.expect(200).member("refresh_token");
        assert_eq!(ask("keeper", &second).await["active"], true);
        assert_eq!(ask("keeper", &first).await["active"], true, "within the grace it still gives something");
        app.advance_seconds(21);
        assert_eq!(ask("keeper", &first).await, json!({"active": false}));
        assert_eq!(ask("keeper", &second).await["active"], true, "asking is no reuse");
        app.revoke("keeper", &second).await;
        assert_eq!(ask("keeper", &second).await, json!({"active": false}));
    }

    /// F03, D02: who does not prove who they are is told nothing.
    async fn a_caller_that_is_not_authenticated_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web"), &ada).await;
        let ask = || app.request(Method::POST, "/introspect").field("token", &token);
        for request in [
            ask(),
            ask().field("client_id", "spa"),
            ask().field("client_id", "api-server"),
            ask().basic("api-server", "wrong"),
            ask().basic("retired", "retired-secret-IIIIIIIIIIIIIIIIIIIIIIIIIIIII"),
            ask().bearer(&token),
        ] {
            request.send().await.expect_error(401, "invalid_client");
        }
        app.client_request("/introspect", "api-server").send().await.expect_error(400, "invalid_request");
        let get = app.get("/introspect").await.expect(405);
        assert_eq!(get.header("allow"), Some("POST"));
        // It is for servers: no page may read an answer.
        let page = app.introspect_as("api-server", &token).header("origin", "https://app.example.test").send().await.expect(200);
        assert_eq!(page.header("access-control-allow-origin"), None);
        let preflight = app.request(Method::OPTIONS, "/introspect").header("origin", "https://app.example.test");
        assert_eq!(preflight.send().await.header("access-control-allow-origin"), None);
    }
}
