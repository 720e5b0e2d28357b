//! Sign-out that an application asks for (OpenID Connect RP-Initiated Logout 1.0): with a hint it is done, without one the
//! person is asked, and the way on leads to registered addresses only (threats A12, A13, H05, H08, H09; ASVS 10.6.2).

use reqwest::Method;
use serde_json::{Value, json};

use crate::both_setups;
use crate::support::configuration::faults_of;
use crate::support::{Answer, Arrival, Ask, Person, Setup, TestApp, UserAgent, forms, jwt};

/// Registered for `web`.
const BYE: &str = "https://app.example.test/bye";
const TRUSTED_BYE: &str = "https://trusted.example.test/bye";

/// The end-session endpoint with these parameters.
fn logout(app: &TestApp, parameters: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    app.url(&format!("/logout?{query}"))
}

/// Signs in to that client; the browser and the tokens.
async fn signed_in_to(app: &TestApp, client: &str, person: &Person) -> (UserAgent, Value) {
    let mut browser = app.browser();
    let ask = Ask::of(client);
    let code = browser.authorize(app, &ask, person).await.code();
    (browser, ask.redeem(app, &code).await.expect(200).json())
}

fn id_token(tokens: &Value) -> &str {
    tokens["id_token"].as_str().expect("an ID token")
}

/// The page that asks: nothing ended.
async fn expect_asked(app: &TestApp, browser: &mut UserAgent, url: &str) -> Answer {
    let page = browser.open(url).await.page();
    assert!(page.expect_page(200).contains("Sign out?"), "{}", page.text());
    assert!(app.is_signed_in(browser).await, "{url} ended the session");
    page
}

/// The page that says that it is over, and what it says.
#[track_caller]
fn expect_signed_out(arrival: Arrival) -> String {
    let page = arrival.page();
    let html = page.expect_page(200);
    assert!(html.contains("You are signed out"), "{html}");
    html
}

