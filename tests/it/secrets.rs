//! Secrets stay secret: at rest only hashes and seals, in logs nothing (threats E11, M).

use std::collections::BTreeMap;

use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::secrets;
use crate::support::data::places;
use crate::support::{Ask, Person, Setup, TestApp, UserAgent, logs};

/// What must be found nowhere, by name.
#[derive(Default)]
struct Known(BTreeMap<String, String>);

impl Known {
    fn keep(&mut self, name: &str, value: &str) {
        assert!(value.len() >= 12, "{name} is too short to look for");
        self.0.insert(name.to_owned(), value.to_owned());
    }
}

/// Every secret of a run that went through everything there is.
async fn everything(app: &TestApp) -> Known {
    let mut known = Known::default();
    let ada = app.ada().await;
    known.keep("ada's password", &ada.password);
    whole_flow(app, &ada, &mut known).await;
    codes_gone_wrong(app, &ada, &mut known).await;
    own_password(app, &mut known).await;
    other_grants(app, &ada, &mut known).await;
    misplaced(app, &mut known).await;
    known
}

/// A sign-in with everything: failed first, consent, code, tokens, userinfo, replay, sign-out.
async fn whole_flow(app: &TestApp, ada: &Person, known: &mut Known) {
    let ask = Ask::of("web");
    let mut browser = app.browser();
    let login = browser.open(&ask.url(app)).await.page();
    let typo = "a wrong password, mistyped";
    known.keep("mistyped password", typo);
    let login = browser.sign_in(&login, &Person { password: typo.to_owned(), ..ada.clone() }).await.page();
    let (action, form) = UserAgent::form(&login, "/login");
    known.keep("sign-in form token", form.value("csrf").expect("one"));
    known.keep("transaction id", action.query().expect("an id").trim_start_matches("id="));
    let consent = browser.sign_in(&login, ada).await.page();
    let (_, form) = UserAgent::form(&consent, "/consent");
    known.keep("consent form token", form.value("csrf").expect("one"));
    let callback = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.callback();
    known.keep("code", &callback.code());
    known.keep("verifier", ask.verifier.as_deref().expect("one"));
    known.keep("state", ask.get("state").expect("one"));
    known.keep("nonce", ask.get("nonce").expect("one"));
    for (name, cookie) in &browser.cookies {
        known.keep(&format!("cookie {name}"), cookie);
    }
    let tokens = ask.redeem(app, &callback.code()).await.expect(200);
    known.keep("access token", &tokens.member("access_token"));
    known.keep("ID token", &tokens.member("id_token"));
    app.userinfo(&tokens.member("access_token")).await.expect(200);
    ask.redeem(app, &callback.code()).await.expect_error(400, "invalid_grant");
    app.userinfo(&tokens.member("access_token")).await.expect_error(401, "invalid_token");
    let logout = browser.open(&app.url("/logout")).await.page();
    browser.submit(&logout, "/logout/confirm", &[]).await.page();
}

/// A code that is not redeemed, one that is tried wrongly, and a posted request that nobody follows.
async fn codes_gone_wrong(app: &TestApp, ada: &Person, known: &mut Known) {
    known.keep("unused code", &app.code(&Ask::of("web"), ada).await);
    let wrong = Ask::of("web");
    let code = app.code(&wrong, ada).await;
    known.keep("misused code", &code);
    let guess = "guess-".repeat(10);
    known.keep("guessed verifier", &guess);
    let request = wrong.token_request(app, &code).but("code_verifier", Some(&guess));
    request.send().await.expect_error(400, "invalid_grant");
    let posted = wrong
        .params()
        .iter()
        .fold(app.request(Method::POST, "/authorize"), |request, (name, value)| request.field(name, value));
    let parked = posted.send().await.expect(303).location();
    known.keep("parked id", parked.query().expect("an id").split_once('=').expect("a value").1);
}

async fn own_password(app: &TestApp, known: &mut Known) {
    let nina = app.newcomer("nina").await;
    known.keep("nina's generated password", &nina.password);
    let new = "a new and rather long password";
    known.keep("nina's password", new);
    let mut browser = app.browser();
    let login = browser.open(&app.url("/login")).await.page();
    let page = browser.sign_in(&login, &nina).await.page();
    browser.submit(&page, "/password", &[("password", new), ("repeated", new)]).await.page();
    for (name, cookie) in &browser.cookies {
        known.keep(&format!("nina's cookie {name}"), cookie);
    }
}

async fn other_grants(app: &TestApp, ada: &Person, known: &mut Known) {
    for client in ["service", "basic-only"] {
        let answer = app.token(client).field("grant_type", "client_credentials").send().await.expect(200);
        known.keep(&format!("token of {client}"), &answer.member("access_token"));
    }
    let grant = app.token("first-party").field("grant_type", "password").field("username", "ada");
    let answer = grant.field("password", &ada.password).send().await.expect(200);
    known.keep("token by password", &answer.member("access_token"));
    let renewed = renewed(app, ada).await;
    known.keep("refresh token", &renewed[0]);
    known.keep("second refresh token", &renewed[1]);
}

