//! What a refresh gives: never more than was granted, is registered and is permitted (threats E07, E08,
//! E10), and when `offline_access` is granted at all (OpenID Connect Core 11).

use vestibule::protocol::ids::RoleName;

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp, jwt};

both_setups! {
    /// E08: narrowing is for one access token, the grant stays what it is.
    async fn a_refresh_narrows_and_never_widens(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper").set("scope", "openid email read:users"), &ada).await;
        let mut token = tokens.member("refresh_token");
        for (asked, given) in [
            ("read:users", "read:users"),
            ("openid", "openid"),
            ("", "openid email read:users"),
            ("email openid", "email openid"),
            ("openid email read:users", "openid email read:users"),
        ] {
            let answer = app.refresh("keeper", &token).field("scope", asked).send().await.expect(200);
            assert_eq!(answer.member("scope"), given, "{asked}");
            assert_eq!(jwt::claims(&answer.member("access_token"))["scope"], given);
            assert_eq!(answer.json().get("id_token").is_some(), given.contains("openid"), "{asked}");
            token = answer.member("refresh_token");
        }
        for more in ["write:posts", "openid write:posts", "profile", "offline_access", "admin", "\u{1F511}"] {
            app.refresh("keeper", &token).field("scope", more).send().await.expect_error(400, "invalid_scope");
        }
        // None of the refused requests used the token up.
        app.advance_seconds(60);
        app.refresh("keeper", &token).send().await.expect(200);
    }

    /// E07: a role that is gone is gone at the next refresh.
    async fn what_a_person_may_no_longer_do_is_not_renewed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mixed = app.tokens(&Ask::of("keeper").set("scope", "openid read:users write:posts"), &ada).await;
        let only = app.tokens(&Ask::of("keeper").set("scope", "write:posts"), &ada).await;
        let reader = [RoleName::parse("reader").expect("a role")];
        assert!(app.app().stores.users.set_roles(ada.id, &reader, app.app().now()).await.expect("the store"));
        let answer = app.refresh("keeper", &mixed.member("refresh_token")).send().await.expect(200);
        assert_eq!(answer.member("scope"), "openid read:users");
        let refused = app.refresh("keeper", &only.member("refresh_token")).send().await;
        refused.expect_error(400, "invalid_scope");
    }

    /// E10: RFC 8707 2.2.
    async fn a_resource_outside_the_grant_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let api = "https://api.example.test";
        let open = app.tokens(&Ask::of("keeper").set("scope", "openid read:users"), &ada).await.member("refresh_token");
        let bound = app.tokens(&Ask::of("keeper").set("scope", "openid read:users").set("resource", api), &ada).await;
        let bound = bound.member("refresh_token");
        for token in [&open, &bound] {
            for foreign in ["https://files.example.test", "https://evil.test", app.issuer(), "x"] {
                let answer = app.refresh("keeper", token).field("resource", foreign).send().await;
                answer.expect_error(400, "invalid_target");
            }
        }
        let answer = app.refresh("keeper", &open).field("resource", api).send().await.expect(200);
        assert_eq!(jwt::claims(&answer.member("access_token"))["aud"], api);
        // Without it, all of the grant again.
        let answer = app.refresh("keeper", &answer.member("refresh_token")).send().await.expect(200);
        assert_eq!(jwt::claims(&answer.member("access_token"))["aud"], serde_json::json!([api, app.issuer()]));
        let answer = app.refresh("keeper", &bound).send().await.expect(200);
        assert_eq!(jwt::claims(&answer.member("access_token"))["aud"], api);
    }

    /// OpenID Connect Core 11: asked with `prompt=consent`, or allowed before; else it is ignored.
    async fn offline_access_is_granted_to_whom_the_person_was_asked_for_it(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("keeper").set("scope", "openid offline_access");
        assert_eq!(app.tokens(&ask, &ada).await.member("scope"), "openid");
        let mut browser = app.browser();
        let asking = ask.clone().set("prompt", "consent");
        let login = browser.open(&asking.url(&app)).await.page();
        let consent = browser.sign_in(&login, &ada).await.page();
        assert!(consent.text().contains("while you are away"), "{}", consent.text());
        let code = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.callback().code();
        let tokens = asking.redeem(&app, &code).await.expect(200);
        assert_eq!(tokens.member("scope"), "openid offline_access");
        assert_eq!(app.tokens(&ask, &ada).await.member("scope"), "openid offline_access");
        let next = app.refresh("keeper", &tokens.member("refresh_token")).send().await.expect(200);
        assert_eq!(next.member("scope"), "openid offline_access");
    }
}
