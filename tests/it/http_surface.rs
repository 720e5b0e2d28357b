//! Methods, content types, odd paths, odd bytes, sizes (threats L08 to L10, L12, N03 to N05).

use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::secret;
use crate::support::http::Request;
use crate::support::{Ask, Setup, TestApp, raw};

/// Path and the methods that it takes.
const ENDPOINTS: &[(&str, &[&str])] = &[
    ("/token", &["POST", "OPTIONS"]),
    ("/userinfo", &["GET", "POST", "OPTIONS"]),
    ("/jwks", &["GET", "OPTIONS"]),
    ("/.well-known/openid-configuration", &["GET", "OPTIONS"]),
    ("/.well-known/oauth-authorization-server", &["GET", "OPTIONS"]),
    ("/authorize", &["GET", "POST"]),
    ("/authorize/resume", &["GET"]),
    ("/login", &["GET", "POST"]),
    ("/join", &["GET", "POST"]),
    ("/account", &["GET", "POST"]),
    ("/consent", &["GET", "POST"]),
    ("/password", &["GET", "POST"]),
    ("/logout", &["GET", "POST"]),
    ("/logout/confirm", &["GET", "POST"]),
    ("/", &["GET"]),
    ("/livez", &["GET"]),
    ("/readyz", &["GET"]),
];

fn service(app: &TestApp) -> Request {
    app.request(Method::POST, "/token").basic("service", secret("service").expect("one"))
}