/// Secrets where they do not belong, and wrong ones.
async fn misplaced(app: &TestApp, known: &mut Known) {
    for (name, path) in [
        ("password in a query", "/token?password=hunter2-in-a-query"),
        ("token in a query", "/userinfo?access_token=token-in-a-query"),
        ("code in a query", "/login?code=code-in-a-query"),
        ("path secret", "/reset/secret-in-a-path"),
    ] {
        known.keep(name, path.rsplit(['=', '/']).next().expect("one"));
        app.get(path).await;
    }
    let refused = app.token("service").field("grant_type", "password-as-a-grant-type");
    let answer = refused.field("password", "a-password-typed-elsewhere").send().await;
    answer.expect_error(400, "unsupported_grant_type");
    known.keep("password of a refused grant", "a-password-typed-elsewhere");
    let wrong = app.request(Method::POST, "/token").basic("service", "a-wrong-client-secret");
    wrong.field("grant_type", "client_credentials").send().await.expect_error(401, "invalid_client");
    known.keep("wrong client secret", "a-wrong-client-secret");
}

/// Refresh tokens that went everywhere: the first, and its successor, which was revoked.
async fn renewed(app: &TestApp, ada: &Person) -> [String; 2] {
    let first = app.tokens(&Ask::of("keeper"), ada).await.member("refresh_token");
    let second = app.refresh("keeper", &first).send().await.expect(200).member("refresh_token");
    app.introspect_as("keeper", &second).send().await.expect(200);
    app.revoke("keeper", &second).await;
    [first, second]
}

both_setups! {
    /// E11: every file and every key of Redis, byte by byte, while it runs and after it stopped.
    async fn nothing_that_opens_anything_is_kept_in_the_clear(setup: Setup) {
        let mut app = TestApp::start(setup).await;
        let known = everything(&app).await;
        let running = app.kept();
        app.stop().await;
        let stopped = app.kept();
        assert!(running.len() >= 2 && !stopped.is_empty());
        // The search itself finds what is there.
        assert!(!places(&stopped, "ada@example.test").is_empty());
        for kept in [&running, &stopped] {
            for (name, secret) in &known.0 {
                // Returned to the client as they came: nobody can do anything with them.
                if matches!(name.as_str(), "state" | "nonce") {
                    continue;
                }
                assert_eq!(places(kept, secret), Vec::<&str>::new(), "{name} is kept");
            }
            for secret in secrets() {
                assert_eq!(places(kept, secret), Vec::<&str>::new(), "a client secret is kept");
            }
            for key in ["PRIVATE KEY", "\"d\":", crate::support::app::ENCRYPTION_KEY] {
                assert_eq!(places(kept, key), Vec::<&str>::new(), "{key}");
            }
        }
    }

    /// M: the whole log of the run, at the most talkative level.
    async fn nothing_that_opens_anything_is_logged(setup: Setup) {
        let app = TestApp::start(setup).await;
        let known = everything(&app).await;
        let log = logs::text();
        assert!(log.contains("\"/token\"") && log.contains("\"/login\""), "requests are logged by path template");
        for (name, secret) in &known.0 {
            if let Some(at) = log.find(secret.as_str()) {
                let line = log[..at].rfind('\n').map_or(0, |start| start + 1);
                panic!("{name} is logged: {}", log[line..].lines().next().unwrap_or_default());
            }
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            assert!(!log.contains(&encoded), "{name} is logged, encoded");
        }
        for secret in secrets() {
            assert!(!log.contains(secret), "a client secret is logged");
        }
        for header in ["authorization: ", "\"authorization\"", "set-cookie", "\"cookie\"", "Basic d2Vi", "client_secret=", "$argon2", "PRIVATE KEY", crate::support::app::ENCRYPTION_KEY] {
            let found = log.lines().find(|line| line.to_lowercase().contains(&header.to_lowercase()));
            assert_eq!(found, None, "{header} is logged");
        }
    }
}

/// M03: what holds a secret does not print it.
#[test]
fn types_that_hold_secrets_do_not_print_them() {
    use vestibule::clock::system_rng;
    use vestibule::model::person::StoredPassword;
    use vestibule::protocol::opaque::OpaqueToken;
    use vestibule::protocol::params::Params;
    use vestibule::protocol::token_request::TokenRequest;

    let token = OpaqueToken::generate(&mut system_rng());
    assert!(!format!("{token:?}").contains(token.expose()));
    let stored = StoredPassword { phc: "$argon2id$secret".to_owned().into(), generated_until: None };
    assert!(!format!("{stored:?}").contains("secret"));
    let params = Params::parse(b"grant_type=password&username=ada&password=hunter2hunter2").expect("parameters");
    let request = TokenRequest::parse(&params).expect("a request");
    for shown in [format!("{params:?}"), format!("{request:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
