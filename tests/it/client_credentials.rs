//! The grant of a client for itself, and grants that are not a client's (threats D10, D11).

use crate::both_setups;
use crate::support::{Setup, TestApp, jwt};

both_setups! {
    async fn a_client_gets_a_token_for_itself(setup: Setup) {
        let app = TestApp::start(setup).await;
        let request = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users write:posts");
        let answer = request.send().await.expect(200);
        answer.expect_no_store();
        let body = answer.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 600);
        assert_eq!(body["scope"], "read:users write:posts");
        assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none(), "{body}");
        let claims = jwt::verify(&app, body["access_token"].as_str().expect("a token"), jsonwebtoken::Algorithm::ES256).await;
        assert_eq!(claims["aud"], "https://api.example.test");
        assert!(uuid::Uuid::parse_str(claims["jti"].as_str().expect("text")).is_ok(), "{claims}");
    }

    /// D11.
    async fn a_scope_that_is_not_registered_is_refused_by_name(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (scope, named) in [("read:users admin", "admin"), ("read:legacy", "read:legacy"), ("profile", "profile"), ("*", "*")] {
            let request = app.token("service").field("grant_type", "client_credentials").field("scope", scope);
            let description = request.send().await.expect_error(400, "invalid_scope");
            assert!(description.contains(named), "{description}");
        }
        for scope in ["openid", "openid read:users"] {
            let request = app.token("service").field("grant_type", "client_credentials").field("scope", scope);
            request.send().await.expect_error(400, "invalid_scope");
            let request = app.token("homeless").field("grant_type", "client_credentials").field("scope", scope);
            request.send().await.expect_error(400, "invalid_scope");
        }
    }

    async fn without_a_scope_it_gets_its_default_or_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let granted = app.token("service").field("grant_type", "client_credentials").send().await.expect(200);
        assert_eq!(granted.member("scope"), "read:users");
        let refused = app.token("homeless").field("grant_type", "client_credentials").send().await;
        refused.expect_error(400, "invalid_scope");
    }

    /// D10: only what a client lists.
    async fn a_grant_that_a_client_does_not_list_is_unauthorized(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for (client, grant) in [
            ("web", "client_credentials"),
            ("spa", "client_credentials"),
            ("service", "authorization_code"),
            ("service", "password"),
            ("web", "password"),
            ("spa", "password"),
            ("first-party", "authorization_code"),
        ] {
            let request = app
                .token(client)
                .field("grant_type", grant)
                .field("username", &ada.username)
                .field("password", &ada.password)
                .field("code", "x");
            let description = request.send().await.expect_error(400, "unauthorized_client");
            assert!(description.contains("grant_types") && description.contains(grant), "{description}");
        }
    }

    /// Grants that we do not serve.
    async fn a_grant_that_we_lack_is_unsupported(setup: Setup) {
        let app = TestApp::start(setup).await;
        for grant in [
            "implicit",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "PASSWORD",
            "\u{1F511}",
        ] {
            let request = app.token("first-party").field("grant_type", grant).field("refresh_token", "x");
            request.send().await.expect_error(400, "unsupported_grant_type");
        }
        app.token("first-party").field("scope", "openid").send().await.expect_error(400, "invalid_request");
        app.token("first-party").field("grant_type", "").send().await.expect_error(400, "invalid_request");
    }
}
