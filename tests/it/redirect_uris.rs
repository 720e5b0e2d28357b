//! Where answers may be sent: only to what is registered, byte for byte (threats A01 to A10).

use crate::both_setups;
use crate::support::configuration::faults_of;
use crate::support::{Ask, Setup, TestApp, logs};

/// A page, no redirect, and nothing that could be a code.
async fn expect_refused(app: &TestApp, client: &str, uri: &str) {
    let ask = Ask::of(client).set("redirect_uri", uri);
    for prompt in [None, Some("none")] {
        let ask = prompt.map_or_else(|| ask.clone(), |prompt| ask.clone().set("prompt", prompt));
        let answer = app.browser().get(&ask.url(app)).await;
        answer.expect_page(400);
        answer.expect_no_store();
    }
    // With nothing wrong but the URI a broken request is not sent there either.
    let broken = ask.set("response_type", "token");
    app.browser().get(&broken.url(app)).await.expect_page(400);
}

both_setups! {
    /// A01, A02, A04, A07.
    async fn a_redirect_uri_that_is_nearly_registered_gets_a_page_and_no_redirect(setup: Setup) {
        let app = TestApp::start(setup).await;
        for uri in [
            "https://app.example.test/cb.evil",
            "https://app.example.test/cb/",
            "https://app.example.test/cb/../x",
            "https://app.example.test/cb%2f..%2fx",
            "https://app.example.test/cb;x",
            "https://app.example.test/cb?x=1",
            "https://app.example.test/cb?tenant=1&x=1",
            "https://app.example.test/cb?tenant=2",
            "https://app.example.test/CB",
            "https://APP.example.test/cb",
            "HTTPS://app.example.test/cb",
            "https://app.example.test.evil.com/cb",
            "https://app.example.test:443/cb",
            "https://app.example.test:8443/cb",
            "http://app.example.test/cb",
            "https://appXexample.test/cb",
            "https://app.example.test@evil.com/cb",
            "https://app.example.test\\@evil.com/cb",
            "https://evil.com#@app.example.test/cb",
            "https://app.example.test%40evil.com/cb",
            "https://app.example.test/cb#",
            "https://app.example.test/cb#x",
            "https://app.example.test/cb ",
            " https://app.example.test/cb",
            "https://app.example.test/\tcb",
            "//app.example.test/cb",
            "/cb",
            "cb",
        ] {
            expect_refused(&app, "web", uri).await;
        }
    }

    /// A05: RFC 8252 7.3, the port alone.
    async fn only_a_native_client_may_choose_its_loopback_port(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for good in ["http://127.0.0.1:51004/cb", "http://127.0.0.1/cb", "com.example.app:/cb"] {
            let ask = Ask::of("native").set("redirect_uri", good);
            let code = app.code(&ask, &ada).await;
            ask.redeem(&app, &code).await.expect(200);
        }
        for bad in [
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004/cb/",
            "http://127.0.0.1:51004/cb?x",
            "http://127.0.0.1.evil.com/cb",
            "http://127.0.0.1:51004@evil.com/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.1/cb",
            "http://2130706433/cb",
            "http://localhost.evil.com/cb",
            "http://localhost/cb",
            "http://[::1]:5/cb",
            "https://127.0.0.1:51004/cb",
            "com.example.app:/cb2",
            "com.example.app://cb",
        ] {
            expect_refused(&app, "native", bad).await;
        }
        expect_refused(&app, "spa", "http://localhost:5174/callback").await;
        expect_refused(&app, "spa", "http://localhost/callback").await;
    }

    /// A06.
    async fn a_dangerous_scheme_is_never_sent_to(setup: Setup) {
        let app = TestApp::start(setup).await;
        for uri in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "\tjavascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://app.example.test/x",
            "file:///etc/passwd",
        ] {
            expect_refused(&app, "web", uri).await;
            expect_refused(&app, "native", uri).await;
        }
    }

    /// A01: it is in the log, by the request id that the page shows.
    async fn a_refused_redirect_uri_is_logged(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = Ask::of("web").set("redirect_uri", "https://evil.test/cb");
        let page = app.browser().get(&ask.url(&app)).await;
        let id = page.header("x-request-id").expect("an id").to_owned();
        assert!(page.expect_page(400).contains(&id), "{}", page.text());
        let log = logs::text();
        let line = log.lines().find(|line| line.contains(&id) && line.contains("wrong_redirect_uri"));
        assert!(line.is_some(), "nothing is logged for {id}");
    }

    /// A10.
    async fn an_unknown_client_gets_a_page_and_no_redirect(setup: Setup) {
        let app = TestApp::start(setup).await;
        for client in ["nobody", "", "WEB", "web ", "retired", "../web", "<script>alert(1)</script>"] {
            let ask = Ask::of("web").set("client_id", client).set("prompt", "none");
            let answer = app.browser().get(&ask.url(&app)).await;
            let html = answer.expect_page(400);
            assert!(!html.contains("<script>alert"), "{html}");
        }
        let answer = app.browser().get(&Ask::of("web").without("client_id").url(&app)).await;
        answer.expect_page(400);
    }

    /// RFC 6749 3.1.2.3: it may be left out where there is only one.
    async fn a_missing_redirect_uri_means_the_only_one_or_a_page(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let only = Ask::of("other").without("redirect_uri");
        let callback = app.browser().authorize(&app, &only, &ada).await;
        let request = only.token_request(&app, &callback.code()).but("redirect_uri", None);
        request.send().await.expect(200);
        let several = Ask::of("web").without("redirect_uri");
        app.browser().get(&several.url(&app)).await.expect_page(400);
        let empty = Ask::of("web").set("redirect_uri", "");
        app.browser().get(&empty.url(&app)).await.expect_page(400);
    }

    /// RFC 6749 3.1.2: a query of its own is kept.
    async fn a_registered_query_is_kept_beside_the_answer(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web").set("redirect_uri", "https://app.example.test/cb?tenant=1");
        let callback = app.browser().authorize(&app, &ask, &ada).await;
        assert_eq!(callback.get("tenant").as_deref(), Some("1"));
        assert!(callback.url.as_str().starts_with("https://app.example.test/cb?tenant=1&code="), "{}", callback.url);
        ask.redeem(&app, &callback.code()).await.expect(200);
    }

    /// Repeated parameters decide nothing: RFC 6749 3.1.
    async fn two_redirect_uris_or_clients_get_a_page(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (name, value) in [("redirect_uri", "https://evil.test/cb"), ("client_id", "spa")] {
            let ask = Ask::of("web");
            let url = format!("{}&{name}={value}", ask.url(&app));
            app.browser().get(&url).await.expect_page(400);
        }
    }
}

/// A02, A03, A06, A07: what may be registered.
#[test]
fn a_redirect_uri_that_must_not_be_registered_is_a_fault_that_names_it() {
    for uri in [
        "https://*.x.example/cb",
        "https://x.example/*",
        "https://app.example@evil.com/cb",
        "https://user:pw@app.example/cb",
        "https://app.example\\\\@evil.com/cb",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://app.example/a/../cb",
        "http://app.example/cb",
        "http://127.0.0.1/cb",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://x",
        "file:///etc/passwd",
        "com.example.app:/cb",
        "/cb",
        "",
    ] {
        let table = format!(
            "[[clients]]\nclient_id = \"x\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"{uri}\"]\n"
        );
        let faults = faults_of(&table).unwrap_or_else(|| panic!("accepted: {uri}"));
        assert!(faults.contains("redirect URI") && faults.contains("vestibule.toml:13:"), "{uri}: {faults}");
    }
    let good = "[[clients]]\nclient_id = \"x\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"https://app.example/cb\"]\n";
    assert_eq!(faults_of(good), None);
}
