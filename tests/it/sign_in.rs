//! Signing in by name and password (threat J01).

use futures_util::future::join_all;

use crate::both_setups;
use crate::support::steps::lasting_headers;
use crate::support::{Answer, Ask, Options, Person, Setup, TestApp, UserAgent, forms};

/// A page without what is rightly different: tokens, ids, the typed name.
fn lasting_text(page: &Answer, name: &str) -> String {
    let mut text = forms::decode(&page.text().replace("&nbsp;", " ").replace("&rsquo;", "'").replace("&middot;", "."));
    let (action, form) = UserAgent::form(page, "/login");
    for secret in form.names("hidden").into_iter().filter_map(|name| form.value(name)) {
        text = text.replace(secret, "SECRET");
    }
    if let Some(query) = action.query() {
        text = text.replace(query, "QUERY");
    }
    text.replace(&format!("value=\"{name}\""), "value=\"NAME\"")
}

both_setups! {
    /// J01: unknown, wrong, disabled, without password, and a generated one past its time.
    async fn every_failed_sign_in_looks_the_same_after_the_same_work(setup: Setup) {
        let app = TestApp::start(setup).await;
        app.ada().await;
        let federated = app.person_with("fred", &["reader"], |user| user.password = None).await;
        let disabled = app.person_with("dora", &["reader"], |user| user.disabled = true).await;
        let late = app.newcomer("nina").await;
        app.advance_seconds(7 * 86_400);
        let mut seen: Vec<(String, u16, String, _)> = Vec::new();
        for (name, password) in [
            ("ada", "wrong"),
            ("ada@example.test", "wrong"),
            ("nobody", "wrong"),
            ("fred", federated.password.as_str()),
            ("dora", disabled.password.as_str()),
            ("nina", late.password.as_str()),
        ] {
            let mut browser = app.browser();
            let login = browser.open(&app.url("/login")).await.page();
            let before = app.app().passwords.hashes_run();
            let answer = browser.send(&login, "/login", &[("username", name), ("password", password)]).await;
            assert_eq!(app.app().passwords.hashes_run() - before, 1, "{name}");
            assert!(matches!(answer.status, 200 | 422), "{}", answer.status);
            assert!(browser.session().is_none());
            assert!(answer.text().contains("role=\"alert\""), "{}", answer.text());
            let (_, form) = UserAgent::form(&answer, "/login");
            assert_eq!(form.value("username"), Some(name), "the name is kept");
            assert_eq!(form.value("password").unwrap_or_default(), "", "the password is not");
            seen.push((name.to_owned(), answer.status, lasting_text(&answer, name), lasting_headers(&answer)));
        }
        for (name, status, text, headers) in &seen {
            assert_eq!((status, text, headers), (&seen[0].1, &seen[0].2, &seen[0].3), "{name}");
        }
    }

    async fn a_person_signs_in_by_name_or_address_however_it_is_written(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for name in ["ada", "ADA", " ada ", "ada@example.test", "Ada@Example.Test", "\u{ff41}\u{ff44}\u{ff41}"] {
            let person = Person { username: name.to_owned(), ..ada.clone() };
            let ask = Ask::of("trusted");
            let code = app.code(&ask, &person).await;
            let answer = ask.redeem(&app, &code).await.expect(200);
            assert_eq!(crate::support::jwt::claims(&answer.member("id_token"))["sub"], ada.sub());
        }
    }

    /// The password itself is taken as it is.
    async fn a_password_is_neither_trimmed_nor_folded(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for wrong in [
            format!(" {}", ada.password), format!("{} ", ada.password), ada.password.to_uppercase(), String::new(),
            format!("{}x", ada.password), ada.password[1..].to_owned(),
        ] {
            let mut browser = app.browser();
            let login = browser.open(&app.url("/login")).await.page();
            browser.sign_in(&login, &Person { password: wrong.clone(), ..ada.clone() }).await.page();
            assert!(browser.session().is_none(), "{wrong:?}");
        }
    }

    /// The home page says who is signed in; the sign-in page does not ask them again.
    async fn the_home_page_says_who_is_signed_in(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        assert!(!browser.open(&app.url("/")).await.page().text().contains("ada"));
        let login = browser.open(&app.url("/login")).await.page();
        let home = browser.sign_in(&login, &ada).await.page();
        assert_eq!(home.url.path(), "/");
        assert!(home.text().contains("ada Example"));
        assert_eq!(browser.open(&app.url("/login")).await.page().url.path(), "/");
    }

    /// A stored hash of older parameters is replaced at the next sign-in, and only then (J18).
    async fn a_weaker_hash_is_upgraded_by_a_sign_in_and_by_nothing_else(setup: Setup) {
        use secrecy::ExposeSecret as _;

        let app = TestApp::start(setup).await;
        // "correct horse battery staple" by argon2id with m=4096.
        let weak = weak_hash("correct horse battery staple");
        let old = app.person_with("otto", &["editor"], |user| {
            if let Some(password) = &mut user.password {
                password.phc = weak.clone().into();
            }
        })
        .await;
        let stored = async || {
            let user = app.app().stores.users.find(old.id).await.expect("the store").expect("somebody");
            user.password.expect("one").phc.expose_secret().to_owned()
        };
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        browser.sign_in(&login, &old).await.page();
        assert_eq!(stored().await, weak, "a failed sign-in rewrote the hash");
        let right = Person { password: "correct horse battery staple".to_owned(), ..old.clone() };
        let login = browser.open(&app.url("/login")).await.page();
        browser.sign_in(&login, &right).await.page();
        let upgraded = stored().await;
        assert!(upgraded.starts_with("$argon2id$v=19$m=7168,"), "{upgraded}");
        app.signed_in(&right).await;
        assert_eq!(stored().await, upgraded);
    }
}

