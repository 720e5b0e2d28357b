//! `id_token_hint` at the authorization endpoint: the person that is meant, or an answer that says no (OpenID
//! Connect Core 3.1.2.1; threats G01, G03, G10, H11).

use crate::both_setups;
use crate::support::{Ask, Person, Setup, TestApp, UserAgent, jwt};

async fn id_token(app: &TestApp, ask: &Ask, person: &Person) -> String {
    app.tokens(ask, person).await.member("id_token")
}

both_setups! {
    /// H11.
    async fn prompt_none_answers_for_the_person_of_the_hint_alone(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let hint = id_token(&app, &Ask::of("trusted"), &ada).await;
        let silent = Ask::of("trusted").set("prompt", "none").set("id_token_hint", &hint);
        let open = async |browser: &UserAgent| browser.clone().open(&silent.url(&app)).await.callback();
        open(&app.browser()).await.expect_error(&app, &silent, "login_required");
        open(&app.signed_in(&bob).await).await.expect_error(&app, &silent, "login_required");
        let code = open(&app.signed_in(&ada).await).await.code();
        assert_eq!(jwt::claims(&silent.redeem(&app, &code).await.expect(200).member("id_token"))["sub"], ada.sub());
    }

    /// The form is filled in with the name that the token told the client before, and no other.
    async fn somebody_else_is_asked_to_sign_in_as_the_person_of_the_hint(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let told = id_token(&app, &Ask::of("trusted"), &ada).await;
        let bare = id_token(&app, &Ask::of("trusted").set("scope", "openid"), &ada).await;
        for (hint, login_hint, name) in [(&told, "", "ada"), (&told, "ada@example.test", "ada@example.test"), (&bare, "", "")] {
            let browser = app.signed_in(&bob).await;
            let ask = Ask::of("trusted").set("id_token_hint", hint).set("login_hint", login_hint);
            let page = browser.clone().open(&ask.url(&app)).await.page();
            let (_, form) = UserAgent::form(&page, "/login");
            assert_eq!(form.value("username"), Some(name));
            assert!(page.text().contains("asks for another account"), "{}", page.text());
            // A wrong password keeps the page as it was.
            let wrong = Person { password: "wrong".to_owned(), ..ada.clone() };
            let again = browser.clone().sign_in(&page, &wrong).await.page();
            assert!(again.text().contains("asks for another account"), "{}", again.text());
            let callback = browser.clone().sign_in(&page, &ada).await.callback();
            callback.expect_response_to(&app, &ask);
            let tokens = ask.redeem(&app, &callback.code()).await.expect(200);
            assert_eq!(jwt::claims(&tokens.member("id_token"))["sub"], ada.sub());
            // Whoever signs in as somebody else all the same gives the client no code.
            let page = browser.clone().open(&ask.url(&app)).await.page();
            browser.clone().sign_in(&page, &bob).await.callback().expect_error(&app, &ask, "login_required");
        }
    }

    /// G10: an expired one of ours is as good.
    async fn a_hint_of_any_age_is_one(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let hint = id_token(&app, &Ask::of("trusted"), &ada).await;
        app.advance_seconds(100 * 86_400);
        let silent = Ask::of("trusted").set("prompt", "none").set("id_token_hint", &hint);
        app.signed_in(&ada).await.open(&silent.url(&app)).await.callback().code();
    }

    /// G01, G03, G10: what is not an ID token of ours for this client is refused, not ignored: the client would
    /// take whoever is signed in for the person that it meant.
    async fn what_is_no_id_token_of_this_client_is_an_invalid_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("trusted"), &ada).await;
        let good = tokens.member("id_token");
        let parts: Vec<&str> = good.split('.').collect();
        let foreign = id_token(&app, &Ask::of("web"), &ada).await;
        let elsewhere = TestApp::start(setup).await;
        let other_issuer = id_token(&elsewhere, &Ask::of("trusted"), &elsewhere.ada().await).await;
        let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", parts[1]);
        let changed = format!("{}.{}.{}", parts[0], foreign.split('.').nth(1).expect("a payload"), parts[2]);
        let mut browser = app.signed_in(&ada).await;
        for (hint, what) in [
            (foreign.as_str(), "another client's"),
            (&other_issuer, "another issuer's"),
            (&tokens.member("access_token"), "an access token"),
            (&unsigned, "unsigned"),
            (&changed, "changed"),
            ("not.a.jwt", "none at all"),
            ("a.b.c.d.e", "encrypted"),
            (&".".repeat(5000), "dots"),
        ] {
            for prompt in ["none", ""] {
                let ask = Ask::of("trusted").set("id_token_hint", hint).set("prompt", prompt);
                let callback = browser.open(&ask.url(&app)).await.callback();
                let said = callback.expect_error(&app, &ask, "invalid_request");
                assert!(said.contains("id_token_hint"), "{what}: {said}");
            }
        }
        // Nobody was signed out or in by it.
        assert!(app.is_signed_in(&browser).await);
    }
}
