//! Setting a password of one's own after a generated one.

use crate::both_setups;
use crate::support::{Arrival, Ask, Person, Setup, TestApp, UserAgent};

const NEW: &str = "a new and rather long password";

async fn set(browser: &mut UserAgent, page: &crate::support::Answer, password: &str) -> Arrival {
    browser.submit(page, "/password", &[("password", password), ("repeated", password)]).await
}

both_setups! {
    /// In the middle of an authorization, which then goes on.
    async fn a_generated_password_leads_to_the_page_and_then_on(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let ask = Ask::of("web");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        let page = browser.sign_in(&login, &nina).await.page();
        assert!(page.url.path().ends_with("/password"), "{}", page.url);
        let before = browser.session().map(str::to_owned);
        app.advance_seconds(1);
        let consent = set(&mut browser, &page, NEW).await.page();
        assert!(consent.url.path().ends_with("/consent"), "{}: {}", consent.url, consent.text());
        assert_ne!(browser.session().map(str::to_owned), before, "H01: a new session");
        let callback = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.callback();
        ask.redeem(&app, &callback.code()).await.expect(200);

        let mut other = app.browser();
        let login = other.open(&app.url("/login")).await.page();
        other.sign_in(&login, &nina).await.page();
        assert!(other.session().is_none(), "the generated one is over");
        app.signed_in(&Person { password: NEW.to_owned(), ..nina }).await;
    }

    /// Until it is set nothing is issued, whatever page is opened.
    async fn nothing_is_issued_before_it_is_set(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("trusted").url(&app)).await.page();
        let page = browser.sign_in(&login, &nina).await.page();
        let id = page.url.query().expect("an id").to_owned();
        for path in ["/authorize/resume", "/consent", "/login"] {
            let page = browser.open(&app.url(&format!("{path}?{id}"))).await.page();
            assert!(page.url.path().ends_with("/password"), "{path}: {}", page.url);
        }
        let again = browser.open(&Ask::of("trusted").url(&app)).await.page();
        assert!(again.url.path().ends_with("/password"), "{}", again.url);
    }

    /// NIST 800-63B-4: length, a blocklist, one's own name; no rules of composition.
    async fn a_weak_password_is_refused_with_its_reason(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        let mut page = browser.sign_in(&login, &nina).await.page();
        for weak in ["", "short", "fourteen chars", "aaaaaaaaaaaaaaaaaaaa", "passwordpassword", "ninaninaninanina"] {
            let answer = browser.send(&page, "/password", &[("password", weak), ("repeated", weak)]).await;
            assert!(matches!(answer.status, 200 | 422), "{weak}: {}", answer.status);
            assert!(answer.text().contains("role=\"alert\""), "{weak}: {}", answer.text());
            if !weak.is_empty() {
                assert!(!answer.text().contains(weak), "{weak} came back");
            }
            page = answer;
        }
        let answer = browser.send(&page, "/password", &[("password", NEW), ("repeated", "another one entirely")]).await;
        assert!(matches!(answer.status, 200 | 422), "{}", answer.status);
        // The generated one itself is not one's own.
        let same = browser.send(&page, "/password", &[("password", &nina.password), ("repeated", &nina.password)]).await;
        assert!(matches!(same.status, 200 | 422), "{}", same.status);
        let home = set(&mut browser, &page, "all lower case, no digits").await.page();
        assert_eq!(home.url.path(), "/");
    }

    /// Sent twice, from two tabs, or by somebody who has nothing to set.
    async fn a_second_submit_changes_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, nina) = (app.ada().await, app.newcomer("nina").await);
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        let page = browser.sign_in(&login, &nina).await.page();
        app.advance_seconds(1);
        set(&mut browser, &page, NEW).await.page();
        let late = set(&mut browser, &page, "an entirely different one").await.page();
        assert!(late.status < 500);
        app.signed_in(&Person { password: NEW.to_owned(), ..nina }).await;
        let mut of_ada = app.signed_in(&ada).await;
        assert_eq!(of_ada.open(&app.url("/password")).await.page().url.path(), "/");
        let nobody = app.browser().open(&app.url("/password")).await.page();
        assert!(nobody.url.path().ends_with("/login"), "{}", nobody.url);
    }

    /// J24: the seven days, by the server's clock.
    async fn a_generated_password_is_good_for_seven_days(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let lands_on = async || {
            let mut browser = app.browser();
            let login = browser.open(&app.url("/login")).await.page();
            browser.sign_in(&login, &nina).await.page().url.path().to_owned()
        };
        app.advance_seconds(7 * 86_400 - 1);
        assert_eq!(lands_on().await, "/password");
        app.advance_seconds(1);
        assert_eq!(lands_on().await, "/login");
    }
}
