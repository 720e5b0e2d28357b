//! How much of anything is too much (threats J17, N03 to N05).

use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::secret;
use crate::support::http::Request;
use crate::support::{Ask, Setup, TestApp, UserAgent, raw};

fn service(app: &TestApp) -> Request {
    app.request(Method::POST, "/token")
        .basic("service", secret("service").expect("one"))
        .field("grant_type", "client_credentials")
}

/// A text so many times, with a number for each `#`.
fn numbered(text: &str, count: usize) -> String {
    (0..count).map(|index| text.replace('#', &index.to_string())).collect::<Vec<_>>().concat()
}

both_setups! {
    /// N03.
    async fn oversized_heads_are_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let host = app.http().origin().trim_start_matches("http://").to_owned();
        let big = "a".repeat(64 * 1024);
        let many = numbered("X-#: y\r\n", 1000);
        for (what, head) in [
            ("header", format!("GET /jwks HTTP/1.1\r\nHost: {host}\r\nX-Big: {big}\r\n")),
            ("cookie", format!("GET / HTTP/1.1\r\nHost: {host}\r\nCookie: a={big}\r\n")),
            ("authorization", format!("GET /userinfo HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {big}\r\n")),
            ("many headers", format!("GET /jwks HTTP/1.1\r\nHost: {host}\r\n{many}")),
            ("URL", format!("GET /authorize?state={big} HTTP/1.1\r\nHost: {host}\r\n")),
            ("path", format!("GET /{big} HTTP/1.1\r\nHost: {host}\r\n")),
            ("megabyte", format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Big: {}\r\n", "a".repeat(1 << 20))),
        ] {
            let answer = raw::send(app.http().address(), format!("{head}Connection: close\r\n\r\n").as_bytes()).await;
            assert!(answer.closed, "{what}");
            // A server that stops reading in the middle may close before its answer is read.
            let status = answer.status().unwrap_or(431);
            assert!(matches!(status, 400 | 401 | 404 | 413 | 414 | 431), "{what}: {}", answer.text);
        }
        app.get("/livez").await.expect(200);
    }

    /// N03: refused by its length, without reading it.
    async fn an_oversized_body_is_refused_before_it_is_read(setup: Setup) {
        let app = TestApp::start(setup).await;
        let host = app.http().origin().trim_start_matches("http://").to_owned();
        for path in ["/token", "/authorize", "/login", "/consent", "/logout", "/logout/confirm", "/password", "/userinfo"] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 10000000000\r\n\r\ngrant_type="
            );
            let answer = raw::send(app.http().address(), head.as_bytes()).await;
            let status = answer.status().unwrap_or_else(|| panic!("{path}: no answer"));
            assert!(matches!(status, 400 | 403 | 413), "{path}: {}", answer.text);
            let body = format!("a={}", "x".repeat(1 << 20));
            let chunked = format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            );
            let answer = raw::send(app.http().address(), chunked.as_bytes()).await;
            let status = answer.status().unwrap_or(413);
            assert!(matches!(status, 400 | 403 | 413), "{path}: {}", answer.text);
        }
        service(&app).field("x", "y".repeat(100_000)).send().await.expect_error(413, "invalid_request");
        service(&app).field("x", "y".repeat(10_000)).send().await.expect(200);
    }

    /// N04 and N05: long and many, in every parameter that is looked at.
    async fn long_and_many_values_are_refused_by_their_own_errors(setup: Setup) {
        let app = TestApp::start(setup).await;
        let many = numbered("s# ", 10_000);
        for scope in [many.as_str(), &"a".repeat(100_000), &" ".repeat(50_000), &"a ".repeat(30_000), &"\"".repeat(50_000)] {
            let answer = service(&app).field("scope", scope).send().await;
            // Spaces alone ask for nothing, and the same scope many times asks for it once.
            assert!(matches!(answer.status, 200 | 400 | 413), "{}: {}", scope.len(), answer.status);
        }
        let hundred_and_one = numbered("s# ", 101);
        service(&app).field("scope", hundred_and_one).send().await.expect_error(400, "invalid_scope");
        for name in ["state", "nonce", "login_hint"] {
            let ask = Ask::of("web").set(name, &"x".repeat(2049));
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            assert_eq!(callback.get("error").as_deref(), Some("invalid_request"), "{name}");
            assert!(callback.url.as_str().len() < 4000, "a long {name} is not carried");
        }
        for (name, length) in [("redirect_uri", 10_000), ("client_id", 10_000), ("resource", 10_000), ("prompt", 10_000)] {
            let ask = Ask::of("web").set(name, &"https://a/".repeat(length / 10));
            let answer = app.browser().get(&ask.url(&app)).await;
            assert!(matches!(answer.status, 303 | 400 | 414), "{name}: {}", answer.status);
        }
        let ask = Ask::of("web").set("state", &"x".repeat(1 << 20));
        let answer = raw::send(
            app.http().address(),
            format!("GET /authorize?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ask.query()).as_bytes(),
        )
        .await;
        assert!(matches!(answer.status().unwrap_or(414), 400 | 413 | 414 | 431), "{}", answer.text);
        // A megabyte by POST is over the limit of a form.
        let posted = app.request(Method::POST, "/authorize").field("state", "x".repeat(1 << 20)).send().await;
        posted.expect_page(413);
        let parameters: Vec<(String, String)> = (0..1000).map(|index| (format!("p{index}"), "x".to_owned())).collect();
        let crowded = parameters.iter().fold(service(&app), |request, (name, value)| request.field(name, value));
        crowded.send().await.expect_error(400, "invalid_request");
    }

    /// J17, on the page: no hash is run for it; what a person may have passes whole.
    async fn a_password_page_takes_long_passwords_and_refuses_absurd_ones(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        let before = app.app().passwords.hashes_run();
        for length in [5_000, 60_000, 1_000_000] {
            let typed = [("username", ada.username.as_str()), ("password", &"p".repeat(length))];
            let answer = browser.send(&login, "/login", &typed).await;
            assert!(matches!(answer.status, 200 | 400 | 413 | 422), "{length}: {}", answer.status);
            assert!(browser.session().is_none());
        }
        assert_eq!(app.app().passwords.hashes_run(), before);

        for (name, password) in [
            ("short", "exactly 15 here".to_owned()),
            ("long", "a long password with spaces ".repeat(9)),
            ("emoji", "\u{1F511}\u{1F30D} \u{e4}\u{f6}\u{fc} \u{4f60}\u{597d}".repeat(12)),
        ] {
            let password: String = password.trim().chars().take(256).collect();
            let nina = app.newcomer(name).await;
            let mut browser = app.browser();
            let login = browser.open(&app.url("/login")).await.page();
            let page = browser.sign_in(&login, &nina).await.page();
            let (_, form) = UserAgent::form(&page, "/password");
            let typed: Vec<(&str, &str)> = form.names("password").into_iter().map(|name| (name, password.as_str())).collect();
            let home = browser.submit(&page, "/password", &typed).await.page();
            assert_eq!(home.url.path(), "/", "{name}: {}", home.text());
            let again = crate::support::Person { password: password.clone(), ..nina.clone() };
            app.signed_in(&again).await;
            // Every character counts.
            let cut = crate::support::Person { password: password.chars().take(password.chars().count() - 1).collect(), ..nina };
            let mut browser = app.browser();
            let login = browser.open(&app.url("/login")).await.page();
            browser.sign_in(&login, &cut).await.page();
            assert!(browser.session().is_none(), "{name}");
        }
    }
}
