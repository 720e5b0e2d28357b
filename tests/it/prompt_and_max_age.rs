//! `prompt` and `max_age`: a fresh sign-in when it is asked for, silence when that is (threats H10, H11).

use std::time::Duration;

use crate::both_setups;
use crate::support::{Arrival, Ask, Person, Setup, TestApp, UserAgent, jwt};

/// Whether the request leads to the sign-in page.
async fn asks_for_password(app: &TestApp, browser: &UserAgent, ask: &Ask) -> bool {
    match browser.clone().open(&ask.url(app)).await {
        Arrival::Page(page) => {
            assert!(page.url.path().ends_with("/login"), "{}: {}", page.url, page.text());
            true
        }
        Arrival::Away(_) => false,
    }
}

async fn auth_time(app: &TestApp, browser: &mut UserAgent, ask: &Ask, person: &Person) -> i64 {
    let code = browser.authorize(app, ask, person).await.code();
    let answer = ask.redeem(app, &code).await.expect(200);
    let [id, access] = ["id_token", "access_token"].map(|name| jwt::claims(&answer.member(name)));
    assert_eq!(id["auth_time"], access["auth_time"]);
    id["auth_time"].as_i64().expect("seconds")
}

both_setups! {
    /// H10.
    async fn prompt_login_asks_for_the_password_and_updates_auth_time(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let plain = Ask::of("trusted");
        let first = auth_time(&app, &mut browser, &plain, &ada).await;
        app.advance_seconds(100);
        assert_eq!(auth_time(&app, &mut browser, &plain, &ada).await, first, "a silent sign-in is not a new one");
        for prompt in ["login", "login consent"] {
            let ask = Ask::of("trusted").set("prompt", prompt);
            assert!(asks_for_password(&app, &browser, &ask).await, "{prompt}");
        }
        let ask = Ask::of("trusted").set("prompt", "login");
        assert_eq!(auth_time(&app, &mut browser, &ask, &ada).await, first + 100);
    }

    /// H10: leaving the sign-in page changes nothing.
    async fn an_abandoned_reauthentication_gives_no_code_and_leaves_the_session(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let first = auth_time(&app, &mut browser, &Ask::of("trusted"), &ada).await;
        let session = browser.session().map(str::to_owned);
        app.advance_seconds(10);
        let ask = Ask::of("trusted").set("prompt", "login");
        let login = browser.open(&ask.url(&app)).await.page();
        // Neither the dispatcher nor a wrong password gets past it.
        let id = login.url.query().expect("an id");
        let page = browser.open(&app.url(&format!("/authorize/resume?{id}"))).await.page();
        assert!(page.url.path().ends_with("/login"));
        let wrong = Person { password: "wrong".to_owned(), ..ada.clone() };
        let page = browser.sign_in(&login, &wrong).await.page();
        assert!(page.url.path().ends_with("/login"));
        let page = browser.open(&app.url(&format!("/authorize/resume?{id}"))).await.page();
        assert!(page.url.path().ends_with("/login"));
        assert_eq!(browser.session().map(str::to_owned), session);
        assert_eq!(auth_time(&app, &mut browser, &Ask::of("trusted"), &ada).await, first);
    }

    /// H10: the boundary, by the server's clock.
    async fn max_age_is_held_to_the_second(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let ask = Ask::of("trusted").set("max_age", "60");
        let first = auth_time(&app, &mut browser, &ask, &ada).await;
        app.advance(Duration::from_mins(1));
        assert!(!asks_for_password(&app, &browser, &ask).await);
        app.advance(Duration::from_millis(1));
        assert!(asks_for_password(&app, &browser, &ask).await);
        assert!(!asks_for_password(&app, &browser, &Ask::of("trusted").set("max_age", "61")).await);
        assert!(!asks_for_password(&app, &browser, &Ask::of("trusted").set("max_age", "4294967295")).await);
        assert_eq!(auth_time(&app, &mut browser, &ask, &ada).await, first + 60);
        // Zero always asks (OpenID Connect Core 3.1.2.1), once, and is then satisfied.
        app.advance_seconds(1);
        let zero = Ask::of("trusted").set("max_age", "0");
        assert!(asks_for_password(&app, &browser, &zero).await);
        assert_eq!(auth_time(&app, &mut browser, &zero, &ada).await, first + 61);
    }

    /// H10: a session made in the very millisecond of the request, but not by it, is no fresh sign-in.
    async fn a_sign_in_elsewhere_is_not_one_of_this_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        // The clock stands still.
        let mut browser = app.signed_in(&ada).await;
        for (name, value) in [("prompt", "login"), ("max_age", "0")] {
            let ask = Ask::of("trusted").set(name, value);
            assert!(asks_for_password(&app, &browser, &ask).await, "{name}");
            let first = browser.open(&ask.url(&app)).await.page();
            let second = browser.open(&ask.url(&app)).await.page();
            // Each request has its own sign-in, and each is satisfied by one.
            browser.sign_in(&second, &ada).await.callback().code();
            let page = browser.open(first.url.as_str()).await.page();
            assert!(page.url.path().ends_with("/login"), "{}", page.url);
            browser.sign_in(&page, &ada).await.callback().code();
        }
        let silent = Ask::of("trusted").set("prompt", "none").set("max_age", "0");
        browser.open(&silent.url(&app)).await.callback().expect_error(&app, &silent, "login_required");
    }

    /// H10: whoever has to set a password first signs in once all the same.
    async fn max_age_zero_asks_once_also_before_an_own_password(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let mut browser = app.browser();
        let ask = Ask::of("trusted").set("max_age", "0").set("prompt", "login");
        let login = browser.open(&ask.url(&app)).await.page();
        let page = browser.sign_in(&login, &nina).await.page();
        assert!(page.url.path().ends_with("/password"), "{}", page.url);
        let own = "a quiet walk along the canal";
        let callback = browser.submit(&page, "/password", &[("password", own), ("repeated", own)]).await.callback();
        let tokens = ask.redeem(&app, &callback.code()).await.expect(200);
        assert!(jwt::claims(&tokens.member("id_token"))["auth_time"].is_i64());
    }

    /// H11.
    async fn prompt_none_answers_at_once_and_shows_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let silent = Ask::of("web").set("prompt", "none");
        let open = async |browser: &UserAgent, ask: &Ask| browser.clone().open(&ask.url(&app)).await.callback();

        open(&app.browser(), &silent).await.expect_error(&app, &silent, "login_required");
        let mut browser = app.signed_in(&ada).await;
        open(&browser, &silent).await.expect_error(&app, &silent, "consent_required");
        browser.authorize(&app, &Ask::of("web"), &ada).await;
        let callback = open(&browser, &silent).await;
        callback.expect_response_to(&app, &silent);
        silent.redeem(&app, &callback.code()).await.expect(200);
        let more = Ask::of("web").set("prompt", "none").set("scope", "openid profile email read:users write:posts");
        open(&browser, &more).await.expect_error(&app, &more, "consent_required");
        app.advance_seconds(61);
        let old = Ask::of("web").set("prompt", "none").set("max_age", "60");
        open(&browser, &old).await.expect_error(&app, &old, "login_required");
    }

    /// H11: consent that is never remembered is required each time.
    async fn prompt_none_fails_for_clients_whose_consent_is_not_remembered(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for client in ["native", "asking"] {
            let mut browser = app.browser();
            browser.authorize(&app, &Ask::of(client), &ada).await;
            let silent = Ask::of(client).set("prompt", "none");
            let callback = browser.open(&silent.url(&app)).await.callback();
            callback.expect_error(&app, &silent, "consent_required");
        }
    }

    /// H11: somebody who has to set a password first.
    async fn prompt_none_fails_while_a_password_has_to_be_set(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        browser.sign_in(&login, &nina).await.page();
        let silent = Ask::of("trusted").set("prompt", "none");
        let callback = browser.open(&silent.url(&app)).await.callback();
        callback.expect_error(&app, &silent, "interaction_required");
    }

    /// `login_hint` prefills, escaped.
    async fn a_login_hint_fills_in_the_name(setup: Setup) {
        let app = TestApp::start(setup).await;
        for hint in ["ada@example.test", "\"><script>alert(1)</script>"] {
            let ask = Ask::of("web").set("login_hint", hint);
            let page = app.browser().open(&ask.url(&app)).await.page();
            let (_, form) = UserAgent::form(&page, "/login");
            assert_eq!(form.value("username"), Some(hint));
            assert!(!page.text().contains("<script"), "{}", page.text());
        }
    }
}
