//! When a store fails: 503 that tells nothing, what needs no store goes on, and it recovers (threat L13).

use std::fmt::Write as _;

use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::secret;
use crate::support::logs;
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;
use crate::support::{Answer, Ask, Options, Setup, TestApp};

/// It is 503, says when to come back, and nothing about what is wrong.
fn expect_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}: {}", answer.url, answer.text());
    assert!(answer.header("retry-after").is_some_and(|value| value.parse::<u64>().is_ok()), "{:?}", answer.headers);
    answer.expect_no_store();
    let mut said = answer.text().to_lowercase();
    for (name, value) in &answer.headers {
        write!(said, "\n{name}: {}", String::from_utf8_lossy(value.as_bytes()).to_lowercase()).expect("text");
    }
    for leak in [
        "sqlite",
        "redis",
        "postgres",
        "sql",
        "table",
        "127.0.0.1",
        "/dev/shm",
        "/tmp",
        "connection refused",
        "panicked",
        "vestibule.db",
        "timed out",
    ] {
        assert!(!said.contains(leak), "{leak}: {said}");
    }
}

fn expect_oauth_unavailable(answer: &Answer) {
    expect_unavailable(answer);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
}

both_setups! {
    /// L13: the durable store.
    async fn a_broken_database_is_503_and_tells_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let mut browser = app.signed_in(&ada).await;
        let code = app.code(&ask, &ada).await;
        let token = app.access_token(&ask, &ada).await;
        app.sql("ALTER TABLE users RENAME TO users_gone").await;
        app.sql("ALTER TABLE grants RENAME TO grants_gone").await;
        app.http().in_trouble(true);
        expect_oauth_unavailable(&ask.redeem(&app, &code).await);
        expect_oauth_unavailable(&app.userinfo(&token).await);
        let grant = app.token("first-party").field("grant_type", "password");
        expect_oauth_unavailable(&grant.field("username", "ada").field("password", &ada.password).send().await);
        expect_unavailable(&browser.get(&app.url("/")).await);
        let mut fresh = app.browser();
        let login = fresh.open(&app.url("/login")).await.page();
        expect_unavailable(&fresh.send(&login, "/login", &[("username", "ada"), ("password", &ada.password)]).await);
        let silent = Ask::of("trusted").set("prompt", "none");
        let answer = browser.get(&silent.url(&app)).await;
        if answer.status == 303 {
            let error = answer.location().query().unwrap_or_default().to_owned();
            assert!(error.contains("error=temporarily_unavailable"), "{error}");
        } else {
            expect_unavailable(&answer);
        }
        // What needs no store goes on.
        app.get("/jwks").await.expect(200);
        app.get("/.well-known/openid-configuration").await.expect(200);
        app.get("/livez").await.expect(200);
        let service = app.token("service").field("grant_type", "client_credentials");
        service.send().await.expect(200);
        // And when it is back, so is everything, the session too.
        app.sql("ALTER TABLE users_gone RENAME TO users").await;
        app.sql("ALTER TABLE grants_gone RENAME TO grants").await;
        app.http().in_trouble(false);
        app.userinfo(&token).await.expect(200);
        assert!(app.is_signed_in(&browser).await);
        app.access_token(&ask, &ada).await;
    }
}