/// The hash queue is bounded: what does not fit is told when to come back, and nothing else suffers.
#[tokio::test]
async fn more_sign_ins_than_fit_are_told_when_to_come_back() {
    // Half a second of work may wait; each hash takes long enough for the others to be there meanwhile.
    let extra = "threads = 1\nqueue = 2\nmemory_kib = 65536\niterations = 4\n";
    let app = TestApp::with(Setup::Sqlite, Options { passwords: extra, ..Options::default() }).await;
    let ada = app.ada().await;
    app.http().in_trouble(true);
    let grant = || {
        app.token("first-party").fields([
            ("grant_type", "password"),
            ("username", ada.username.as_str()),
            ("password", ada.password.as_str()),
        ])
    };
    let answers = join_all((0..30).map(|_| grant().send())).await;
    let (served, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert!(!served.is_empty() && !refused.is_empty(), "{} served", served.len());
    for answer in refused {
        answer.expect_error(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some_and(|value| value.parse::<u64>().is_ok_and(|wait| wait >= 1)));
    }
    let mut browser = app.browser();
    let login = browser.open(&app.url("/login")).await.page();
    let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
    let pages = join_all((0..30).map(|_| {
        let (mut browser, login) = (browser.clone(), login.clone());
        async move { browser.send(&login, "/login", &typed).await }
    }))
    .await;
    assert!(pages.iter().any(|page| page.status == 303));
    let busy: Vec<&Answer> = pages.iter().filter(|page| page.status != 303).collect();
    assert!(!busy.is_empty());
    for page in busy {
        assert!(matches!(page.status, 200 | 429 | 503), "{}", page.status);
        assert!(page.header("retry-after").is_some(), "{:?}", page.headers);
        let (_, form) = UserAgent::form(page, "/login");
        assert_eq!(form.value("username"), Some("ada"), "the name is kept");
    }
    // Clients are not in that queue.
    app.token("service").field("grant_type", "client_credentials").send().await.expect(200);
}

fn weak_hash(password: &str) -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};

    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(4096, 1, 1, None).expect("parameters"));
    hasher.hash_password_with_salt(password.as_bytes(), b"0123456789abcdef").expect("a hash").to_string()
}
