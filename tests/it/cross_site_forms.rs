//! Our own forms are taken from our own pages, in the browser they were shown to, and from nobody else
//! (threats A11, B09, H03, H04).

use reqwest::Method;

use crate::both_setups;
use crate::support::forms::Form;
use crate::support::{Answer, Ask, Options, Setup, TestApp, UserAgent, joins};

/// Sends a form of a page with other headers than a browser's.
async fn send(
    app: &TestApp,
    browser: &UserAgent,
    url: &str,
    fields: &[(String, String)],
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = app.http().request(Method::POST, url);
    if !browser.cookies.is_empty() {
        request = request.header("cookie", browser.cookie_header());
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    for (name, value) in fields {
        request = request.field(name, value);
    }
    request.send().await
}

fn filled(form: &Form, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = form.fields();
    for (name, value) in typed {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

/// What must be refused for every form, and what must not.
async fn expect_guarded(app: &TestApp, browser: &UserAgent, page: &Answer, path: &str, typed: &[(&str, &str)]) {
    let (action, form) = UserAgent::form(page, path);
    let fields = filled(&form, typed);
    let url = action.as_str();
    let evil: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("origin", "https://evil.test")],
        &[("origin", "http://localhost:1")],
        &[("origin", "https://evil.test"), ("sec-fetch-site", "same-origin")],
    ];
    for headers in evil {
        send(app, browser, url, &fields, headers).await.expect_page(403);
    }
    // A token that is missing, empty, wrong, or the name of the cookie's own secret.
    let token = form.value("csrf").expect("a token").to_owned();
    let secret = browser.cookies.values().next().expect("a cookie").clone();
    let flipped: String = token.chars().rev().collect();
    for wrong in [None, Some(""), Some("x"), Some(flipped.as_str()), Some(secret.as_str())] {
        let mut fields = fields.clone();
        fields.retain(|(name, _)| name != "csrf");
        if let Some(wrong) = wrong {
            fields.push(("csrf".to_owned(), wrong.to_owned()));
        }
        for headers in [&[][..], &[("origin", "null")], &[("origin", "null"), ("sec-fetch-site", "same-origin")]] {
            send(app, browser, url, &fields, headers).await.expect_page(403);
        }
    }
    // The whole form from another browser: refused, or sent where somebody begins who is not signed in.
    let mut stranger = app.browser();
    let answer = send(app, &stranger, url, &fields, &[]).await;
    if answer.status == 303 {
        let page = stranger.follow(answer).await.page();
        assert!(stranger.session().is_none() && !page.text().contains("Example"), "{}: {}", page.url, page.text());
    } else {
        assert!(matches!(answer.status, 400 | 403), "{}: {}", answer.status, answer.text());
    }
}

both_setups! {
    /// H03: sign-in.
    async fn the_sign_in_form_is_taken_from_our_own_page_only(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let ask = Ask::of("trusted");
        let page = browser.open(&ask.url(&app)).await.page();
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        let hashed = app.app().passwords.hashes_run();
        expect_guarded(&app, &browser, &page, "/login", &typed).await;
        assert_eq!(app.app().passwords.hashes_run(), hashed, "a refused form made work");
        // Sent as old browsers do, without any of those headers, it passes by its token.
        let (action, form) = UserAgent::form(&page, "/login");
        let answer = send(&app, &browser, action.as_str(), &filled(&form, &typed), &[]).await;
        // A11: RFC 9700 4.12.
        assert_eq!(answer.status, 303);
        assert!(!answer.location().as_str().contains("password"), "{}", answer.location());
        browser.sign_in(&page, &ada).await.callback().expect_response_to(&app, &ask);
    }

    /// H03: the sign-in page that belongs to no transaction.
    async fn the_sign_in_form_of_the_home_page_is_guarded_too(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let page = browser.open(&app.url("/login")).await.page();
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        expect_guarded(&app, &browser, &page, "/login", &typed).await;
        let home = browser.sign_in(&page, &ada).await.page();
        assert!(home.text().contains("ada Example"), "{}", home.text());
    }

    /// H03: consent.
    async fn the_consent_form_is_taken_from_our_own_page_only(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let ask = Ask::of("web");
        let login = browser.open(&ask.url(&app)).await.page();
        let consent = browser.sign_in(&login, &ada).await.page();
        expect_guarded(&app, &browser, &consent, "/consent", &[("decision", "allow")]).await;
        // Nothing was allowed by any of that.
        let silent = Ask::of("web").set("prompt", "none");
        let refused = browser.clone().open(&silent.url(&app)).await.callback();
        refused.expect_error(&app, &silent, "consent_required");
        let answer = browser.send(&consent, "/consent", &[("decision", "allow")]).await;
        assert_eq!(answer.status, 303);
        browser.follow(answer).await.callback().expect_response_to(&app, &ask);
    }

    /// H03: sign-out and the own password.
    async fn the_forms_for_signing_out_and_a_new_password_are_guarded(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let page = browser.open(&app.url("/logout")).await.page();
        expect_guarded(&app, &browser, &page, "/logout/confirm", &[]).await;
        assert!(app.is_signed_in(&browser).await);

        let newcomer = app.newcomer("nina").await;
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        let page = browser.sign_in(&login, &newcomer).await.page();
        let new = "a new and rather long password";
        expect_guarded(&app, &browser, &page, "/password", &[("password", new), ("repeated", new)]).await;
        let user = app.app().stores.users.find(newcomer.id).await.expect("the store").expect("somebody");
        assert!(user.must_set_password());
    }

    /// H03: the proof of an account, and the ways into one's own.
    async fn the_forms_for_joining_and_unlinking_are_guarded(setup: Setup) {
        let app = TestApp::with(setup, Options { extra: joins::PROVIDERS, ..Options::default() }).await;
        let ada = app.ada().await;
        let (mut browser, key) = (app.browser(), joins::key("google"));
        browser.get(&app.url("/login")).await;
        let page = browser.open(&app.waiting(&browser, &ada, &key).await).await.page();
        let hashed = app.app().passwords.hashes_run();
        for typed in [("password", ada.password.as_str()), ("new", "1")] {
            expect_guarded(&app, &browser, &page, "/join", &[typed]).await;
        }
        assert_eq!((app.opens(&key).await, app.app().passwords.hashes_run()), (None, hashed));

        let linked = app.joined(&ada, "google").await;
        let mut browser = app.signed_in(&ada).await;
        let page = browser.open(&app.url("/account")).await.page();
        expect_guarded(&app, &browser, &page, "/account", &[("unlink", &linked.handle())]).await;
        assert_eq!(app.opens(&linked).await.as_deref(), Some("ada"));
    }

    /// H04: the form of one person or client opens nothing for another.
    async fn a_consent_form_of_another_person_or_client_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut of_bob = app.browser();
        let login = of_bob.open(&Ask::of("web").url(&app)).await.page();
        let consent_of_bob = of_bob.sign_in(&login, &bob).await.page();
        let mut of_ada = app.browser();
        let login = of_ada.open(&Ask::of("web").url(&app)).await.page();
        let consent_of_ada = of_ada.sign_in(&login, &ada).await.page();
        // Bob's form, whole, in Ada's browser; then Bob's token at Ada's own transaction.
        let (url_of_bob, form_of_bob) = UserAgent::form(&consent_of_bob, "/consent");
        let fields = filled(&form_of_bob, &[("decision", "allow")]);
        let answer = of_ada.post(url_of_bob.as_str(), &fields).await;
        assert!(matches!(answer.status, 400 | 403), "{}", answer.status);
        let (url_of_ada, form_of_ada) = UserAgent::form(&consent_of_ada, "/consent");
        of_ada.post(url_of_ada.as_str(), &fields).await.expect_page(403);
        // Ada's token of one client at the transaction of another.
        let other = of_ada.open(&Ask::of("other").url(&app)).await.page();
        let (url_of_other, _) = UserAgent::form(&other, "/consent");
        let fields = filled(&form_of_ada, &[("decision", "allow")]);
        of_ada.post(url_of_other.as_str(), &fields).await.expect_page(403);
        // Bob signs in on Ada's browser meanwhile: what she was shown no longer counts.
        app.advance_seconds(1);
        let again = Ask::of("web").set("prompt", "login");
        let login = of_ada.open(&again.url(&app)).await.page();
        of_ada.sign_in(&login, &bob).await.page();
        of_ada.post(url_of_ada.as_str(), &fields).await.expect_page(403);
        for person in [&ada, &bob] {
            let known = app.app().stores.consents.find(person.id, &"web".parse_id()).await.expect("the store");
            assert!(known.is_none(), "{known:?}");
        }
    }

    /// B09.
    async fn a_page_of_one_browser_opens_nothing_in_another(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut of_ada = app.browser();
        let ask = Ask::of("web");
        let login = of_ada.open(&ask.url(&app)).await.page();
        let consent = of_ada.sign_in(&login, &ada).await.page();
        let bare = app.browser();
        let signed_in = app.signed_in(&bob).await;
        let id = consent.url.query().expect("an id").to_owned();
        for mut browser in [bare, signed_in] {
            for path in ["/consent", "/login", "/authorize/resume", "/password"] {
                let answer = browser.get(&format!("{}?{id}", app.url(path))).await;
                answer.expect_page(400);
            }
            let (action, form) = UserAgent::form(&consent, "/consent");
            let refused = browser.post(action.as_str(), &filled(&form, &[("decision", "allow")])).await;
            assert!(matches!(refused.status, 400 | 403), "{}", refused.status);
        }
        // Her own browser was not disturbed.
        let callback = of_ada.submit(&consent, "/consent", &[("decision", "allow")]).await.callback();
        callback.expect_response_to(&app, &ask);
    }
}

trait ParseId {
    fn parse_id(&self) -> vestibule::protocol::ids::ClientId;
}

impl ParseId for str {
    fn parse_id(&self) -> vestibule::protocol::ids::ClientId {
        vestibule::protocol::ids::ClientId::parse(self).expect("a client id")
    }
}