/// Redis away: refused for a while, never wrongly allowed, and everything is back when it is.
#[tokio::test]
async fn redis_away_is_503_where_it_is_needed_and_nowhere_else() {
    let mut redis = Redis::start();
    let app = TestApp::with(Setup::Redis, Options { redis: Some(redis.url()), ..Options::default() }).await;
    let ada = app.ada().await;
    let ask = Ask::of("web");
    let mut browser = app.signed_in(&ada).await;
    let code = app.code(&ask, &ada).await;
    let token = app.access_token(&ask, &ada).await;
    app.get("/readyz").await.expect(200);
    redis.stop();
    app.http().in_trouble(true);

    assert_eq!(app.get("/readyz").await.status, 503);
    expect_oauth_unavailable(&ask.redeem(&app, &code).await);
    expect_unavailable(&browser.get(&app.url("/")).await);
    expect_unavailable(&app.browser().get(&ask.url(&app)).await);
    let posted = ask
        .params()
        .iter()
        .fold(app.request(Method::POST, "/authorize"), |request, (name, value)| request.field(name, value));
    expect_unavailable(&posted.send().await);
    let silent = browser.get(&Ask::of("trusted").set("prompt", "none").url(&app)).await;
    if silent.status == 303 {
        assert!(silent.location().as_str().contains("error=temporarily_unavailable"), "{}", silent.location());
    } else {
        expect_unavailable(&silent);
    }
    // What does not need it goes on.
    app.get("/livez").await.expect(200);
    app.get("/jwks").await.expect(200);
    app.get("/.well-known/openid-configuration").await.expect(200);
    app.userinfo(&token).await.expect(200);
    let request = app.request(Method::POST, "/token").basic("service", secret("service").expect("one"));
    request.field("grant_type", "client_credentials").send().await.expect(200);
    // Nobody is let in, and no guess is judged, while failures cannot be counted; and no password is hashed.
    let hashes = app.app().passwords.hashes_run();
    for password in [ada.password.as_str(), "wrong"] {
        let grant = app.token("first-party").field("grant_type", "password").field("username", "ada");
        expect_oauth_unavailable(&grant.field("password", password).send().await);
    }
    assert_eq!(app.app().passwords.hashes_run(), hashes);
    let guess = app.request(Method::POST, "/token").basic("service", "a wrong secret");
    expect_oauth_unavailable(&guess.field("grant_type", "client_credentials").send().await);

    redis.begin();
    let mut ready = false;
    for _ in 0..100 {
        if app.get("/readyz").await.status == 200 {
            ready = true;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(ready, "it does not recover");
    app.http().in_trouble(false);
    // It came back empty: everybody signs in again, and nothing else is lost.
    assert!(!app.is_signed_in(&browser).await);
    ask.redeem(&app, &code).await.expect_error(400, "invalid_grant");
    let arrival = browser.open(&ask.url(&app)).await.page();
    let callback = browser.sign_in(&arrival, &ada).await.callback();
    ask.redeem(&app, &callback.code()).await.expect(200);
}

/// X9: PostgreSQL crashes, and is back: refused meanwhile, nothing lost, no restart of ours.
#[tokio::test]
async fn postgres_away_is_503_where_it_is_needed_and_nowhere_else() {
    let mut postgres = Postgres::start("on");
    let options = Options { database: Some(postgres.database()), ..Options::default() };
    let app = TestApp::with(Setup::Postgres, options).await;
    let ada = app.ada().await;
    let ask = Ask::of("web");
    let mut browser = app.signed_in(&ada).await;
    let token = app.access_token(&ask, &ada).await;
    let used = app.code(&ask, &ada).await;
    ask.redeem(&app, &used).await.expect(200);
    let code = app.code(&ask, &ada).await;
    app.get("/readyz").await.expect(200);
    postgres.crash();
    app.http().in_trouble(true);

    assert_eq!(app.get("/readyz").await.status, 503);
    expect_oauth_unavailable(&ask.redeem(&app, &code).await);
    expect_oauth_unavailable(&app.userinfo(&token).await);
    let grant = app.token("first-party").field("grant_type", "password");
    expect_oauth_unavailable(&grant.field("username", "ada").field("password", &ada.password).send().await);
    expect_unavailable(&browser.get(&app.url("/")).await);
    // What does not need it goes on.
    app.get("/livez").await.expect(200);
    app.get("/jwks").await.expect(200);
    app.get("/.well-known/openid-configuration").await.expect(200);
    let request = app.request(Method::POST, "/token").basic("service", secret("service").expect("one"));
    request.field("grant_type", "client_credentials").send().await.expect(200);

    postgres.begin();
    let ready = async {
        while app.get("/readyz").await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(5), ready).await.is_ok(), "it does not recover");
    app.http().in_trouble(false);
    // Nobody was signed out, and what was used stays used.
    assert!(app.is_signed_in(&browser).await);
    app.userinfo(&token).await.expect(200);
    ask.redeem(&app, &used).await.expect_error(400, "invalid_grant");
    ask.redeem(&app, &app.code(&ask, &ada).await).await.expect(200);
}

/// A server that may forget what was answered is served, and that is said.
#[tokio::test]
async fn a_postgres_that_may_forget_commits_is_warned_of() {
    for (setting, warned) in [("on", false), ("off", true)] {
        let postgres = Postgres::start(setting);
        let database = postgres.database();
        let address = database.url().rsplit('@').next().unwrap_or_default().split('/').next().map(str::to_owned);
        let address = address.expect("an address");
        let _app = TestApp::with(Setup::Postgres, Options { database: Some(database), ..Options::default() }).await;
        let log = logs::text();
        let said = log.lines().any(|line| line.contains(&address) && line.contains("synchronous_commit"));
        assert_eq!(said, warned, "{address}");
    }
}
