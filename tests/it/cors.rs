//! Which web pages may read which answers (threat A18; Fetch 3.2).

use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::secret;
use crate::support::http::Request;
use crate::support::{Answer, Ask, Setup, TestApp};

const OF_SPA: [&str; 3] = ["https://spa.example.test", "http://localhost:5173", "https://extra.example.test"];
const OF_OTHERS: [&str; 2] = ["https://app.example.test", "https://other.example.test"];
const OF_NOBODY: [&str; 6] = [
    "https://evil.test",
    "null",
    "https://spa.example.test.evil.test",
    "http://spa.example.test",
    "https://spa.example.test:8443",
    "http://localhost:9999",
];

fn allowed(answer: &Answer) -> Option<&str> {
    assert!(answer.header("access-control-allow-credentials").is_none(), "{:?}", answer.headers);
    assert!(answer.headers.get_all("access-control-allow-origin").iter().count() <= 1, "{:?}", answer.headers);
    answer.header("access-control-allow-origin")
}

fn expect_vary(answer: &Answer) {
    let varies = answer
        .headers
        .get_all("vary")
        .iter()
        .any(|value| value.to_str().unwrap_or_default().to_lowercase().contains("origin"));
    assert!(varies, "{:?}", answer.headers);
}

fn preflight(app: &TestApp, path: &str, origin: &str) -> Request {
    app.request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,x-requested-with")
}

both_setups! {
    /// Discovery and JWKS: any page, without credentials.
    async fn any_page_may_read_the_public_documents(setup: Setup) {
        let app = TestApp::start(setup).await;
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"] {
            for origin in ["https://evil.test", "null"] {
                let answer = app.request(Method::GET, path).header("origin", origin).send().await.expect(200);
                assert_eq!(allowed(&answer), Some("*"), "{path}");
            }
            let answer = preflight(&app, path, "https://evil.test").send().await;
            assert!(answer.status < 300, "{path}: {}", answer.status);
            assert_eq!(allowed(&answer), Some("*"), "{path}");
        }
    }

    /// The preflight names no client: it is answered for every origin that some client has.
    async fn a_preflight_is_answered_for_known_origins(setup: Setup) {
        let app = TestApp::start(setup).await;
        for path in ["/token", "/userinfo", "/revoke"] {
            for origin in OF_SPA.into_iter().chain(OF_OTHERS) {
                let answer = preflight(&app, path, origin).send().await;
                assert!(answer.status == 200 || answer.status == 204, "{}", answer.status);
                assert_eq!(allowed(&answer), Some(origin));
                expect_vary(&answer);
                let headers = answer.header("access-control-allow-headers").expect("headers").to_lowercase();
                for header in ["authorization", "content-type", "x-requested-with", "dpop", "mcp-protocol-version"] {
                    assert!(headers.contains(header), "{headers}");
                }
                let methods = answer.header("access-control-allow-methods").expect("methods");
                assert!(methods.contains("POST"), "{methods}");
            }
            for origin in OF_NOBODY {
                let answer = preflight(&app, path, origin).send().await;
                assert_eq!(allowed(&answer), None, "{origin}");
                expect_vary(&answer);
            }
        }
    }

    /// The answer is for pages of the client concerned, errors included.
    async fn the_token_endpoint_answers_pages_of_the_client_alone(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("spa");
        for origin in OF_SPA {
            let code = app.code(&ask, &ada).await;
            let answer = ask.token_request(&app, &code).header("origin", origin).send().await.expect(200);
            assert_eq!(allowed(&answer), Some(origin));
            expect_vary(&answer);
            let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_lowercase();
            assert!(exposed.contains("www-authenticate") && exposed.contains("retry-after"), "{exposed}");
            let refused = ask.token_request(&app, &code).header("origin", origin).send().await;
            refused.expect_error(400, "invalid_grant");
            assert_eq!(allowed(&refused), Some(origin));
        }
        for origin in OF_OTHERS.into_iter().chain(OF_NOBODY) {
            let refused = ask.token_request(&app, "x").header("origin", origin).send().await;
            refused.expect_error(400, "invalid_grant");
            assert_eq!(allowed(&refused), None, "{origin}");
            expect_vary(&refused);
        }
    }

    /// So that a developer can read what is wrong.
    async fn an_invalid_client_can_be_read_by_known_origins(setup: Setup) {
        let app = TestApp::start(setup).await;
        let request = |client: &str, origin: &str| {
            app.request(Method::POST, "/token")
                .header("origin", origin)
                .field("grant_type", "client_credentials")
                .field("client_id", client)
        };
        for origin in [OF_SPA[0], OF_OTHERS[0]] {
            let answer = request("nobody", origin).send().await;
            answer.expect_error(401, "invalid_client");
            assert_eq!(allowed(&answer), Some(origin));
        }
        for origin in OF_NOBODY {
            assert_eq!(allowed(&request("nobody", origin).send().await), None, "{origin}");
        }
        // A known client that failed to authenticate is still the client concerned.
        let answer = request("web", OF_OTHERS[0]).field("client_secret", "wrong").send().await;
        answer.expect_error(401, "invalid_client");
        assert_eq!(allowed(&answer), Some(OF_OTHERS[0]));
        let answer = request("web", OF_SPA[0]).field("client_secret", secret("web").expect("one")).send().await;
        assert_eq!(allowed(&answer), None);
    }

    /// Userinfo: by the client of the token; and an unverified token says nothing (Keycloak CVE-2026-37977).
    async fn userinfo_answers_pages_of_the_tokens_client(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("spa"), &ada).await;
        let ask = |token: &str, origin: &str| app.request(Method::GET, "/userinfo").bearer(token).header("origin", origin);
        let answer = ask(&token, OF_SPA[0]).send().await.expect(200);
        assert_eq!(allowed(&answer), Some(OF_SPA[0]));
        for origin in OF_OTHERS.into_iter().chain(OF_NOBODY) {
            let answer = ask(&token, origin).send().await;
            assert_eq!(allowed(&answer), None, "{origin}");
        }
        let forged = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJjbGllbnRfaWQiOiJzcGEiLCJhbGxvd2VkLW9yaWdpbnMiOlsiaHR0cHM6Ly9ldmlsLnRlc3QiXX0.";
        let answer = ask(forged, "https://evil.test").send().await;
        assert_eq!((answer.status, allowed(&answer)), (401, None));
    }

    /// A18: never at authorize and never at pages.
    async fn no_page_of_another_site_reads_our_pages(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let browser = app.signed_in(&ada).await;
        let authorize = format!("/authorize?{}", Ask::of("web").query());
        for path in [authorize.as_str(), "/login", "/join", "/account", "/consent", "/password", "/logout", "/logout/confirm", "/", "/authorize/resume", "/livez"] {
            for origin in ["https://evil.test", "https://app.example.test", "null"] {
                let request = app.request(Method::GET, path).header("origin", origin);
                let answer = request.header("cookie", browser.cookie_header()).send().await;
                assert_eq!(allowed(&answer), None, "{path}");
                let answer = preflight(&app, path, origin).send().await;
                assert_eq!(allowed(&answer), None, "{path}");
            }
        }
    }
}
