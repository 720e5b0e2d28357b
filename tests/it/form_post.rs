//! `response_mode=form_post`: the same answers in a form, errors too (OAuth 2.0 Form Post Response Mode; threats
//! A14, A15, A16, A17).

use url::Url;

use crate::both_setups;
use crate::support::agent::Callback;
use crate::support::forms::{attributes, forms, tag_names};
use crate::support::{Answer, Arrival, Ask, Setup, TestApp};

fn posting(client: &str) -> Ask {
    Ask::of(client).set("response_mode", "form_post")
}

/// What the page would post, as the callback that a query would be. The page itself is held to its rules.
#[track_caller]
fn posted(page: &Answer, ask: &Ask) -> Callback {
    let html = page.expect_page(200);
    page.expect_no_store();
    let policy = page.header("content-security-policy").expect("a policy");
    let mut origin = Url::parse(&ask.redirect_uri).expect("a URL");
    origin.set_query(None);
    let origin = origin.origin().ascii_serialization();
    assert!(policy.ends_with(&format!("; form-action {origin}")), "{policy}");
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert!(
        policy.contains("frame-ancestors 'none'") && page.header("x-frame-options") == Some("DENY"),
        "A17: {policy}"
    );
    // One script, ours; nothing inline.
    assert_eq!(tag_names(&html).iter().filter(|name| *name == "script").count(), 1, "{html}");
    let scripts: Vec<String> = attributes(&html, "src");
    assert!(matches!(scripts.as_slice(), [src] if src.starts_with("/assets/submit.")), "{scripts:?}");
    for handler in ["onload", "onclick", "onerror", "onsubmit", "style"] {
        assert!(attributes(&html, handler).is_empty(), "{handler}: {html}");
    }
    let [form] = forms(&html).try_into().expect("one form");
    assert_eq!((form.action.as_str(), form.method.as_str()), (ask.redirect_uri.as_str(), "post"));
    assert!(form.buttons.is_empty() && html.contains(">Continue</button>"), "a button that adds nothing: {html}");
    let mut url = Url::parse(&ask.redirect_uri).expect("a URL");
    url.query_pairs_mut().extend_pairs(form.fields());
    Callback { url }
}

