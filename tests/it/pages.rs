//! What every page carries and never carries (threats A15, A17, H13).

use crate::both_setups;
use crate::support::{Answer, Ask, Options, Setup, TestApp, forms, joins};

/// Headers and markup of a page of ours.
fn expect_page_of_ours(page: &Answer) {
    let header = |name: &str| page.header(name).unwrap_or_default().to_lowercase();
    let policy = header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
        "{}: {policy}",
        page.url
    );
    assert!(policy.contains("base-uri 'none'") || policy.contains("base-uri 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(header("x-frame-options"), "deny");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-content-type-options"), "nosniff");
    page.expect_no_store();
    let html = page.text();
    assert_eq!(forms::tag_names(&html).iter().filter(|name| *name == "script").count(), 0, "works without scripts");
    for name in ["src", "href", "action", "srcset", "poster", "data"] {
        for value in forms::attributes(&html, name) {
            let own = page.url.join(&value).is_ok_and(|url| url.origin() == page.url.origin());
            assert!(own, "{}: {name}={value}", page.url);
        }
    }
    for name in ["style", "onclick", "onload", "onerror", "onsubmit"] {
        assert!(forms::attributes(&html, name).is_empty(), "{}: inline {name}", page.url);
    }
    let tags = forms::tag_names(&html);
    for name in ["h1", "main", "title"] {
        assert_eq!(tags.iter().filter(|tag| *tag == name).count(), 1, "{name} at {}", page.url);
    }
    assert!(!forms::attributes(&html, "lang").is_empty());
}

