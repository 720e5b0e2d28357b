//! People wait, click twice, go back and open tabs: the same request goes on, and gives one code.

use futures_util::future::join_all;

use crate::both_setups;
use crate::support::{Arrival, Ask, Setup, TestApp, forms};

both_setups! {
    /// After half an hour the page says so, and its link begins the same request anew.
    async fn an_expired_transaction_resumes_the_same_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        app.advance_seconds(30 * 60);
        let expired = browser.sign_in(&login, &ada).await.page();
        assert!(browser.session().is_none(), "a form that is too old signs nobody in");
        let html = expired.text();
        let link = forms::attributes(&html, "href").into_iter().find(|link| link.contains("/authorize/resume")).expect("a link");
        let again = browser.open(expired.url.join(&link).expect("a URL").as_str()).await.page();
        assert!(again.url.path().ends_with("/login"), "{}: {}", again.url, again.text());
        assert_ne!(again.url, login.url);
        let arrival = browser.sign_in(&again, &ada).await;
        let callback = browser.allow(arrival).await.callback();
        callback.expect_response_to(&app, &ask);
        ask.redeem(&app, &callback.code()).await.expect(200);
    }

    /// Also on the consent page, and only for a day.
    async fn an_expired_transaction_is_forgotten_after_a_day(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("web").url(&app)).await.page();
        let consent = browser.sign_in(&login, &ada).await.page();
        let id = consent.url.query().expect("an id").to_owned();
        app.advance_seconds(31 * 60);
        let answer = browser.send(&consent, "/consent", &[("decision", "allow")]).await;
        assert!(matches!(answer.status, 303 | 400), "{}", answer.status);
        if let Arrival::Away(url) = browser.follow(answer).await {
            panic!("a code for an expired transaction: {url}");
        }
        app.advance_seconds(24 * 3600);
        let gone = browser.get(&app.url(&format!("/authorize/resume?{id}"))).await;
        gone.expect_page(400);
    }

    /// One session, one answer that counts, no error page.
    async fn a_double_click_on_sign_in_ends_like_a_single_one(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("trusted");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        // The browser drops the first answer and keeps the second.
        let mut twin = browser.clone();
        let first = twin.send(&login, "/login", &typed).await;
        let second = browser.send(&login, "/login", &typed).await;
        assert_eq!((first.status, second.status), (303, 303));
        let callback = browser.follow(second).await.callback();
        ask.redeem(&app, &callback.code()).await.expect(200);
        assert!(!app.is_signed_in(&twin).await, "the dropped session lives on");
        assert!(app.is_signed_in(&browser).await);
    }

    /// Passwords are hashed side by side: of two clicks the first may be answered last.
    async fn a_double_click_ends_like_a_single_one_whichever_is_done_first(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("trusted");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        let mut dropped = browser.clone();
        let kept = browser.send(&login, "/login", &typed).await.expect(303);
        dropped.send(&login, "/login", &typed).await.expect(303);
        let callback = browser.follow(kept).await.callback();
        ask.redeem(&app, &callback.code()).await.expect(200);
        assert!(!app.is_signed_in(&dropped).await, "the dropped session lives on");
        assert!(app.is_signed_in(&browser).await);
    }

    /// At once, as a double click really is.
    async fn submits_at_the_same_moment_give_no_error(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        let consent = browser.sign_in(&login, &ada).await.page();
        let clicks = (0..6).map(|_| {
            let mut browser = browser.clone();
            let consent = consent.clone();
            async move { browser.submit(&consent, "/consent", &[("decision", "allow")]).await }
        });
        let mut codes = 0;
        for arrival in join_all(clicks).await {
            match arrival {
                Arrival::Away(url) => {
                    assert!(url.as_str().contains("code="), "{url}");
                    codes += 1;
                }
                Arrival::Page(page) => assert_eq!(page.status, 200, "{}", page.text()),
            }
        }
        assert_eq!(codes, 1, "one transaction, one code");
    }

    /// Back, and the same form again.
    async fn going_back_after_success_shows_a_friendly_page(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("trusted");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        browser.sign_in(&login, &ada).await.callback();
        // The page itself, from the server since it is not stored.
        let back = browser.open(login.url.as_str()).await.page();
        assert_eq!(back.status, 200);
        let html = back.text();
        let link = forms::attributes(&html, "href").into_iter().find(|link| link.contains("/authorize/resume")).expect("a way on");
        let callback = browser.open(back.url.join(&link).expect("a URL").as_str()).await.callback();
        callback.expect_response_to(&app, &ask);
        ask.redeem(&app, &callback.code()).await.expect(200);
        // The old form, sent once more.
        let callback = browser.sign_in(&login, &ada).await.callback();
        callback.expect_response_to(&app, &ask);
    }

    /// Two clients in two tabs, interleaved: each gets its own state.
    async fn two_tabs_do_not_disturb_each_other(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let (first, second) = (Ask::of("web"), Ask::of("other"));
        let mut browser = app.browser();
        let login_one = browser.open(&first.url(&app)).await.page();
        let login_two = browser.open(&second.url(&app)).await.page();
        let consent_two = browser.sign_in(&login_two, &ada).await.page();
        let consent_one = browser.sign_in(&login_one, &ada).await.page();
        let two = browser.submit(&consent_two, "/consent", &[("decision", "allow")]).await.callback();
        let one = browser.submit(&consent_one, "/consent", &[("decision", "allow")]).await.callback();
        one.expect_response_to(&app, &first);
        two.expect_response_to(&app, &second);
        first.redeem(&app, &one.code()).await.expect(200);
        second.redeem(&app, &two.code()).await.expect(200);
    }

    /// The other tab's sign-in page knows that it is no longer needed.
    async fn a_sign_in_page_opened_before_goes_on_after_signing_in_elsewhere(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("trusted");
        let mut browser = app.browser();
        let waiting = browser.open(&ask.url(&app)).await.page();
        let login = browser.open(&app.url("/login")).await.page();
        browser.sign_in(&login, &ada).await.page();
        browser.open(waiting.url.as_str()).await.callback().expect_response_to(&app, &ask);
    }

    /// Without cookies there is one page that explains, and no loop.
    async fn a_browser_without_cookies_is_told_so(setup: Setup) {
        let app = TestApp::start(setup).await;
        let mut browser = app.browser();
        let answer = browser.get(&Ask::of("web").url(&app)).await.expect(303);
        let next = answer.location();
        let mut forgetful = app.browser();
        let page = forgetful.open(next.as_str()).await.page();
        let html = page.expect_page(400);
        assert!(html.to_lowercase().contains("cookie"), "{html}");
    }
}