both_setups! {
    async fn a_code_goes_to_the_client_in_a_form(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = posting("web");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        let arrival = browser.sign_in(&login, &ada).await;
        let page = browser.allow(arrival).await.page();
        let callback = posted(&page, &ask);
        callback.expect_response_to(&app, &ask);
        ask.redeem(&app, &callback.code()).await.expect(200);
        // With a session and a remembered consent it comes at once, also without a prompt.
        for ask in [posting("web"), posting("web").set("prompt", "none")] {
            let page = browser.open(&ask.url(&app)).await.page();
            let callback = posted(&page, &ask);
            callback.expect_response_to(&app, &ask);
            ask.redeem(&app, &callback.code()).await.expect(200);
        }
        // Opened again, the page of the transaction says that it was answered, and repeats no code.
        let again = browser.open(page.url.as_str()).await.page();
        assert!(again.text().contains("already signed in"), "{}", again.text());
    }

    /// Errors travel as the code would have: what is malformed, what is refused by rule, and what by a person.
    async fn every_error_goes_in_a_form_too(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for (ask, code) in [
            (posting("web").set("prompt", "none"), "login_required"),
            (posting("web").set("scope", "admin"), "invalid_scope"),
            (posting("web").set("response_type", "token"), "unsupported_response_type"),
            (posting("web").set("max_age", "x"), "invalid_request"),
            (posting("web").set("claims", "{"), "invalid_request"),
            (posting("web").set("request", "x"), "request_not_supported"),
            (posting("web").set("resource", "https://evil.test"), "invalid_target"),
            (posting("web").without_pkce(), "invalid_request"),
        ] {
            let page = app.browser().open(&ask.url(&app)).await.page();
            posted(&page, &ask).expect_error(&app, &ask, code);
        }
        let ask = posting("asking");
        let mut browser = app.browser();
        let login = browser.open(&ask.url(&app)).await.page();
        let consent = browser.sign_in(&login, &ada).await.page();
        let page = browser.submit(&consent, "/consent", &[("decision", "deny")]).await.page();
        posted(&page, &ask).expect_error(&app, &ask, "access_denied");
    }

    /// A10: what has no place to go is a page of ours, with nothing to post.
    async fn an_unknown_client_or_uri_gets_no_form(setup: Setup) {
        let app = TestApp::start(setup).await;
        for ask in [posting("web").set("redirect_uri", "https://evil.test/"), posting("web").set("client_id", "nobody")] {
            let html = app.browser().get(&ask.url(&app)).await.expect_page(400);
            assert!(forms(&html).is_empty(), "{html}");
        }
    }

    /// A15: whatever the request says, it stays a value.
    async fn what_the_request_says_cannot_leave_its_place(setup: Setup) {
        let app = TestApp::start(setup).await;
        for state in [
            "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "</form><form action=https://evil.test>",
            "&quot;&gt;&lt;b&gt;", "a b+c%20d&e=f#g", "\u{1F511} ä", "\" autofocus onfocus=alert(1) x=\"", "{{ state }}",
        ] {
            let ask = posting("web").set("state", state).set("prompt", "none");
            let page = app.browser().open(&ask.url(&app)).await.page();
            posted(&page, &ask).expect_error(&app, &ask, "login_required");
            let html = page.text();
            assert!(!html.contains("<script>") && !html.contains("<img") && !html.contains("<b>"), "{html}");
            // A description that quotes the request is text, too.
            let ask = posting("web").set("state", state).set("scope", "x<img/src=1>");
            let page = app.browser().open(&ask.url(&app)).await.page();
            posted(&page, &ask).expect_error(&app, &ask, "invalid_scope");
            assert!(!page.text().contains("<img"), "{}", page.text());
        }
    }

    /// A redirect URI with a query keeps it, and the answer is not in it.
    async fn a_query_of_the_redirect_uri_stays_there(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = posting("web").set("redirect_uri", "https://app.example.test/cb?tenant=1").set("prompt", "none");
        let page = app.browser().open(&ask.url(&app)).await.page();
        posted(&page, &ask).expect_error(&app, &ask, "login_required");
    }

    /// Nothing can be posted to an installed application's scheme; the loopback takes a post.
    async fn a_private_use_scheme_cannot_have_a_form(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = posting("native").set("redirect_uri", "com.example.app:/cb");
        let callback = app.browser().open(&ask.url(&app)).await.callback();
        assert!(callback.expect_error(&app, &ask, "invalid_request").contains("form_post"));
        let ask = posting("native").set("redirect_uri", "http://127.0.0.1:51004/cb").set("prompt", "none");
        let Arrival::Page(page) = app.browser().open(&ask.url(&app)).await else { panic!("not a page") };
        posted(&page, &ask).expect_error(&app, &ask, "login_required");
    }

    /// The page also stands at the end of a cross-site POST, and its script is served as one.
    async fn a_posted_request_is_answered_by_a_form_and_the_script_is_a_file(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = posting("web").set("prompt", "none");
        let answer = app.request(reqwest::Method::POST, "/authorize").fields(ask.params().iter().map(|(name, value)| (name.as_str(), value.as_str()))).send().await;
        let page = app.browser().open(answer.location().as_str()).await.page();
        posted(&page, &ask).expect_error(&app, &ask, "login_required");
        let src = attributes(&page.text(), "src").remove(0);
        let script = app.get(&src).await.expect(200);
        assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert!(script.header("cache-control").expect("one").contains("immutable"));
        assert!(script.text().contains(".submit()"), "{}", script.text());
    }
}
