//! `prompt=select_account`: the person says which account is meant, every time (OpenID Connect Core 3.1.2.1; threats
//! A17, H03, H10).

use crate::both_setups;
use crate::support::{Answer, Ask, Setup, TestApp, UserAgent, jwt};

fn choosing() -> Ask {
    Ask::of("trusted").set("prompt", "select_account")
}

/// The page of accounts, for this name.
#[track_caller]
fn expect_chooser(page: &Answer, name: &str) {
    assert!(page.url.path().ends_with("/login"), "{}", page.url);
    let html = page.text();
    assert!(html.contains("Choose an account") && html.contains(name), "{html}");
    assert!(!html.contains("type=\"password\""), "{html}");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && page.header("x-frame-options") == Some("DENY"),
        "A17: {policy}"
    );
}

/// Goes on with the account of the session.
async fn go_on(browser: &mut UserAgent, page: &Answer) -> crate::support::Arrival {
    let (_, form) = UserAgent::form(page, "/login");
    let (name, value) = form.buttons.first().expect("a button").clone();
    browser.submit(page, "/login", &[(&name, &value)]).await
}

both_setups! {
    async fn the_chooser_is_shown_every_time_and_the_session_stays(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let session = browser.session().map(str::to_owned);
        app.advance_seconds(100);
        for _ in 0..3 {
            let ask = choosing();
            let page = browser.open(&ask.url(&app)).await.page();
            expect_chooser(&page, "ada Example");
            // Neither the dispatcher nor a reload gets past it.
            let id = page.url.query().expect("an id").to_owned();
            expect_chooser(&browser.open(&app.url(&format!("/authorize/resume?{id}"))).await.page(), "ada Example");
            let callback = go_on(&mut browser, &page).await.callback();
            callback.expect_response_to(&app, &ask);
            let claims = jwt::claims(&ask.redeem(&app, &callback.code()).await.expect(200).member("id_token"));
            assert_eq!(claims["iat"].as_i64().expect("s") - claims["auth_time"].as_i64().expect("s"), 100, "no new sign-in");
            assert_eq!(browser.session().map(str::to_owned), session);
        }
    }

    /// Who has no session says by signing in who they are.
    async fn a_stranger_signs_in_and_is_not_asked_twice(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let page = browser.open(&choosing().url(&app)).await.page();
        browser.sign_in(&page, &ada).await.callback().code();
    }

    async fn another_account_signs_in_with_an_empty_form(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut browser = app.signed_in(&ada).await;
        let ask = choosing();
        let page = browser.open(&ask.url(&app)).await.page();
        let other = crate::support::forms::attributes(&page.text(), "href").into_iter().find(|href| href.contains("account=other"));
        let other = page.url.join(&other.expect("a link")).expect("a URL");
        let form = browser.open(other.as_str()).await.page();
        assert_eq!(UserAgent::form(&form, "/login").1.value("username"), Some(""));
        assert!(!form.text().contains("password once more"), "{}", form.text());
        let callback = browser.sign_in(&form, &bob).await.callback();
        let tokens = ask.redeem(&app, &callback.code()).await.expect(200);
        assert_eq!(jwt::claims(&tokens.member("id_token"))["sub"], bob.sub());
        // The client's hint is there for whoever is meant.
        let ask = choosing().set("login_hint", "ada@example.test");
        let page = browser.open(&ask.url(&app)).await.page();
        expect_chooser(&page, "bob Example");
        let form = browser.open(&format!("{}&account=other", page.url)).await.page();
        assert_eq!(UserAgent::form(&form, "/login").1.value("username"), Some("ada@example.test"));
    }

    /// H10: chosen, and then signed in to.
    async fn beside_login_or_max_age_the_chosen_account_signs_in(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        app.advance_seconds(10);
        for ask in [choosing().set("prompt", "select_account login"), choosing().set("max_age", "5"), choosing().set("max_age", "0")] {
            let page = browser.open(&ask.url(&app)).await.page();
            expect_chooser(&page, "ada Example");
            let login = go_on(&mut browser, &page).await.page();
            assert_eq!(UserAgent::form(&login, "/login").1.value("username"), Some("ada"));
            let callback = browser.sign_in(&login, &ada).await.callback();
            let claims = jwt::claims(&ask.redeem(&app, &callback.code()).await.expect(200).member("id_token"));
            assert_eq!(claims["iat"], claims["auth_time"]);
            app.advance_seconds(10);
        }
    }

    /// With a hint the chooser is for the person that is meant; somebody else signs in as them.
    async fn a_hint_goes_before_the_choice(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let hint = app.tokens(&Ask::of("trusted"), &ada).await.member("id_token");
        let ask = choosing().set("id_token_hint", &hint);
        let page = app.signed_in(&ada).await.open(&ask.url(&app)).await.page();
        expect_chooser(&page, "ada Example");
        let mut browser = app.signed_in(&bob).await;
        let page = browser.open(&ask.url(&app)).await.page();
        assert!(page.text().contains("asks for another account"), "{}", page.text());
        browser.sign_in(&page, &ada).await.callback().code();
    }

    /// H03: the choice is this browser's, this account's and this page's.
    async fn nobody_else_can_choose(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut browser = app.signed_in(&ada).await;
        let page = browser.open(&choosing().url(&app)).await.page();
        let (action, form) = UserAgent::form(&page, "/login");
        let fields = |csrf: &str| vec![("csrf".to_owned(), csrf.to_owned()), ("account".to_owned(), "ada".to_owned())];
        let csrf = form.value("csrf").expect("a token").to_owned();
        for wrong in ["", "x"] {
            browser.post(action.as_str(), &fields(wrong)).await.expect_page(403);
        }
        // The token of another account in the same browser does not fit.
        let mut other = browser.clone();
        let home = other.open(&app.url("/logout")).await.page();
        other.submit(&home, "/logout", &[]).await;
        let login = other.open(&app.url("/login")).await.page();
        other.sign_in(&login, &bob).await.page();
        other.post(action.as_str(), &fields(&csrf)).await.expect_page(403);
        // Another browser has neither the transaction nor the account.
        let mut stranger = app.signed_in(&ada).await;
        let answer = stranger.post(action.as_str(), &fields(&csrf)).await;
        assert!(matches!(answer.status, 400 | 403), "{}", answer.status);
        // Without a transaction there is nothing to choose.
        let answer = browser.post(&app.url("/login"), &fields(&csrf)).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}
