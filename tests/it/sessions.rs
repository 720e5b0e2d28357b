//! Sessions and their cookie: new at every sign-in, unforgeable, gone at sign-out (threats H01, H05, H06,
//! H08, H14, H15).

use crate::both_setups;
use crate::support::{Ask, Options, Setup, TestApp, forms};

both_setups! {
    /// H01: fixation.
    async fn every_sign_in_gives_a_new_session_and_ends_the_old_one(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("trusted").url(&app)).await.page();
        // A cookie that an attacker planted before the sign-in.
        browser.cookies.insert("vestibule-session".to_owned(), "A".repeat(43));
        browser.sign_in(&login, &ada).await.callback();
        let first = browser.session().expect("a session").to_owned();
        assert_ne!(first, "A".repeat(43));
        let old = browser.clone();

        app.advance_seconds(1);
        let login = browser.open(&Ask::of("trusted").set("prompt", "login").url(&app)).await.page();
        browser.sign_in(&login, &ada).await.callback();
        assert_ne!(browser.session().expect("a session"), first);
        assert!(app.is_signed_in(&browser).await);
        assert!(!app.is_signed_in(&old).await, "the old session lives on");
        let hash = vestibule::protocol::opaque::TokenHash::of(first.as_bytes());
        assert_eq!(app.app().stores.sessions.find(&hash).await.expect("the store"), None);
    }

    /// H01: one browser, another person.
    async fn signing_in_as_somebody_else_ends_the_session_before(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut browser = app.signed_in(&ada).await;
        let of_ada = browser.clone();
        app.advance_seconds(1);
        let ask = Ask::of("trusted").set("prompt", "login");
        let login = browser.open(&ask.url(&app)).await.page();
        let callback = browser.sign_in(&login, &bob).await.callback();
        let token = ask.redeem(&app, &callback.code()).await.expect(200).member("access_token");
        assert_eq!(crate::support::jwt::claims(&token)["sub"], bob.sub());
        assert!(!app.is_signed_in(&of_ada).await);
    }

    /// H08.
    async fn after_sign_out_the_old_cookie_opens_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let old = browser.clone();
        let page = browser.open(&app.url("/logout")).await.page();
        let answer = browser.send(&page, "/logout/confirm", &[]).await.expect(303);
        let cleared = answer.header("set-cookie").unwrap_or_default();
        assert!(cleared.starts_with("vestibule-session=;") && cleared.contains("Max-Age=0"), "{cleared}");
        assert_eq!(browser.session(), None);
        let done = browser.follow(answer).await.page();
        assert!(done.text().to_lowercase().contains("signed out"), "{}", done.text());

        assert!(!app.is_signed_in(&old).await);
        let hash = vestibule::protocol::opaque::TokenHash::of(old.session().expect("one").as_bytes());
        assert_eq!(app.app().stores.sessions.find(&hash).await.expect("the store"), None);
        let login = old.clone().open(&Ask::of("trusted").url(&app)).await.page();
        assert!(login.url.path().ends_with("/login"));
        let home = old.clone().open(&app.url("/")).await.page();
        assert!(!home.text().contains("ada"), "{}", home.text());
    }

    /// A server that dies between the act and the end of the record leaves the record.
    async fn a_sign_out_that_was_cut_short_leaves_nobody_half_signed_in(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let old = browser.clone();
        let sessions = app.app().stores.sessions.clone();
        let hash = vestibule::protocol::opaque::TokenHash::of(old.session().expect("one").as_bytes());
        let record = sessions.find(&hash).await.expect("the store").expect("a session");
        let page = browser.open(&app.url("/logout")).await.page();
        browser.send(&page, "/logout/confirm", &[]).await.expect(303);
        sessions.put(&hash, &record).await.expect("the store");

        let ask = Ask::of("trusted");
        let login = old.clone().open(&ask.url(&app)).await.page();
        assert!(login.url.path().ends_with("/login"), "{}", login.url);
        assert_eq!(sessions.find(&hash).await.expect("the store"), None, "and the record has gone after it");
        let callback = old.clone().sign_in(&login, &ada).await.callback();
        ask.redeem(&app, &callback.code()).await.expect(200);
    }

    /// H05.
    async fn opening_the_sign_out_page_signs_nobody_out(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        for query in ["", "?id_token_hint=x.y.z", "?client_id=web&post_logout_redirect_uri=https%3A%2F%2Fevil.test%2F", "?id=1"] {
            let answer = browser.get(&app.url(&format!("/logout{query}"))).await;
            let html = answer.expect_page(200);
            // A13: nothing on the page leads there. Our own form repeats it, for the last page to explain.
            let leads = ["href", "action", "src"].map(|name| forms::attributes(&html, name)).concat();
            assert!(!leads.iter().any(|to| to.contains("evil.test")), "{html}");
            assert!(app.is_signed_in(&browser).await);
        }
    }

    /// Sign-out ends this browser's session and no other.
    async fn signing_out_in_one_browser_leaves_the_other(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut here = app.signed_in(&ada).await;
        let there = app.signed_in(&ada).await;
        let page = here.open(&app.url("/logout")).await.page();
        here.submit(&page, "/logout/confirm", &[]).await.page();
        // A second click, or another tab's form, is no error.
        let again = here.open(&app.url("/logout")).await.page();
        again.expect_page(200);
        let late = here.send(&page, "/logout/confirm", &[]).await;
        assert!(late.status < 404, "{}", late.status);
        assert!(!app.is_signed_in(&here).await);
        assert!(app.is_signed_in(&there).await);
    }

    /// H14.
    async fn a_cookie_that_is_changed_or_computed_is_no_session(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let browser = app.signed_in(&ada).await;
        let session = browser.session().expect("one").to_owned();
        let name = browser.cookies.keys().find(|name| name.contains("session")).expect("one").clone();
        let mut forged: Vec<String> = (0..session.len())
            .step_by(5)
            .map(|at| {
                let flipped = if session.as_bytes()[at] == b'A' { "B" } else { "A" };
                format!("{}{flipped}{}", &session[..at], &session[at + 1..])
            })
            .collect();
        let hash = vestibule::protocol::opaque::TokenHash::of(session.as_bytes());
        forged.extend([ada.sub(), ada.username.clone(), hash.to_key(), hash.to_hex(), String::new(), session[1..].to_owned()]);
        for cookie in forged {
            let mut attacker = browser.clone();
            attacker.cookies.insert(name.clone(), cookie.clone());
            assert!(!app.is_signed_in(&attacker).await, "{cookie}");
        }
        assert!(app.is_signed_in(&browser).await);
    }

    /// H15: what could be guessed is long and never the same twice.
    async fn sessions_codes_and_transactions_are_unguessable(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..12 {
            let mut browser = app.browser();
            let ask = Ask::of("trusted");
            let login = browser.open(&ask.url(&app)).await.page();
            let id = login.url.query_pairs().find(|(name, _)| name == "id").expect("an id").1.into_owned();
            let code = browser.sign_in(&login, &ada).await.callback().code();
            for secret in [id, code].into_iter().chain(browser.cookies.values().cloned()) {
                // 43 characters of base64url are 256 bits.
                assert_eq!(secret.len(), 43, "{secret}");
                let own = secret.bytes().collect::<std::collections::BTreeSet<_>>().len();
                assert!(own > 12, "{secret}");
                assert!(seen.insert(secret), "twice");
            }
        }
    }

    /// Idle twelve hours, absolute seven days, by the server's own clock.
    async fn a_session_ends_when_idle_and_when_old(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let browser = app.signed_in(&ada).await;
        let hours = |hours: u64| app.advance_seconds(hours * 3600);
        hours(11);
        assert!(app.is_signed_in(&browser).await);
        hours(11);
        assert!(app.is_signed_in(&browser).await, "it was used eleven hours ago");
        hours(12);
        assert!(!app.is_signed_in(&browser).await);
        let browser = app.signed_in(&ada).await;
        for _ in 0..16 {
            hours(10);
            assert!(app.is_signed_in(&browser).await);
        }
        hours(8);
        assert!(!app.is_signed_in(&browser).await, "seven days are over");
    }

    /// A password change ends every session that is not its own.
    async fn a_password_change_ends_other_sessions(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let mut here = app.browser();
        let login = here.open(&app.url("/login")).await.page();
        let page = here.sign_in(&login, &nina).await.page();
        let mut there = app.browser();
        let login = there.open(&app.url("/login")).await.page();
        there.sign_in(&login, &nina).await.page();
        app.advance_seconds(1);
        let new = "a new and rather long password";
        here.submit(&page, "/password", &[("password", new), ("repeated", new)]).await.page();
        assert!(app.is_signed_in(&here).await);
        assert!(!app.is_signed_in(&there).await);
    }
}

/// H06: on https the cookies are `__Host-` and Secure; the browser of these tests checks every attribute.
#[tokio::test]
async fn on_https_cookies_are_bound_to_the_host() {
    let options = Options { origin: Some("https://id.example.test"), ..Options::default() };
    let app = TestApp::with(Setup::Sqlite, options).await;
    let ada = app.ada().await;
    let browser = app.signed_in(&ada).await;
    assert!(browser.cookies.keys().all(|name| name.starts_with("__Host-")), "{:?}", browser.cookies);
    assert!(browser.set_cookies.len() >= 2);
    // The names of the loopback are worth nothing there.
    let mut renamed = app.browser();
    for (name, value) in &browser.cookies {
        renamed.cookies.insert(name.trim_start_matches("__Host-").to_owned(), value.clone());
    }
    assert!(!app.is_signed_in(&renamed).await);
    let home = browser.clone().get(&app.url("/")).await;
    let transport = home.header("strict-transport-security").unwrap_or_default();
    assert!(transport.contains("max-age="), "{:?}", home.headers);
}
