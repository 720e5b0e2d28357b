//! An identity from outside is joined to an account only after the account's owner proved it, in the browser in which the
//! identity came (threats I01, I06, I13, J05, H01, H03).

use std::time::Duration;

use vestibule::model::person::StoredPassword;

use crate::both_setups;
use crate::support::joins::{self, PROVIDERS};
use crate::support::{Answer, Ask, Options, Person, Setup, TestApp, UserAgent};

async fn start(setup: Setup) -> TestApp {
    TestApp::with(setup, Options { extra: PROVIDERS, ..Options::default() }).await
}

/// A browser that was here before.
async fn visitor(app: &TestApp) -> UserAgent {
    let mut browser = app.browser();
    browser.get(&app.url("/login")).await;
    browser
}

/// Somebody with no password, who may come by `provider` alone.
async fn federated(app: &TestApp, name: &str, provider: &str) -> Person {
    let person = app.person_with(name, &["reader"], |user| user.password = None).await;
    app.joined(&person, provider).await;
    person
}

async fn expect_not_joined(app: &TestApp, browser: &UserAgent, key: &vestibule::model::identity::IdentityKey) {
    assert_eq!(app.opens(key).await, None);
    assert!(browser.session().is_none(), "somebody was signed in");
}

fn has_password_field(page: &Answer) -> bool {
    page.text().contains("type=\"password\"")
}