both_setups! {
    /// The whole way, and H08: the session is over in the browser, in the store and for its refresh tokens.
    async fn with_a_hint_the_person_is_signed_out_and_sent_back_with_state(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let (mut browser, tokens) = signed_in_to(&app, "web", &ada).await;
        let kept = Ask::of("keeper");
        let code = browser.authorize(&app, &kept, &ada).await.code();
        let family = kept.redeem(&app, &code).await.expect(200).member("refresh_token");
        let offline = Ask::of("keeper").set("scope", "openid offline_access").set("prompt", "consent");
        let code = browser.authorize(&app, &offline, &ada).await.code();
        let away = offline.redeem(&app, &code).await.expect(200).member("refresh_token");
        let old = browser.clone();

        let state = "a state & ümlaut=1";
        let parameters = [("id_token_hint", id_token(&tokens)), ("post_logout_redirect_uri", BYE), ("state", state)];
        let answer = browser.get(&logout(&app, &parameters)).await.expect(303);
        answer.expect_no_store();
        let there = answer.location();
        assert_eq!(there.as_str().split('?').next(), Some(BYE));
        let echoed: Vec<_> = there.query_pairs().collect();
        assert_eq!(echoed, [("state".into(), state.into())]);
        let cleared = answer.header("set-cookie").unwrap_or_default();
        assert!(cleared.contains("session=;") && cleared.contains("Max-Age=0"), "{cleared}");

        assert_eq!(browser.session(), None);
        assert!(!app.is_signed_in(&browser).await);
        // H08: the old cookie, replayed.
        assert!(!app.is_signed_in(&old).await);
        let hash = vestibule::protocol::opaque::TokenHash::of(old.session().expect("one").as_bytes());
        assert_eq!(app.app().stores.sessions.find(&hash).await.expect("the store"), None);
        app.refresh("keeper", &family).send().await.expect_error(400, "invalid_grant");
        app.refresh("keeper", &away).send().await.expect(200);
        let silent = Ask::of("web").set("prompt", "none");
        browser.open(&silent.url(&app)).await.callback().expect_error(&app, &silent, "login_required");
    }

    /// RP-Initiated Logout 2: a hint may be old, and may come with the client's id.
    async fn an_expired_hint_is_as_good_and_a_return_is_optional(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let (mut browser, tokens) = signed_in_to(&app, "trusted", &ada).await;
        app.advance_seconds(3 * 3600);
        let parameters = [("id_token_hint", id_token(&tokens)), ("client_id", "trusted"), ("logout_hint", "ada"), ("ui_locales", "de fr")];
        let html = expect_signed_out(browser.open(&logout(&app, &parameters)).await);
        assert!(!html.contains("not registered"), "{html}");
        assert!(!app.is_signed_in(&browser).await);
    }

    /// H05, ASVS 10.6.2: whoever cannot show an ID token of the person gets a page that asks.
    async fn without_a_hint_of_this_person_it_is_asked_first(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let (mut browser, tokens) = signed_in_to(&app, "trusted", &ada).await;
        let (_, of_bob) = signed_in_to(&app, "trusted", &bob).await;
        let other = TestApp::start(Setup::Sqlite).await;
        let stranger = other.person("ada", &[]).await;
        let (_, of_another_server) = signed_in_to(&other, "trusted", &stranger).await;
        let own = id_token(&tokens);
        let (message, signature) = own.rsplit_once('.').expect("a JWT");
        let (header, payload) = message.split_once('.').expect("a JWT");
        let unsigned = format!("{}.{payload}.", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0");
        let changed = format!("{header}.{payload}A.{signature}");
        let hints = [
            id_token(&of_bob), id_token(&of_another_server), tokens["access_token"].as_str().expect("one"),
            &unsigned, &changed, message, "x.y.z", "x", "",
        ];
        for hint in hints {
            expect_asked(&app, &mut browser, &logout(&app, &[("id_token_hint", hint)])).await;
            // Nor does naming the client help: the return is followed once the person agreed.
            let parameters = [("id_token_hint", hint), ("client_id", "trusted"), ("post_logout_redirect_uri", TRUSTED_BYE)];
            expect_asked(&app, &mut browser, &logout(&app, &parameters)).await;
        }
        // The hint of one client in the hands of another: RP-Initiated Logout 2 wants them to agree.
        let parameters = [("id_token_hint", own), ("client_id", "web"), ("post_logout_redirect_uri", BYE)];
        let page = expect_asked(&app, &mut browser, &logout(&app, &parameters)).await;
        let html = expect_signed_out(browser.submit(&page, "/logout/confirm", &[]).await);
        assert!(html.contains("not registered") && !html.contains(BYE), "{html}");
    }

    /// After the confirmation a registered return is followed.
    async fn once_confirmed_the_person_is_sent_back(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let (_, of_bob) = signed_in_to(&app, "web", &bob).await;
        for hint in [None, Some(id_token(&of_bob))] {
            let mut browser = app.signed_in(&ada).await;
            let mut parameters = vec![("post_logout_redirect_uri", BYE), ("state", "s\"><b>1")];
            parameters.push(hint.map_or(("client_id", "web"), |hint| ("id_token_hint", hint)));
            let page = expect_asked(&app, &mut browser, &logout(&app, &parameters)).await;
            assert!(page.text().contains("Acme Reports"), "{}", page.text());
            // Chrome holds redirects after a post against it.
            let policy = page.header("content-security-policy").expect("one");
            assert!(policy.ends_with("form-action 'self' https://app.example.test"), "{policy}");
            let answer = browser.send(&page, "/logout/confirm", &[]).await.expect(303);
            assert_eq!(answer.location().as_str(), format!("{BYE}?state=s%22%3E%3Cb%3E1"));
            assert!(!app.is_signed_in(&browser).await);
            // A second click finds nobody signed in, and leads on all the same.
            let again = expect_signed_out(browser.submit(&page, "/logout/confirm", &[]).await);
            assert!(forms::attributes(&again, "href").iter().any(|link| link.starts_with(BYE)), "{again}");
        }
    }

    /// A13: what is not registered, byte for byte, is not followed, and the page says so.
    async fn an_address_that_is_not_registered_is_never_followed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let unregistered = [
            "https://evil.test/", "https://app.example.test/", "https://app.example.test/bye/", "https://app.example.test/byebye",
            "https://app.example.test/bye?x=1", "https://app.example.test/bye#x", "https://app.example.test/BYE",
            "https://app.example.test:443/bye", "https://app.example.test/bye/../bye", "https://app.example.test/%62ye",
            "https://app.example.test@evil.test/bye", "https://app.example.test.evil.test/bye", "http://app.example.test/bye",
            "https://app.example.test/cb", "https://trusted.example.test/bye", "javascript:alert(1)", "/", "null",
        ];
        for uri in unregistered {
            let (mut browser, tokens) = signed_in_to(&app, "web", &ada).await;
            let parameters = [("id_token_hint", id_token(&tokens)), ("post_logout_redirect_uri", uri), ("state", "1")];
            let html = expect_signed_out(browser.open(&logout(&app, &parameters)).await);
            assert!(html.contains("Acme Reports") && html.contains("not registered"), "{uri}: {html}");
            let links = forms::attributes(&html, "href");
            assert!(!links.iter().any(|link| link.contains("example.test") || link.contains("evil")), "{uri}: {links:?}");
            assert!(!app.is_signed_in(&browser).await, "{uri}");
        }
    }

    /// A13: an address is followed for its own client only, and only when somebody says which that is.
    async fn without_hint_and_client_no_address_is_followed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for client in [None, Some("nobody"), Some("retired"), Some("other"), Some("trusted")] {
            let mut browser = app.signed_in(&ada).await;
            let mut parameters = vec![("post_logout_redirect_uri", BYE)];
            parameters.extend(client.map(|client| ("client_id", client)));
            let page = expect_asked(&app, &mut browser, &logout(&app, &parameters)).await;
            let html = expect_signed_out(browser.submit(&page, "/logout/confirm", &[]).await);
            assert!(html.contains("not registered") && !html.contains(BYE), "{client:?}: {html}");
            assert!(!app.is_signed_in(&browser).await);
        }
    }

    /// A native application's addresses are compared as exactly: no port may vary.
    async fn a_native_application_is_sent_back_to_what_it_registered(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for (uri, followed) in [
            ("com.example.app:/bye", true), ("http://127.0.0.1/bye", true), ("http://127.0.0.1:5000/bye", false), ("com.example.app:/cb", false),
        ] {
            let mut browser = app.signed_in(&ada).await;
            let page = expect_asked(&app, &mut browser, &logout(&app, &[("client_id", "native"), ("post_logout_redirect_uri", uri)])).await;
            match browser.submit(&page, "/logout/confirm", &[]).await {
                Arrival::Away(there) => assert_eq!((there.as_str(), followed), (uri, true)),
                Arrival::Page(page) => assert!(!followed && page.text().contains("not registered"), "{uri}: {}", page.text()),
            }
        }
    }

    /// A12: nothing in a request to sign out leads to another origin.
    async fn no_other_parameter_is_a_return_address(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for target in ["//evil.test", "/\\evil.test", "/%09/evil.test", "\\\\evil.test", "https:evil.test", "/%2f/evil.test", "/..//evil.test"] {
            for name in ["post_logout_redirect_uri", "next", "return_to", "redirect_uri", "rd"] {
                let (mut browser, tokens) = signed_in_to(&app, "web", &ada).await;
                let parameters = [("id_token_hint", id_token(&tokens)), (name, target)];
                let html = expect_signed_out(browser.open(&logout(&app, &parameters)).await);
                assert!(!forms::attributes(&html, "href").iter().any(|link| link.contains("evil")), "{html}");
            }
        }
    }

    /// Where nobody is signed in there is nothing to ask: a hint leads on, everything else to the page.
    async fn when_nobody_is_signed_in_only_a_hint_leads_on_by_itself(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let (_, tokens) = signed_in_to(&app, "web", &ada).await;
        let parameters = [("id_token_hint", id_token(&tokens)), ("post_logout_redirect_uri", "https://app.example.test/bye?tenant=1"), ("state", "7")];
        let there = app.browser().open(&logout(&app, &parameters)).await.callback();
        assert_eq!(there.url.as_str(), "https://app.example.test/bye?tenant=1&state=7");
        let named = [("client_id", "web"), ("post_logout_redirect_uri", BYE), ("state", "7")];
        let html = expect_signed_out(app.browser().open(&logout(&app, &named)).await);
        let links = forms::attributes(&html, "href");
        assert!(links.contains(&format!("{BYE}?state=7")), "{links:?}");
        // The session of the hint was in another browser: it is still there.
        let refused = [("client_id", "web"), ("post_logout_redirect_uri", "https://evil.test/")];
        let html = expect_signed_out(app.browser().open(&logout(&app, &refused)).await);
        assert!(html.contains("not registered") && !html.contains("evil.test"), "{html}");
        expect_signed_out(app.browser().open(&app.url("/logout")).await);
    }

    /// H06: a cross-site POST reads no cookie; the GET that follows it has them.
    async fn a_posted_request_is_parked_and_followed_by_a_get(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let (mut browser, tokens) = signed_in_to(&app, "web", &ada).await;
        let post = || app.request(Method::POST, "/logout")
            .header("origin", "https://app.example.test").header("sec-fetch-site", "cross-site")
            .fields([("id_token_hint", id_token(&tokens)), ("post_logout_redirect_uri", BYE), ("state", "1")]);
        let bare = post().send().await.expect(303);
        let carrying = post().header("cookie", browser.cookie_header()).send().await.expect(303);
        for answer in [&bare, &carrying] {
            assert!(answer.header("set-cookie").is_none(), "{:?}", answer.headers);
            assert_eq!(answer.location().origin().ascii_serialization(), app.http().origin());
            assert!(!answer.location().as_str().contains(id_token(&tokens)), "{}", answer.location());
        }
        assert!(app.is_signed_in(&browser).await, "the post alone ended the session");
        // What was parked here means nothing to the other endpoint that parks.
        let id = carrying.location().query().expect("an id").to_owned();
        app.browser().get(&app.url(&format!("/authorize/resume?{id}"))).await.expect_page(400);
        let there = browser.open(bare.location().as_str()).await.callback();
        assert_eq!(there.url.as_str(), format!("{BYE}?state=1"));
        assert!(!app.is_signed_in(&browser).await);
        // The id is used up: whoever reloads is told that nobody is signed in.
        expect_signed_out(browser.open(bare.location().as_str()).await);
        let mut somebody = app.signed_in(&ada).await;
        expect_asked(&app, &mut somebody, bare.location().as_str()).await;
        let late = post().send().await.expect(303).location();
        app.advance_seconds(3600);
        expect_asked(&app, &mut somebody, late.as_str()).await;
        for parked in ["", "x", "A"] {
            expect_asked(&app, &mut somebody, &app.url(&format!("/logout/confirm?parked={parked}"))).await;
        }
    }

    /// A posted request without a hint asks as well.
    async fn a_posted_request_without_a_hint_is_asked_about(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let post = app.request(Method::POST, "/logout").fields([("client_id", "web"), ("post_logout_redirect_uri", BYE)]);
        let parked = post.send().await.expect(303).location();
        let page = expect_asked(&app, &mut browser, parked.as_str()).await;
        let there = browser.submit(&page, "/logout/confirm", &[]).await.callback();
        assert_eq!(there.url.as_str(), BYE);
        assert!(!app.is_signed_in(&browser).await);
    }

    /// H09: on a shared browser one person's tokens never become another's, also when the cookies were gone before
    /// the first signed out.
    async fn on_a_shared_browser_nobody_becomes_somebody_else(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let mut browser = app.browser();
        let offline = Ask::of("keeper").set("scope", "openid offline_access").set("prompt", "consent");
        let code = browser.authorize(&app, &offline, &ada).await.code();
        let of_ada = offline.redeem(&app, &code).await.expect(200).json();
        browser.cookies.clear();
        expect_signed_out(browser.open(&logout(&app, &[("id_token_hint", id_token(&of_ada))])).await);

        let ask = Ask::of("keeper");
        let code = browser.authorize(&app, &ask, &bob).await.code();
        let refreshed = app.refresh("keeper", of_ada["refresh_token"].as_str().expect("one")).send().await.expect(200).json();
        assert_eq!(jwt::claims(refreshed["access_token"].as_str().expect("one"))["sub"], ada.sub());
        assert_eq!(jwt::claims(id_token(&refreshed))["sub"], ada.sub());
        let of_bob = ask.redeem(&app, &code).await.expect(200).json();
        assert_eq!(jwt::claims(id_token(&of_bob))["sub"], bob.sub());
        // The hint of the one before does not sign out the one who is there.
        expect_asked(&app, &mut browser, &logout(&app, &[("id_token_hint", id_token(&of_ada))])).await;
    }

    /// Only a visit ends anything.
    async fn a_head_request_signs_nobody_out(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let (browser, tokens) = signed_in_to(&app, "web", &ada).await;
        let url = logout(&app, &[("id_token_hint", id_token(&tokens))]);
        let answer = app.http().request(Method::HEAD, &url).header("cookie", browser.cookie_header()).send().await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert!(app.is_signed_in(&browser).await);
    }

    /// Every malformed request is a page, and ends nothing.
    async fn a_malformed_request_is_refused_by_a_page(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let long = "x".repeat(2049);
        for query in [
            "client_id=web&client_id=web", "client_id=%zz", "state=%00", "id_token_hint=a&id_token_hint=b", "client_id=%ff",
            &format!("state={long}"), &format!("post_logout_redirect_uri=https://{long}"),
        ] {
            browser.get(&app.url(&format!("/logout?{query}"))).await.expect_page(400);
            let body = query.as_bytes().to_vec();
            let posted = app.request(Method::POST, "/logout").header("content-type", "application/x-www-form-urlencoded").body(body);
            let posted = posted.send().await;
            let arrived = browser.follow(posted).await.page();
            arrived.expect_page(400);
            assert!(app.is_signed_in(&browser).await, "{query}");
        }
    }
}

/// A02, A03, A06: what may not be registered for signing in may not be for signing out.
#[test]
fn an_address_that_no_client_may_have_is_a_fault_of_the_configuration() {
    let client = |uris: &Value| {
        format!(
            "[[clients]]\nclient_id = \"x\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"https://x.test/\"]\n\
             post_logout_redirect_uris = {uris}\n"
        )
    };
    let wrong = [
        "https://*.x.test/",
        "https://x.test/*",
        "https://x.test/#",
        "https://a@x.test/",
        "http://x.test/",
        "javascript:alert(1)",
        "/bye",
        "",
        "http://localhost/bye",
        "com.example.app:/bye",
    ];
    for uri in wrong {
        let faults = faults_of(&client(&json!([uri]))).unwrap_or_else(|| panic!("{uri} may be registered"));
        assert!(faults.contains("redirect URI"), "{uri}: {faults}");
    }
    assert_eq!(faults_of(&client(&json!(["https://x.test/bye", "http://localhost:3000/"]))), None);
    let twice = faults_of(&client(&json!(["https://x.test/bye", "https://x.test/bye"]))).expect("a fault");
    assert!(twice.contains("twice"), "{twice}");
}
