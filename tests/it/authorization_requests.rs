//! The authorization request: what is refused, how, and where the refusal goes (threats A14, A16, A20).

use reqwest::Method;

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp};

both_setups! {
    /// A14 and A16: refused in the query, with state and iss, whatever mode was asked for.
    async fn a_response_type_that_we_lack_is_refused_in_the_query(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (value, code) in [
            (Some("token"), "unsupported_response_type"),
            (Some("id_token token"), "unsupported_response_type"),
            (Some("code token"), "unsupported_response_type"),
            (Some("code id_token"), "unsupported_response_type"),
            (Some("none"), "unsupported_response_type"),
            (Some("CODE"), "unsupported_response_type"),
            (Some(""), "invalid_request"),
            (None, "invalid_request"),
        ] {
            let ask = match value {
                Some(value) => Ask::of("web").set("response_type", value),
                None => Ask::of("web").without("response_type"),
            };
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, code);
        }
    }

    /// A14: the stored request wins over whatever stands in the URL or the form of our pages.
    async fn tampering_with_our_pages_does_not_change_the_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("asking");
        let mut browser = app.browser();
        let page = browser.open(&ask.url(&app)).await.page();
        let tampered = format!("{}&response_type=token&redirect_uri=https%3A%2F%2Fevil.test%2F&client_id=spa", page.url);
        let page = browser.open(&tampered).await.page();
        let typed = [
            ("username", ada.username.as_str()),
            ("password", ada.password.as_str()),
            ("response_type", "token"),
            ("redirect_uri", "https://evil.test/"),
            ("scope", "openid write:posts"),
            ("client_id", "spa"),
        ];
        let consent = browser.submit(&page, "/login", &typed).await.page();
        let typed = [("decision", "allow"), ("redirect_uri", "https://evil.test/"), ("response_type", "token")];
        let callback = browser.submit(&consent, "/consent", &typed).await.callback();
        callback.expect_response_to(&app, &ask);
        let granted = ask.redeem(&app, &callback.code()).await.expect(200).member("scope");
        assert_eq!(granted, "openid profile email read:users");
    }

    /// A20: OpenID Connect Core 3.1.2.6.
    async fn request_objects_and_registration_are_refused_by_their_own_errors(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (name, value, code) in [
            ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
            ("request_uri", "https://app.example.test/request.jwt", "request_uri_not_supported"),
            ("request_uri", "urn:ietf:params:oauth:request_uri:x", "request_uri_not_supported"),
            ("registration", "{}", "registration_not_supported"),
        ] {
            let ask = Ask::of("web").set(name, value);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, code);
        }
        // A bad client or URI comes first: an error page (A10).
        let ask = Ask::of("web").set("request", "x").set("redirect_uri", "https://evil.test/");
        app.browser().get(&ask.url(&app)).await.expect_page(400);
    }

    /// A20: nothing is fetched from a URL in a request.
    async fn a_request_uri_is_never_fetched(setup: Setup) {
        let app = TestApp::start(setup).await;
        let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/request.jwt", trap.local_addr().expect("an address"));
        for name in ["request_uri", "redirect_uri", "resource", "registration", "sector_identifier_uri", "id_token_hint"] {
            app.browser().get(&Ask::of("web").set(name, &url).url(&app)).await;
        }
        // Whoever connected would be waiting by now: the answers have come.
        let fetched = tokio::time::timeout(std::time::Duration::ZERO, trap.accept()).await;
        assert!(fetched.is_err(), "something was fetched");
    }

    /// Product: `fragment` by query, with its own error.
    async fn a_response_mode_that_we_lack_is_an_invalid_request_sent_by_query(setup: Setup) {
        let app = TestApp::start(setup).await;
        for mode in ["fragment", "FORM_POST", "jwt", "query.jwt", "web_message", "x"] {
            let ask = Ask::of("web").set("response_mode", mode);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, "invalid_request");
        }
        let ada = app.ada().await;
        app.code(&Ask::of("web").set("response_mode", "query"), &ada).await;
        app.code(&Ask::of("web").set("response_mode", ""), &ada).await;
    }

    /// Threats, opening: everything else that we do not support is ignored.
    async fn parameters_that_we_do_not_know_are_ignored(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web")
            .set("display", "popup")
            .set("ui_locales", "de fr")
            .set("claims_locales", "de")
            .set("acr_values", "urn:high 2")
            .set("claims", r#"{"userinfo":{"nickname":null},"x":1}"#)
            .set("dpop_jkt", "x")
            .set("access_type", "offline")
            .set("nobody-knows", "\u{1F511}")
            .set("client_secret", "x");
        let code = app.code(&ask, &ada).await;
        ask.redeem(&app, &code).await.expect(200);
    }

    /// Auth.js sends neither.
    async fn state_and_nonce_are_not_required(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web").without("state").without("nonce");
        let callback = app.browser().authorize(&app, &ask, &ada).await;
        assert_eq!(callback.get("state"), None);
        ask.redeem(&app, &callback.code()).await.expect(200);
    }

    /// A15: whatever state is, it comes back as it was sent.
    async fn state_comes_back_byte_for_byte(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let long = "s".repeat(2048);
        for state in ["\"><script>alert(1)</script>", "a b+c%20d&e=f#g", "\u{1F511} ä", "a\r\nSet-Cookie: x=1", &long] {
            let ask = Ask::of("web").set("state", state);
            let callback = app.browser().authorize(&app, &ask, &ada).await;
            assert_eq!(callback.get("state").as_deref(), Some(state));
            let refused = ask.set("response_type", "token");
            let callback = app.browser().open(&refused.url(&app)).await.callback();
            callback.expect_error(&app, &refused, "unsupported_response_type");
        }
    }

    /// RFC 6749 3.1.
    async fn a_parameter_that_stands_twice_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        for name in ["scope", "state", "response_type", "code_challenge", "nonce", "prompt"] {
            let ask = Ask::of("web").set("prompt", "login");
            let value = ask.get(name).expect("set").to_owned();
            let answer = app.browser().get(&ask.add(name, &value).url(&app)).await;
            // Which client it is for cannot be told from a request that cannot be read.
            answer.expect_page(400);
        }
        let ada = app.ada().await;
        let twice = Ask::of("web").set("nobody-knows", "a");
        let callback = app.browser().get(&twice.clone().add("resource", "").url(&app)).await;
        assert_eq!(callback.status, 303);
        app.code(&twice, &ada).await;
    }

    /// Product: scopes.
    async fn scopes_that_are_not_registered_are_refused_or_ignored_beside_openid(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web").set("scope", "openid email nonsense admin:everything");
        let code = app.code(&ask, &ada).await;
        assert_eq!(ask.redeem(&app, &code).await.expect(200).member("scope"), "openid email");
        for scope in ["read:users nonsense", "nonsense", "read:users READ:USERS"] {
            let ask = Ask::of("web").set("scope", scope);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            let description = callback.expect_error(&app, &ask, "invalid_scope");
            assert!(description.contains("nonsense") || description.contains("READ:USERS"), "{description}");
        }
        for scope in ["openid \"quoted\"", "openid back\\slash", "openid \u{e4}", "openid\tprofile"] {
            let ask = Ask::of("web").set("scope", scope);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, "invalid_scope");
        }
    }

    /// Product: none asked means the default, else `invalid_scope`.
    async fn no_scope_means_the_default_scope(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for ask in [Ask::of("spa").without("scope"), Ask::of("spa").set("scope", "")] {
            let code = app.code(&ask, &ada).await;
            assert_eq!(ask.redeem(&app, &code).await.expect(200).member("scope"), "openid read:users");
        }
        let ask = Ask::of("other").without("scope");
        let callback = app.browser().open(&ask.url(&app)).await.callback();
        callback.expect_error(&app, &ask, "invalid_scope");
    }

    /// Product: what no role permits is dropped; nothing left is `access_denied`.
    async fn a_scope_that_no_role_permits_is_dropped(setup: Setup) {
        let app = TestApp::start(setup).await;
        let bob = app.bob().await;
        let ask = Ask::of("web").set("scope", "openid read:users write:posts");
        let code = app.code(&ask, &bob).await;
        assert_eq!(ask.redeem(&app, &code).await.expect(200).member("scope"), "openid read:users");
        let ask = Ask::of("web").set("scope", "write:posts");
        let mut browser = app.browser();
        let page = browser.open(&ask.url(&app)).await.page();
        let callback = browser.sign_in(&page, &bob).await.callback();
        callback.expect_error(&app, &ask, "access_denied");
    }

    /// D10: the grant has to be listed for the authorization endpoint too.
    async fn a_client_without_the_code_grant_cannot_begin(setup: Setup) {
        let app = TestApp::with(setup, crate::support::Options {
            extra: "\n[[clients]]\nclient_id = \"codeless\"\ntoken_endpoint_auth_method = \"none\"\nfirst_party = true\n\
                    grant_types = [\"password\"]\nredirect_uris = [\"https://other.example.test/cb\"]\nscope = \"openid\"\n",
            ..Default::default()
        })
        .await;
        let ask = Ask::of("codeless").set("scope", "openid");
        let callback = app.browser().open(&ask.url(&app)).await.callback();
        callback.expect_error(&app, &ask, "unauthorized_client");
    }

    /// `prompt` values.
    async fn an_unknown_or_contradictory_prompt_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        for prompt in ["create", "LOGIN", "none login", "consent none", "none none login"] {
            let ask = Ask::of("web").set("prompt", prompt);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, "invalid_request");
        }
        for max_age in ["-1", "1.5", "x", "99999999999999", "+5", " 5"] {
            let ask = Ask::of("web").set("max_age", max_age);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, "invalid_request");
        }
    }

    /// The endpoint takes GET and POST, and what is malformed gets a page.
    async fn what_cannot_be_read_gets_a_page_and_never_a_redirect(setup: Setup) {
        let app = TestApp::start(setup).await;
        let good = Ask::of("web").query();
        for query in ["client_id=%zz", "client_id=%ff%fe", "client_id=web%00", "%00=1", "client_id=web&state=%c3%28"] {
            let answer = app.browser().get(&format!("{}?{good}&{query}", app.url("/authorize"))).await;
            answer.expect_page(400);
        }
        let post = |kind: &str, body: &str| {
            app.request(Method::POST, "/authorize").header("content-type", kind).body(body.as_bytes().to_vec()).send()
        };
        let json = post("application/json", "{\"client_id\":\"web\"}").await;
        assert!(matches!(json.status, 400 | 415), "{}", json.status);
        let multipart = post("multipart/form-data; boundary=x", "--x--").await;
        assert!(matches!(multipart.status, 400 | 415), "{}", multipart.status);
        post("application/x-www-form-urlencoded", "client_id=%zz").await.expect_page(400);
    }
}