both_setups! {
    /// I13: the password is the proof, and then the person is in and the identity opens the account.
    async fn the_owner_proves_the_account_by_its_password_and_goes_on_to_the_application(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let ask = Ask::of("trusted");
        let login = browser.open(&ask.url(&app)).await.page();
        let id = login.url.query_pairs().find(|(name, _)| name == "id").expect("an id").1.into_owned();
        let key = joins::key("google");
        let there = app.waiting_in(&browser, &ada, &key, Some(&id)).await;
        let page = browser.open(&there).await.page();
        let text = page.expect_page(200);
        assert!(text.contains("ada@example.test") && text.contains("Google"), "{text}");
        assert_eq!(app.opens(&key).await, None, "looking joins nothing");

        let callback = browser.submit(&page, "/join", &[("password", &ada.password)]).await.callback();
        callback.expect_response_to(&app, &ask);
        assert_eq!(app.opens(&key).await.as_deref(), Some("ada"));
        let tokens = ask.redeem(&app, &callback.code()).await.expect(200);
        assert_eq!(tokens.json()["token_type"], "Bearer");
    }

    /// I01, I13: no other password will do, and a wrong one says nothing but that.
    async fn a_wrong_password_joins_nothing(setup: Setup) {
        let app = start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let page = browser.open(&app.waiting(&browser, &ada, &key).await).await.page();
        for wrong in ["", "wrong", bob.password.as_str()] {
            // A name that is sent along is not looked at: it is about this account.
            let typed = [("password", wrong), ("username", "bob")];
            let again = browser.send(&page, "/join", &typed).await;
            let text = again.expect_page(422);
            assert!(text.contains("role=\"alert\"") && !text.contains(&bob.password), "{text}");
            expect_not_joined(&app, &browser, &key).await;
        }
        browser.submit(&page, "/join", &[("password", &ada.password)]).await.page();
        assert_eq!(app.opens(&key).await.as_deref(), Some("ada"));
    }

    /// J05: failures here and on the sign-in page count together.
    async fn failures_on_the_page_count_as_failures_to_sign_in(setup: Setup) {
        let extra = format!("{PROVIDERS}\n[limits]\nsign_in_failures = 3\nexempt_addresses = []\n");
        let app = TestApp::with(setup, Options { extra: extra.leak(), ..Options::default() }).await;
        let ada = app.ada().await;
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let page = browser.open(&app.waiting(&browser, &ada, &key).await).await.page();
        let login = browser.open(&app.url("/login")).await.page();
        let wrong = [("username", "ada"), ("password", "wrong")];
        browser.send(&login, "/login", &wrong).await.expect_page(422);
        for _ in 0..2 {
            browser.send(&page, "/join", &[("password", "wrong")]).await.expect_page(422);
        }
        let later = browser.send(&page, "/join", &[("password", &ada.password)]).await;
        later.expect_page(429);
        assert!(later.header("retry-after").is_some(), "{:?}", later.headers);
        expect_not_joined(&app, &browser, &key).await;
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        browser.send(&login, "/login", &typed).await.expect_page(429);
    }

    /// I13: bound to the browser in which the identity came.
    async fn the_page_of_another_browser_is_refused(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut mine = visitor(&app).await;
        let key = joins::key("google");
        let there = app.waiting(&mine, &ada, &key).await;
        let page = mine.open(&there).await.page();
        let mut theirs = visitor(&app).await;
        theirs.get(&there).await.expect_page(400);
        theirs.send(&page, "/join", &[("password", &ada.password)]).await.expect_page(400);
        theirs.send(&page, "/join", &[("new", "1")]).await.expect_page(400);
        // Nor does the form of one joining serve for another.
        let other = app.waiting(&mine, &ada, &joins::key("google")).await;
        let (_, form) = UserAgent::form(&page, "/join");
        let fields = [form.fields(), vec![("password".to_owned(), ada.password.clone())]].concat();
        mine.post(&other, &fields).await.expect_page(403);
        app.browser().get(&there).await.expect_page(400);
        for unknown in ["/join", "/join?id=x", &format!("/join?id={}", "A".repeat(43))] {
            let refused = mine.get(&app.url(unknown)).await.expect_page(400);
            assert!(refused.contains("unknown_join"), "{refused}");
        }
        expect_not_joined(&app, &mine, &key).await;
    }

    /// The other choice: an account without the address, which is somebody's.
    async fn whoever_does_not_own_the_account_makes_one_of_their_own(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let page = browser.open(&app.waiting(&browser, &ada, &key).await).await.page();
        let home = browser.submit(&page, "/join", &[("new", "1")]).await.page();
        assert!(home.text().contains("Visitor Example"), "{}", home.text());
        let name = app.opens(&key).await.expect("an account");
        assert_ne!(name, "ada");
        let (_, made) = app.app().stores.identities.find(&key).await.expect("the store").expect("somebody");
        assert!(made.email.is_none() && !made.email_verified && made.password.is_none(), "{made:?}");
        let (_, session) = (made.id, browser.session().expect("a session").to_owned());
        // Sent twice: no second account, and the session stays.
        let again = browser.send(&page, "/join", &[("new", "1")]).await;
        again.expect_page(400);
        assert_eq!((app.opens(&key).await, browser.session()), (Some(name), Some(session.as_str())));
    }

    /// A form sent twice ends where the first one did.
    async fn a_proof_that_is_sent_twice_joins_once_and_signs_in(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let there = app.waiting(&browser, &ada, &key).await;
        let page = browser.open(&there).await.page();
        for _ in 0..2 {
            let home = browser.submit(&page, "/join", &[("password", &ada.password)]).await.page();
            assert!(home.text().contains("ada Example"), "{}", home.text());
        }
        assert_eq!(app.app().stores.identities.list(ada.id).await.expect("the store").len(), 1);
        // Gone back to, it leads on.
        let home = browser.open(&there).await.page();
        assert_eq!(home.url.path(), "/");
    }

    /// H01: the id of the session is new.
    async fn the_session_has_another_id_than_before(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&app.bob().await).await;
        let before = browser.clone();
        let key = joins::key("google");
        let page = browser.open(&app.waiting(&browser, &ada, &key).await).await.page();
        browser.submit(&page, "/join", &[("password", &ada.password)]).await.page();
        assert_ne!(browser.session(), before.session());
        assert!(!app.is_signed_in(&before).await, "the session from before lives on");
        assert!(app.is_signed_in(&browser).await);
    }

    /// I06: shut out while the page was open.
    async fn whoever_is_shut_out_meanwhile_stays_out(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let there = app.waiting(&browser, &ada, &key).await;
        let page = browser.open(&there).await.page();
        app.disable(&ada).await;
        let refused = browser.send(&page, "/join", &[("password", &ada.password)]).await;
        assert!(matches!(refused.status, 400 | 403), "{}", refused.text());
        let refused = browser.send(&page, "/join", &[("new", "1")]).await;
        assert!(matches!(refused.status, 400 | 403), "{}", refused.text());
        expect_not_joined(&app, &browser, &key).await;
        let user = app.app().stores.users.find(ada.id).await.expect("the store").expect("somebody");
        assert!(user.disabled);
    }

    /// Everything is decided anew when the proof is given.
    async fn a_joining_whose_account_or_provider_changed_is_over(setup: Setup) {
        let app = start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut browser = visitor(&app).await;
        // The identity was joined to somebody else meanwhile.
        let key = app.joined(&bob, "google").await;
        let there = app.waiting(&browser, &ada, &key).await;
        let refused = browser.get(&there).await.expect_page(400);
        assert!(refused.contains("unknown_join"), "{refused}");
        // Its time is over.
        let late = joins::key("google");
        let there = app.waiting(&browser, &ada, &late).await;
        let page = browser.open(&there).await.page();
        app.advance(app.app().config.lifetimes.interaction);
        browser.send(&page, "/join", &[("password", &ada.password)]).await.expect_page(400);
        expect_not_joined(&app, &browser, &late).await;
        // The provider was switched off, which also a server that runs hears of.
        let off = joins::key("google");
        let there = app.waiting(&browser, &ada, &off).await;
        let page = browser.open(&there).await.page();
        app.configure(|toml| toml.replace("id = \"google\"", "id = \"google\"\nenabled = false"));
        app.reload().await;
        browser.send(&page, "/join", &[("password", &ada.password)]).await.expect_page(400);
        expect_not_joined(&app, &browser, &off).await;
    }

    /// An account without a password is proven with the provider that it has, in the same transaction.
    async fn an_account_without_a_password_is_proven_by_the_provider_that_it_has(setup: Setup) {
        let app = start(setup).await;
        let fay = federated(&app, "fay", "github").await;
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let there = app.waiting(&browser, &fay, &key).await;
        let page = browser.open(&there).await.page();
        let text = page.expect_page(200);
        assert!(!has_password_field(&page), "{text}");
        let id = there.split("id=").nth(1).expect("an id");
        let hrefs = crate::support::forms::attributes(&text, "href");
        assert!(hrefs.contains(&format!("/login/github?join={id}")), "{hrefs:?}");
        assert!(!hrefs.iter().any(|href| href.starts_with("/login/google")), "{hrefs:?}");
        // A password that is sent all the same opens nothing.
        let (action, form) = UserAgent::form(&page, "/join");
        let fields = [form.fields(), vec![("password".to_owned(), "anything".to_owned())]].concat();
        browser.post(action.as_str(), &fields).await.expect_page(422);
        expect_not_joined(&app, &browser, &key).await;
    }

    /// A generated password is a proof as long as it opens its page, and leads there.
    async fn a_generated_password_proves_the_account_and_is_then_replaced(setup: Setup) {
        let app = start(setup).await;
        let nina = app.newcomer("nina").await;
        let late = app.app().now();
        let over = |password: StoredPassword| StoredPassword { generated_until: Some(late), ..password };
        let otto = app.person_with("otto", &[], |user| user.password = user.password.take().map(over)).await;
        let mut browser = visitor(&app).await;
        let key = joins::key("google");
        let page = browser.open(&app.waiting(&browser, &nina, &key).await).await.page();
        let next = browser.submit(&page, "/join", &[("password", &nina.password)]).await.page();
        assert_eq!(next.url.path(), "/password");
        assert_eq!(app.opens(&key).await.as_deref(), Some("nina"));

        let mut browser = visitor(&app).await;
        let page = browser.open(&app.waiting(&browser, &otto, &joins::key("google")).await).await.page();
        assert!(!has_password_field(&page), "{}", page.text());
        app.advance(Duration::from_secs(1));
    }
}
