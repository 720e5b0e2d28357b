//! The `claims` parameter: single claims that are asked for by name, and what a value of `sub` or `acr` demands
//! (OpenID Connect Core 5.5; threats F05, H11).

use serde_json::{Value, json};

use crate::both_setups;
use crate::support::{Arrival, Ask, Setup, TestApp, forms, jwt};

fn asking(client: &str, claims: &Value) -> Ask {
    Ask::of(client).set("scope", "openid").set("claims", &claims.to_string())
}

/// Which claims about the person there are.
fn about(claims: &Value) -> Vec<&str> {
    let known = [
        "name",
        "preferred_username",
        "updated_at",
        "email",
        "email_verified",
        "address",
        "phone_number",
        "phone_number_verified",
    ];
    known.into_iter().filter(|name| claims.get(name).is_some()).collect()
}

both_setups! {
    /// F05: each place tells what was asked for there, beside what the scopes open, and nothing more.
    async fn a_claim_is_told_where_it_was_asked_for(setup: Setup) {
        let app = TestApp::start(setup).await;
        let rita = app.resident("rita").await;
        let claims = json!({
            "userinfo": {"name": {"essential": true}, "address": null, "nickname": null},
            "id_token": {"email": null, "auth_time": {"essential": true}, "acr": {"essential": true, "values": ["1", "2"]}}
        });
        let tokens = app.tokens(&asking("mail-order", &claims), &rita).await;
        assert_eq!(tokens.member("scope"), "openid");
        let id_token = jwt::claims(&tokens.member("id_token"));
        assert_eq!(about(&id_token), ["email"], "{id_token}");
        assert_eq!((id_token["email"].as_str(), id_token["acr"].as_str()), (Some("rita@example.test"), Some("1")));
        let access_token = tokens.member("access_token");
        assert!(about(&jwt::claims(&access_token)).is_empty(), "the token says which, and nothing about the person");
        let info = app.userinfo(&access_token).await.expect(200).json();
        assert_eq!(about(&info), ["name", "address"], "{info}");
        assert_eq!(info["address"]["locality"], "Oxford");
        // Beside scopes.
        let ask = asking("mail-order", &claims).set("scope", "openid phone");
        let tokens = app.tokens(&ask, &rita).await;
        assert_eq!(about(&jwt::claims(&tokens.member("id_token"))), ["email", "phone_number", "phone_number_verified"]);
        let info = app.userinfo(&tokens.member("access_token")).await.expect(200).json();
        assert_eq!(about(&info), ["name", "address", "phone_number", "phone_number_verified"]);
    }

    /// They are the grant's: a refresh keeps them, and a narrower one without `openid` does not.
    async fn a_refresh_keeps_the_claims_of_the_grant(setup: Setup) {
        let app = TestApp::start(setup).await;
        let rita = app.resident("rita").await;
        let claims = json!({"userinfo": {"address": null}, "id_token": {"phone_number": null}});
        let ask = asking("mail-order", &claims).set("scope", "openid read:users");
        let first = app.tokens(&ask, &rita).await;
        let next = app.refresh("mail-order", &first.member("refresh_token")).send().await.expect(200);
        assert_eq!(about(&jwt::claims(&next.member("id_token"))), ["phone_number"]);
        assert_eq!(about(&app.userinfo(&next.member("access_token")).await.expect(200).json()), ["address"]);
        let narrow = app.refresh("mail-order", &next.member("refresh_token")).field("scope", "read:users");
        let narrow = narrow.send().await.expect(200);
        assert!(narrow.json().get("id_token").is_none());
        assert!(jwt::claims(&narrow.member("access_token")).get("userinfo_claims").is_none());
        app.userinfo(&narrow.member("access_token")).await.expect_error(403, "insufficient_scope");
    }

    /// Whoever says `minimal` and then asks by name is told what they asked for.
    async fn a_client_with_minimal_id_tokens_may_ask_by_name(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("slim").set("scope", "openid profile email").set("claims", r#"{"id_token":{"email":null}}"#);
        let tokens = app.tokens(&ask, &ada).await;
        assert_eq!(about(&jwt::claims(&tokens.member("id_token"))), ["email"]);
    }

    /// Claims of scopes that the client may not have, and claims without `openid`, are ignored.
    async fn claims_beyond_the_client_are_not_told(setup: Setup) {
        let app = TestApp::start(setup).await;
        let rita = app.resident("rita").await;
        let claims = json!({"userinfo": {"address": {"essential": true}, "phone_number": null, "name": null}});
        let mut browser = app.browser();
        let ask = asking("web", &claims);
        let login = browser.open(&ask.url(&app)).await.page();
        let consent = browser.sign_in(&login, &rita).await.page();
        assert!(!consent.text().contains("postal address") && consent.text().contains("See your name"), "{}", consent.text());
        let callback = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.callback();
        let token = ask.redeem(&app, &callback.code()).await.expect(200).member("access_token");
        assert_eq!(about(&app.userinfo(&token).await.expect(200).json()), ["name"]);
        let ask = asking("mail-order", &claims).set("scope", "read:users");
        let token = app.access_token(&ask, &rita).await;
        assert!(jwt::claims(&token).get("userinfo_claims").is_none());
    }

    /// The person is asked for what goes beyond the scopes, in words; it is remembered, and asked for again when it
    /// is more.
    async fn consent_shows_single_claims_and_remembers_them(setup: Setup) {
        let app = TestApp::start(setup).await;
        let rita = app.resident("rita").await;
        let mut browser = app.signed_in(&rita).await;
        let ask = asking("mail-order", &json!({"userinfo": {"address": null}, "id_token": {"email_verified": null}}));
        let consent = browser.open(&ask.url(&app)).await.page();
        let html = consent.text();
        for words in ["See your postal address", "See whether your e-mail address is confirmed"] {
            assert!(html.contains(words), "{html}");
        }
        assert!(!html.contains("See your e-mail address") && !html.contains("See your phone number"), "{html}");
        // What the form does not show is not allowed by it.
        let tampered = [("decision", "allow"), ("claims", "email_verified")];
        let consent = browser.submit(&consent, "/consent", &tampered).await.page();
        assert!(consent.url.path().ends_with("/consent"), "{}", consent.url);
        browser.submit(&consent, "/consent", &[("decision", "allow")]).await.callback().code();
        let silent = ask.clone().set("prompt", "none");
        browser.open(&silent.url(&app)).await.callback().code();
        let more = asking("mail-order", &json!({"userinfo": {"address": null, "phone_number": null}}));
        let silent = more.clone().set("prompt", "none");
        browser.open(&silent.url(&app)).await.callback().expect_error(&app, &silent, "consent_required");
        let consent = browser.open(&more.url(&app)).await.page();
        let hidden = forms::forms(&consent.text());
        assert!(hidden.iter().any(|form| form.value("claims") == Some("phone_number")), "{hidden:?}");
        assert!(consent.text().contains("Already allowed before"), "{}", consent.text());
        browser.submit(&consent, "/consent", &[("decision", "allow")]).await.callback().code();
        // A scope that was allowed permits what it opens.
        let scope = Ask::of("mail-order").set("scope", "openid phone");
        browser.authorize(&app, &scope, &rita).await;
        let single = asking("mail-order", &json!({"userinfo": {"phone_number_verified": null}})).set("prompt", "none");
        browser.open(&single.url(&app)).await.callback().code();
    }

    /// OpenID Connect Core 5.5.1.1: an essential `acr` that cannot be had is a failed authentication.
    async fn an_essential_acr_that_nobody_has_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for acr in [json!({"essential": true, "value": "2"}), json!({"essential": true, "values": ["urn:high", "phr"]})] {
            let ask = asking("web", &json!({"id_token": {"acr": acr}}));
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            let said = callback.expect_error(&app, &ask, "unmet_authentication_requirements");
            assert!(said.contains("there is 1"), "{said}");
        }
        // A preference is only that.
        for claims in [json!({"id_token": {"acr": {"values": ["2"]}}}), json!({"userinfo": {"acr": {"essential": true, "value": "2"}}})] {
            let tokens = app.tokens(&asking("web", &claims), &ada).await;
            assert_eq!(jwt::claims(&tokens.member("id_token"))["acr"], "1");
        }
    }

    /// OpenID Connect Core 5.5.1: no token for anybody but the person that is asked for.
    async fn a_value_of_sub_is_the_person_it_has_to_be(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let ask = |sub: &str| Ask::of("trusted").set("claims", &json!({"id_token": {"sub": {"value": sub}}}).to_string());
        let mut browser = app.signed_in(&ada).await;
        let mine = ask(&ada.sub()).set("prompt", "none");
        browser.open(&mine.url(&app)).await.callback().code();
        for sub in [bob.sub(), "nobody".to_owned(), ada.sub().to_uppercase()] {
            let silent = ask(&sub).set("prompt", "none");
            browser.open(&silent.url(&app)).await.callback().expect_error(&app, &silent, "login_required");
        }
        let his = ask(&bob.sub());
        let page = browser.open(&his.url(&app)).await.page();
        assert!(page.text().contains("asks for another account"), "{}", page.text());
        // No name is told that the client did not have: the page does not say who Bob is.
        assert!(!page.text().contains("bob"), "{}", page.text());
        let refused = browser.clone().sign_in(&page, &ada).await.callback();
        refused.expect_error(&app, &his, "login_required");
        let code = browser.sign_in(&page, &bob).await.callback().code();
        let tokens = his.redeem(&app, &code).await.expect(200);
        assert_eq!(jwt::claims(&tokens.member("id_token"))["sub"], bob.sub());
    }

    async fn claims_that_cannot_be_read_are_an_invalid_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let deep = format!("{}1{}", "{\"userinfo\":".repeat(200), "}".repeat(200));
        let long = json!({"userinfo": {"x": "y".repeat(5000)}}).to_string();
        for claims in ["{not json", "[]", r#"{"userinfo":1}"#, r#"{"userinfo":{"name":1}}"#, r#"{"a":1,"a":2}"#, &deep, &long] {
            let ask = Ask::of("web").set("claims", claims);
            match app.browser().open(&ask.url(&app)).await {
                Arrival::Away(url) => {
                    let said = crate::support::agent::Callback { url }.expect_error(&app, &ask, "invalid_request");
                    assert!(said.contains("claims"), "{said}");
                }
                // Longer than any query may be.
                Arrival::Page(page) => assert_eq!(page.status, 414, "{}", page.text()),
            }
        }
    }
}