both_setups! {
    /// A17, H13: sign-in, consent, own password, joining, account, home, sign-out, signed out, and the error pages.
    async fn every_page_is_closed_to_frames_caches_and_third_parties(setup: Setup) {
        let app = TestApp::with(setup, Options { extra: joins::PROVIDERS, ..Options::default() }).await;
        let (ada, nina) = (app.ada().await, app.newcomer("nina").await);
        let mut browser = app.browser();
        let mut pages = vec![browser.get(&app.url("/")).await];
        let login = browser.open(&Ask::of("web").url(&app)).await.page();
        pages.push(browser.send(&login, "/login", &[("username", "ada"), ("password", "wrong")]).await);
        pages.push(login.clone());
        pages.push(browser.sign_in(&login, &ada).await.page());
        pages.push(browser.get(&app.url("/")).await);
        let logout = browser.get(&app.url("/logout")).await;
        pages.push(browser.submit(&logout, "/logout/confirm", &[]).await.page());
        pages.push(logout);
        let mut other = app.browser();
        let login = other.open(&app.url("/login")).await.page();
        let joining = app.waiting(&other, &ada, &joins::key("google")).await;
        let joining = other.get(&joining).await;
        pages.push(other.send(&joining, "/join", &[("password", "wrong")]).await);
        pages.push(joining);
        app.joined(&ada, "google").await;
        pages.push(app.signed_in(&ada).await.get(&app.url("/account")).await);
        let password = other.sign_in(&login, &nina).await.page();
        pages.push(other.send(&password, "/password", &[("password", "short"), ("repeated", "short")]).await);
        pages.push(password);
        for url in [
            app.url("/authorize"),
            Ask::of("nobody").url(&app),
            Ask::of("web").set("redirect_uri", "https://evil.test/").url(&app),
            app.url("/authorize/resume?id=x"),
            app.url("/consent"),
            app.url("/login?id=%zz"),
        ] {
            pages.push(browser.get(&url).await);
        }
        pages.push(app.request(reqwest::Method::DELETE, "/login").send().await);
        for page in &pages {
            expect_page_of_ours(page);
        }
    }

    /// A redirect is not stored either, and tells nobody where it came from.
    async fn redirects_are_not_stored_and_send_no_referrer(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let mut answer = browser.get(&Ask::of("trusted").url(&app)).await;
        loop {
            assert_eq!(answer.status, 303);
            answer.expect_no_store();
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            let next = answer.location();
            if next.origin().ascii_serialization() != app.http().origin() {
                break;
            }
            answer = browser.get(next.as_str()).await;
        }
    }

    /// A15: nothing from a request becomes markup.
    async fn what_a_request_says_is_never_markup(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let attack = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
        let expect_inert = |page: &Answer| {
            let html = page.text();
            assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{}: {html}", page.url);
            assert!(forms::attributes(&html, "onerror").is_empty(), "{html}");
        };
        for name in ["client_id", "redirect_uri", "state", "scope", "prompt", "error_description", "request", "nonce", "login_hint"] {
            let mut browser = app.browser();
            let answer = browser.get(&Ask::of("web").set(name, attack).url(&app)).await;
            expect_inert(&answer);
            if answer.status == 303 && answer.location().origin().ascii_serialization() == app.http().origin() {
                let page = browser.follow(answer).await.page();
                expect_inert(&page);
            }
        }
        let mut browser = app.browser();
        for path in ["/login", "/logout", "/consent", "/password", "/authorize/resume", "/"] {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("id", attack).finish();
            expect_inert(&browser.get(&app.url(&format!("{path}?{query}&error_description={query}"))).await);
        }
        let login = browser.open(&app.url("/login")).await.page();
        let failed = browser.send(&login, "/login", &[("username", attack), ("password", "x")]).await;
        expect_inert(&failed);
        assert!(failed.text().contains("&#") || failed.text().contains("&lt;"), "the name is kept, escaped");
        // A person whose name is markup.
        let eve = app.person_with("eve", &["editor"], |user| user.name = Some(attack.to_owned())).await;
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("web").url(&app)).await.page();
        let consent = browser.sign_in(&login, &eve).await.page();
        expect_inert(&consent);
        expect_inert(&browser.get(&app.url("/")).await);
        drop(ada);
    }

    /// CSP `form-action` names where a form may end: Chromium holds it against the redirects too.
    async fn the_form_action_policy_names_the_redirect_uri(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (client, uri, named) in [
            ("web", "https://app.example.test/cb", "https://app.example.test"),
            ("native", "http://127.0.0.1:4711/cb", "http://127.0.0.1:4711"),
            ("native", "com.example.app:/cb", "com.example.app:"),
        ] {
            let page = app.browser().open(&Ask::of(client).set("redirect_uri", uri).url(&app)).await.page();
            let policy = page.header("content-security-policy").expect("a policy");
            let action = policy.split(';').find(|part| part.trim().starts_with("form-action")).expect("form-action");
            assert_eq!(action.trim(), format!("form-action 'self' {named}"));
        }
    }

    /// The style sheet and icon: ours, cached for ever under the name of their content.
    async fn assets_are_served_from_here(setup: Setup) {
        let app = TestApp::start(setup).await;
        let page = app.browser().open(&app.url("/login")).await.page();
        let links: Vec<String> = forms::attributes(&page.text(), "href").into_iter().filter(|link| link.contains("/assets/")).collect();
        assert!(!links.is_empty());
        for link in links {
            let answer = app.http().request(reqwest::Method::GET, page.url.join(&link).expect("a URL").as_str()).send().await.expect(200);
            assert!(answer.header("cache-control").unwrap_or_default().contains("immutable"), "{link}: {:?}", answer.headers);
            assert!(!answer.body.is_empty(), "{link}");
            assert!(!answer.text().contains("http://") || link.contains("/assets/icon"), "{link} names another site");
        }
    }
}

/// Error pages explain on a development server only: here they have a reference, and no registration.
#[tokio::test]
async fn outside_of_dev_an_error_page_shows_a_reference_and_no_registration() {
    let app = TestApp::with(Setup::Sqlite, Options::default()).await;
    let page = app.browser().get(&Ask::of("web").set("redirect_uri", "https://evil.test/cb").url(&app)).await;
    let html = page.expect_page(400);
    for secret in ["app.example.test", "[[clients]]", "vestibule.toml"] {
        assert!(!html.contains(secret), "{secret}: {html}");
    }
    let id = page.header("x-request-id").expect("a request id");
    assert!(html.contains(id), "{html}");
}
