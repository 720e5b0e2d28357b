//! Consent: asked once, remembered for what was allowed and for nothing else, and what refusing means.

use crate::both_setups;
use crate::support::{Arrival, Ask, Setup, TestApp, UserAgent, forms};

/// Whether the request leads to the consent page; it does not answer it.
async fn asks(app: &TestApp, browser: &UserAgent, ask: &Ask) -> bool {
    match browser.clone().open(&ask.url(app)).await {
        Arrival::Page(page) => {
            assert!(page.url.path().ends_with("/consent"), "{}: {}", page.url, page.text());
            true
        }
        Arrival::Away(_) => false,
    }
}

both_setups! {
    async fn consent_is_asked_once_and_again_for_more(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let ask = Ask::of("web").set("scope", "openid read:users");
        assert!(asks(&app, &browser, &ask).await);
        browser.authorize(&app, &ask, &ada).await;
        assert!(!asks(&app, &browser, &ask).await);
        assert!(!asks(&app, &browser, &Ask::of("web").set("scope", "read:users")).await);
        let more = Ask::of("web").set("scope", "openid read:users write:posts");
        let page = browser.open(&more.url(&app)).await.page();
        let html = page.text();
        assert!(html.contains("write posts") && html.contains("Acme Reports"), "{html}");
        browser.submit(&page, "/consent", &[("decision", "allow")]).await.callback().expect_response_to(&app, &more);
        assert!(!asks(&app, &browser, &more).await);
        // What is remembered is Ada's and for this client.
        assert!(asks(&app, &browser, &Ask::of("other").set("scope", "openid read:users")).await);
        let bob = app.bob().await;
        assert!(asks(&app, &app.signed_in(&bob).await, &ask).await);
    }

    /// It outlives the session: it is in SQL.
    async fn remembered_consent_outlives_the_session(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        app.browser().authorize(&app, &Ask::of("web"), &ada).await;
        app.advance_seconds(30 * 86_400);
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("web").url(&app)).await.page();
        browser.sign_in(&login, &ada).await.callback().code();
    }

    async fn prompt_consent_asks_although_it_is_remembered(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        browser.authorize(&app, &Ask::of("web"), &ada).await;
        let ask = Ask::of("web").set("prompt", "consent");
        assert!(asks(&app, &browser, &ask).await);
        browser.authorize(&app, &ask, &ada).await;
        assert!(asks(&app, &browser, &Ask::of("web").set("prompt", "consent")).await);
        assert!(asks(&app, &browser, &Ask::of("trusted").set("prompt", "consent")).await);
    }

    /// RFC 8252 8.6: on private-use schemes and on loopback.
    async fn a_native_client_is_asked_about_each_time(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        for uri in ["http://127.0.0.1:4711/cb", "com.example.app:/cb"] {
            for _ in 0..2 {
                let ask = Ask::of("native").set("redirect_uri", uri);
                browser.authorize(&app, &ask, &ada).await;
                assert!(asks(&app, &browser, &ask).await);
            }
        }
    }

    async fn the_policy_of_the_client_decides(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        for _ in 0..2 {
            assert!(!asks(&app, &browser, &Ask::of("trusted")).await, "consent = never");
            assert!(asks(&app, &browser, &Ask::of("asking")).await, "consent = ask");
            browser.authorize(&app, &Ask::of("asking"), &ada).await;
        }
    }

    async fn refusing_is_access_denied_and_is_not_remembered(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let ask = Ask::of("web");
        let page = browser.open(&ask.url(&app)).await.page();
        let callback = browser.submit(&page, "/consent", &[("decision", "deny")]).await.callback();
        callback.expect_error(&app, &ask, "access_denied");
        assert!(app.is_signed_in(&browser).await);
        assert!(asks(&app, &browser, &ask).await);
        // The refused transaction is over: allowing it afterwards gives no code.
        match browser.submit(&page, "/consent", &[("decision", "allow")]).await {
            Arrival::Page(page) => assert_eq!(page.status, 200),
            Arrival::Away(url) => panic!("{url}"),
        }
        // No decision is no decision.
        let page = browser.open(&Ask::of("web").url(&app)).await.page();
        for decision in ["", "maybe", "ALLOW"] {
            let again = browser.submit(&page, "/consent", &[("decision", decision)]).await.page();
            assert!(again.url.path().ends_with("/consent"), "{}", again.url);
        }
    }

    /// Nothing can be slipped into what was shown.
    async fn only_what_was_shown_can_be_allowed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let ask = Ask::of("web").set("scope", "openid read:users");
        let page = browser.open(&ask.url(&app)).await.page();
        let typed = [("decision", "allow"), ("scope", "openid read:users write:posts read:files")];
        let callback = browser.submit(&page, "/consent", &typed).await.callback();
        let granted = ask.redeem(&app, &callback.code()).await.expect(200).member("scope");
        assert_eq!(granted, "openid read:users");
        assert!(asks(&app, &browser, &Ask::of("web").set("scope", "write:posts")).await);
        // Allowing less than was asked does not give more either.
        let ask = Ask::of("other").set("scope", "openid read:users");
        let page = browser.open(&ask.url(&app)).await.page();
        let again = browser.submit(&page, "/consent", &[("decision", "allow"), ("scope", "openid")]).await.page();
        assert!(again.url.path().ends_with("/consent"), "{}", again.url);
    }

    /// What a person is shown, in words, with the host they return to.
    async fn the_consent_page_says_who_what_and_where(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let html = browser.open(&Ask::of("web").url(&app)).await.page().expect_page(200);
        for words in ["Acme Reports", "read the user list", "app.example.test", "ada"] {
            assert!(html.contains(words), "{words}: {html}");
        }
        let html = browser.open(&Ask::of("native").set("redirect_uri", "http://127.0.0.1:5/cb").url(&app)).await.page().text();
        assert!(html.contains("127.0.0.1"), "{html}");
        assert!(forms::tag_names(&html).iter().all(|name| name != "script"), "{html}");
    }
}
