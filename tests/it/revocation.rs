//! Taking a token back (RFC 7009, threats F02, F07).

use reqwest::Method;
use serde_json::json;

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp};

both_setups! {
    /// RFC 7009 2.1.
    async fn a_refresh_token_takes_its_family_and_access_tokens_along(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = app.tokens(&Ask::of("keeper"), &ada).await;
        let second = app.refresh("keeper", &first.member("refresh_token")).send().await.expect(200);
        let other = app.tokens(&Ask::of("keeper"), &ada).await;
        // An old one of the family does, too.
        app.revoke("keeper", &first.member("refresh_token")).await;
        for tokens in [&first, &second] {
            let refused = app.refresh("keeper", &tokens.member("refresh_token")).send().await;
            refused.expect_error(400, "invalid_grant");
            app.userinfo(&tokens.member("access_token")).await.expect_error(401, "invalid_token");
            assert_eq!(app.introspect(&tokens.member("access_token")).await, json!({"active": false}));
        }
        app.userinfo(&other.member("access_token")).await.expect(200);
        app.refresh("keeper", &other.member("refresh_token")).send().await.expect(200);
        app.revoke("keeper", &first.member("refresh_token")).await;
    }

    async fn an_access_token_takes_only_itself_along(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = app.tokens(&Ask::of("keeper"), &ada).await;
        let second = app.refresh("keeper", &first.member("refresh_token")).send().await.expect(200);
        for _ in 0..2 {
            app.revoke("keeper", &first.member("access_token")).await;
        }
        app.userinfo(&first.member("access_token")).await.expect_error(401, "invalid_token");
        assert_eq!(app.introspect(&first.member("access_token")).await, json!({"active": false}));
        app.userinfo(&second.member("access_token")).await.expect(200);
        app.refresh("keeper", &second.member("refresh_token")).send().await.expect(200);
    }

    /// A client's own token, and one of a public client.
    async fn every_client_takes_its_own_tokens_back(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let own = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
        let own = own.send().await.expect(200).member("access_token");
        assert_eq!(app.introspect(&own).await["active"], true);
        app.revoke("service", &own).await;
        assert_eq!(app.introspect(&own).await, json!({"active": false}));
        let public = app.tokens(&Ask::of("keeper-spa"), &ada).await.member("refresh_token");
        app.revoke("keeper-spa", &public).await;
        app.refresh("keeper-spa", &public).send().await.expect_error(400, "invalid_grant");
    }

    /// F07: no effect, and the answer is the same as for garbage.
    async fn tokens_of_others_and_texts_that_are_none_change_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        for stranger in ["web", "keeper-spa", "api-server"] {
            for token in [tokens.member("refresh_token"), tokens.member("access_token"), tokens.member("id_token")] {
                app.revoke(stranger, &token).await;
            }
        }
        for garbage in ["x", &"A".repeat(76), "a.b.c", "' OR 1=1 --", "\u{1F511}"] {
            app.revoke("keeper", garbage).await;
        }
        app.userinfo(&tokens.member("access_token")).await.expect(200);
        assert_eq!(app.introspect(&tokens.member("access_token")).await["active"], true);
        app.refresh("keeper", &tokens.member("refresh_token")).send().await.expect(200);
    }

    /// RFC 7009 2.1, 2.2.1.
    async fn a_malformed_request_is_told_what_is_wrong(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
        app.client_request("/revoke", "keeper").send().await.expect_error(400, "invalid_request");
        app.client_request("/revoke", "keeper").field("token", "").send().await.expect_error(400, "invalid_request");
        let twice = app.client_request("/revoke", "keeper").field("token", &token).field("token", &token);
        twice.send().await.expect_error(400, "invalid_request");
        let anonymous = app.request(Method::POST, "/revoke").field("token", &token);
        anonymous.send().await.expect_error(401, "invalid_client");
        let named = app.request(Method::POST, "/revoke").field("token", &token).field("client_id", "keeper");
        named.send().await.expect_error(401, "invalid_client");
        let by_query = app.request(Method::POST, &format!("/revoke?token={token}")).basic("keeper", "x");
        by_query.send().await.expect_error(400, "invalid_request");
        let get = app.get("/revoke").await.expect(405);
        assert_eq!(get.header("allow"), Some("POST, OPTIONS"));
        app.refresh("keeper", &token).send().await.expect(200);
        // A wrong hint is no obstacle.
        let token = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
        for hint in ["access_token", "pct_token"] {
            let request = app.client_request("/revoke", "keeper").field("token", &token).field("token_type_hint", hint);
            request.send().await.expect(200);
        }
        app.refresh("keeper", &token).send().await.expect_error(400, "invalid_grant");
    }

    /// F02: what one instance revoked, the other knows when it has asked, which it does every second.
    async fn what_one_instance_revokes_is_revoked_on_the_other(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        assert_eq!(second.introspect(&tokens.member("access_token")).await["active"], true);
        app.revoke("keeper", &tokens.member("refresh_token")).await;
        // By itself: asked again and again until it says so.
        let begun = tokio::time::Instant::now();
        while second.introspect(&tokens.member("access_token")).await["active"] == true {
            assert!(begun.elapsed().as_secs() < 10, "it never learns");
        }
        second.userinfo(&tokens.member("access_token")).await.expect_error(401, "invalid_token");
        // The row itself is read at each refresh.
        let refused = second.refresh("keeper", &tokens.member("refresh_token")).send().await;
        refused.expect_error(400, "invalid_grant");
        // An instance that starts later knows it from the start.
        let third = app.sibling().await;
        assert_eq!(third.introspect(&tokens.member("access_token")).await, json!({"active": false}));
    }

    /// A page of the client may ask, and read the answer; no other page may.
    async fn only_pages_of_the_client_read_the_answer(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = |origin: &str| app.client_request("/revoke", "spa").field("token", "x").header("origin", origin).send();
        let own = ask("https://spa.example.test").await.expect(200);
        assert_eq!(own.header("access-control-allow-origin"), Some("https://spa.example.test"));
        for origin in ["https://app.example.test", "https://evil.test", "null"] {
            let answer = ask(origin).await.expect(200);
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            assert!(answer.header("vary").unwrap_or_default().contains("Origin"));
        }
    }
}