both_setups! {
    /// Product: 405 with `Allow` for another method.
    async fn another_method_is_405_and_says_which_there_are(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (path, methods) in ENDPOINTS {
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
                if methods.contains(&method) {
                    continue;
                }
                let method = Method::from_bytes(method.as_bytes()).expect("a method");
                let answer = app.request(method.clone(), path).send().await;
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
                let allow = answer.header("allow").unwrap_or_else(|| panic!("{method} {path}: no Allow"));
                for allowed in *methods {
                    assert!(allow.contains(allowed) || *allowed == "OPTIONS", "{path}: {allow}");
                }
            }
        }
    }

    /// HEAD is GET without a body (RFC 9110 9.3.2), wherever a person or a probe would try it.
    async fn head_answers_like_get_without_a_body(setup: Setup) {
        let app = TestApp::start(setup).await;
        for path in ["/", "/login", "/account", "/logout", "/jwks", "/.well-known/openid-configuration", "/livez", "/readyz"] {
            let get = app.get(path).await;
            let head = app.request(Method::HEAD, path).send().await;
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        }
    }

    /// L08.
    async fn the_token_endpoint_takes_forms_in_the_body_alone(setup: Setup) {
        let app = TestApp::start(setup).await;
        let form = "grant_type=client_credentials";
        let of = |kind: &str, body: &str| service(&app).header("content-type", kind).body(body.as_bytes().to_vec());
        of("application/x-www-form-urlencoded", form).send().await.expect(200);
        of("application/x-www-form-urlencoded; charset=UTF-8", form).send().await.expect(200);
        of("APPLICATION/X-WWW-FORM-URLENCODED", form).send().await.expect(200);
        for (kind, body) in [
            ("application/json", "{\"grant_type\":\"client_credentials\"}"),
            ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--"),
            ("text/plain", form),
            ("application/xml", "<a/>"),
            ("", form),
            ("x", form),
        ] {
            let answer = of(kind, body).send().await;
            assert!(matches!(answer.status, 400 | 415), "{kind}: {}", answer.status);
            assert_eq!(answer.json()["error"], "invalid_request", "{kind}");
            answer.expect_no_store();
        }
        // In the query nothing is read, and nothing of it comes back.
        let url = format!("{}?grant_type=client_credentials&client_id=service&client_secret=x", app.url("/token"));
        let answer = app.http().request(Method::POST, &url).header("content-type", "application/x-www-form-urlencoded").send().await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.status);
        app.get("/token?grant_type=client_credentials").await.expect(405);
    }

    /// L08: bytes that are no text.
    async fn what_is_no_text_is_a_malformed_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        for body in [
            &b"grant_type=%ff%fe"[..],
            b"grant_type=%00",
            b"grant_type=client_credentials&x=%00",
            b"grant_type=client_credentials&%00=x",
            b"grant_type=%",
            b"grant_type=%z",
            b"grant_type=%c3%28",
            b"grant_type=\xff\xfe",
            b"grant_type=client_credentials&grant_type=client_credentials",
            b"=client_credentials",
            b"&&&&",
            b"\x00",
            b"grant_type",
        ] {
            let request = service(&app).header("content-type", "application/x-www-form-urlencoded").body(body.to_vec());
            request.send().await.expect_error(400, "invalid_request");
        }
        let long_name = format!("{}=x&grant_type=client_credentials", "n".repeat(10_000));
        let request = service(&app).header("content-type", "application/x-www-form-urlencoded").body(long_name);
        assert!(request.send().await.status < 500);
    }

    /// L09: RFC 9112 6.1, 6.3. Never two answers, and the connection does not live on.
    async fn a_request_with_two_meanings_is_refused_and_the_connection_closed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let host = app.http().origin().trim_start_matches("http://").to_owned();
        let head = format!("POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        let smuggled = format!("GET /livez HTTP/1.1\r\nHost: {host}\r\n\r\n");
        for (what, bytes) in [
            ("length and chunks", format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}")),
            ("chunks and length", format!("{head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{smuggled}")),
            ("two lengths", format!("{head}Content-Length: 0\r\nContent-Length: 5\r\n\r\nGET /{smuggled}")),
            ("length list", format!("{head}Content-Length: 0, 5\r\n\r\nGET /{smuggled}")),
            ("signed length", format!("{head}Content-Length: +5\r\n\r\nabcde{smuggled}")),
            ("unknown coding", format!("{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}")),
            ("chunked twice", format!("{head}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{smuggled}")),
            ("folded header", format!("{head}X-Fold: a\r\n b\r\nContent-Length: 0\r\n\r\n{smuggled}")),
            ("space before colon", format!("{head}Content-Length : 0\r\n\r\n{smuggled}")),
            ("bad chunk size", format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n{smuggled}")),
            ("huge chunk size", format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n{smuggled}")),
            ("no version", "GET /livez\r\n\r\n".to_owned()),
            ("bad version", format!("GET /livez HTTP/9.9\r\nHost: {host}\r\n\r\n")),
            ("nul in target", format!("GET /li\0vez HTTP/1.1\r\nHost: {host}\r\n\r\n")),
            ("nul in header", format!("GET /livez HTTP/1.1\r\nHost: {host}\r\nX: a\0b\r\n\r\n")),
            ("binary", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".to_owned()),
        ] {
            let answer = raw::send(app.http().address(), bytes.as_bytes()).await;
            assert!(answer.answers() <= 1, "{what}: {}", answer.text);
            assert!(answer.status().is_none_or(|status| (400..500).contains(&status)), "{what}: {}", answer.text);
            assert!(answer.closed, "{what}: {}", answer.text);
        }
        app.get("/livez").await.expect(200);
    }

    /// L10.
    async fn an_odd_path_opens_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let host = app.http().origin().trim_start_matches("http://").to_owned();
        for path in [
            "//userinfo", "/userinfo/", "/userinfo/.", "/userinfo/..", "/./userinfo", "/x/../userinfo", "/userinfo%2f",
            "/userinfo%00", "/userinfo;x", "/USERINFO", "/%75serinfo", "/authorize/..;/userinfo", "/login/..%2fuserinfo",
            "/\\userinfo", "/userinfo.json", "/admin", "//admin", "/%61dmin", "/admin/..;/x", "/metrics", "/debug", "/.env",
            "/.git/config", "/assets/../Cargo.toml", "/assets/..%2f..%2fCargo.toml", "/assets/%2e%2e/%2e%2e/etc/passwd",
            "/assets/", "/assets", "/api/v1", "/docs", "/openapi.json", "/register", "/par", "/device",
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw::send(app.http().address(), request.as_bytes()).await;
            let status = answer.status().unwrap_or_else(|| panic!("{path}: {}", answer.text));
            // The decoded twin of a path may answer as the path itself does, and never with more.
            assert!(matches!(status, 400 | 401 | 404), "{path}: {}", answer.text);
        }
        let absolute = format!("GET http://evil.test/login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw::send(app.http().address(), absolute.as_bytes()).await;
        assert!(!answer.text.contains("evil.test"), "{}", answer.text);
    }

    /// A12 and J11: a page opened under another name goes to the same path under the issuer, and nowhere else.
    async fn a_page_under_another_host_is_sent_to_the_issuer(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (host, path) in [
            ("evil.test", "/login"), ("evil.test", "//evil.test/"), ("127.0.0.1:1", "/logout"), ("evil.test", "/%09/evil.test"),
            ("evil.test", "/\\evil.test"), ("", "/login"), ("evil.test:80@x", "/"),
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw::send(app.http().address(), request.as_bytes()).await;
            let status = answer.status().unwrap_or_default();
            assert!(matches!(status, 200 | 303 | 400 | 404), "{host} {path}: {}", answer.text);
            if let Some(location) = answer.text.lines().find_map(|line| line.strip_prefix("location: ")) {
                assert!(location.starts_with(&format!("{}/", app.issuer())), "{host} {path}: {location}");
            }
        }
        // Protocol endpoints answer anyway.
        service(&app).header("host", "evil.test").field("grant_type", "client_credentials").send().await.expect(200);
    }

    /// A12: nothing that stands in a query decides where our pages lead.
    async fn no_return_address_is_taken_from_a_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for target in ["//evil.test", "/\\evil.test", "/%09/evil.test", "\\\\evil.test", "https:evil.test", "/%2f/evil.test", "/..//evil.test", "javascript:alert(1)"] {
            for name in ["next", "return_to", "redirect", "redirect_uri", "url", "continue", "rd", "back"] {
                let mut browser = app.browser();
                let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, target).finish();
                let login = browser.open(&app.url(&format!("/login?{query}"))).await.page();
                assert!(!login.text().contains("evil.test"), "{}", login.text());
                if name == "next" {
                    let home = browser.sign_in(&login, &ada).await.page();
                    assert_eq!(home.url.path(), "/");
                    let logout = browser.open(&app.url(&format!("/logout?{query}"))).await.page();
                    browser.submit(&logout, "/logout/confirm", &[]).await.page();
                }
            }
        }
    }

    /// L12.
    async fn headers_of_proxies_and_of_other_servers_are_ignored(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for (name, value) in [
            ("x-user", "ada"), ("x_user", "ada"), ("remote-user", "ada"), ("x-forwarded-user", "ada"),
            ("x-auth-request-user", "ada"), ("x-forwarded-email", "ada@example.test"), ("x-original-url", "/jwks"),
            ("x-rewrite-url", "/jwks"), ("x-http-method-override", "GET"), ("connection", "authorization, x-user"),
        ] {
            let home = app.request(Method::GET, "/").header(name, value).send().await;
            assert!(!home.text().contains("ada Example"), "{name}");
            let refused = app.request(Method::GET, "/userinfo").header(name, value).send().await;
            assert_eq!(refused.status, 401, "{name}");
            service(&app).header(name, value).field("grant_type", "client_credentials").send().await.expect(200);
        }
        let token = app.access_token(&Ask::of("web"), &ada).await;
        let request = app.request(Method::GET, "/userinfo").bearer(&token).header("x-user", "bob");
        assert_eq!(request.send().await.expect(200).json()["sub"], ada.sub());
    }
}
