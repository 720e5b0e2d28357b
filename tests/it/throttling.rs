//! Guessing passwords and client secrets (threats J01, J03, J05, J06, J07).
//!
//! Throttling is told by what is counted (answers, hashes), never by how long anything takes.

use futures_util::future::join_all;
use reqwest::Method;

use crate::both_setups;
use crate::support::http::Request;
use crate::support::steps::lasting_headers;
use crate::support::{Answer, Ask, Options, Person, Setup, TestApp, UserAgent, logs};

/// With a proxy before it, so that one test can be in many places; and few failures.
const FEW: Options = Options {
    origin: None,
    path: "",
    extra: "\n[limits]\nsign_in_failures = 3\naccount_failures = 12\naddress_failures = 20\nclient_failures = 3\n\
            exempt_addresses = [\"10.0.0.0/8\"]\n\n[proxies]\ntrusted = [\"127.0.0.1\"]\n",
    passwords: "",
    admin: false,
    redis: None,
    database: None,
};

const HERE: &str = "192.0.2.1";
const THERE: &str = "203.0.113.9";

/// A password grant that comes from that address.
fn grant(app: &TestApp, from: &str, name: &str, password: &str) -> Request {
    let request = app.token("first-party").header("x-forwarded-for", from).field("grant_type", "password");
    request.field("username", name).field("password", password)
}

/// Guesses wrong that often, and says how often it was told so.
async fn guesses(app: &TestApp, from: &str, name: &str, count: usize) -> usize {
    let mut told = 0;
    for _ in 0..count {
        let answer = grant(app, from, name, "wrong").send().await;
        if answer.status == 400 {
            answer.expect_error(400, "invalid_grant");
            told += 1;
        } else {
            expect_throttled(&answer);
        }
    }
    told
}

/// How long it says to wait, in seconds.
#[track_caller]
fn expect_wait(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 429, "{}", answer.text());
    answer.expect_no_store();
    let wait = answer.header("retry-after").and_then(|value| value.parse().ok()).expect("Retry-After");
    assert!(wait >= 1);
    wait
}

#[track_caller]
fn expect_throttled(answer: &Answer) -> u64 {
    answer.expect_error(429, "temporarily_unavailable");
    expect_wait(answer)
}

/// A browser at an address, on the sign-in page.
async fn at_login(app: &TestApp, from: &str) -> (UserAgent, Answer) {
    let mut browser = app.browser();
    browser.forwarded_for = Some(from.to_owned());
    let page = browser.open(&app.url("/login")).await.page();
    (browser, page)
}

/// What the sign-in page answers to that name and password.
async fn post(app: &TestApp, from: &str, name: &str, password: &str) -> (UserAgent, Answer) {
    let (mut browser, page) = at_login(app, from).await;
    let answer = browser.send(&page, "/login", &[("username", name), ("password", password)]).await;
    (browser, answer)
}

/// A page without its secrets and the typed name.
fn lasting_text(page: &Answer, name: &str) -> String {
    let (_, form) = UserAgent::form(page, "/login");
    let secrets: Vec<&str> = form.names("hidden").into_iter().filter_map(|name| form.value(name)).collect();
    let text = secrets.into_iter().fold(page.text(), |text, secret| text.replace(secret, "SECRET"));
    text.replace(&format!("value=\"{name}\""), "value=\"NAME\"")
}

both_setups! {
    /// The page keeps the name, says when to come back, and hashes nothing.
    async fn the_sign_in_page_says_when_to_come_back_and_then_lets_in(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        for _ in 0..3 {
            assert_eq!(post(&app, HERE, "ada", "wrong").await.1.status, 422);
        }
        let before = app.app().passwords.hashes_run();
        let (browser, page) = post(&app, HERE, "ada", &ada.password).await;
        // An hour for three failures: 20 minutes each.
        assert_eq!(expect_wait(&page), 1200);
        assert_eq!(app.app().passwords.hashes_run(), before, "nothing was hashed");
        assert!(browser.session().is_none());
        let text = page.text();
        assert!(text.contains("role=\"alert\"") && text.contains("try again in 20 minutes"), "{text}");
        assert!(text.contains("<title>Error: Sign in"), "{text}");
        let (_, form) = UserAgent::form(&page, "/login");
        assert_eq!((form.value("username"), form.value("password").unwrap_or_default()), (Some("ada"), ""));
        app.advance_seconds(1199);
        assert_eq!(expect_wait(&post(&app, HERE, "ada", &ada.password).await.1), 1);
        app.advance_seconds(1);
        let (browser, answer) = post(&app, HERE, "ada", &ada.password).await;
        answer.expect(303);
        assert!(browser.session().is_some());
    }

    /// Both doors, with what was typed right: nothing is looked at.
    async fn a_throttled_password_grant_says_when_to_come_back_and_hashes_nothing(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        assert_eq!(guesses(&app, HERE, "ada", 5).await, 3);
        let before = app.app().passwords.hashes_run();
        assert_eq!(expect_throttled(&grant(&app, HERE, "ada", &ada.password).send().await), 1200);
        assert_eq!(app.app().passwords.hashes_run(), before);
        app.advance_seconds(1200);
        grant(&app, HERE, "ada", &ada.password).send().await.expect(200);
        // What was failed before the right one counts no more.
        assert_eq!(guesses(&app, HERE, "ada", 5).await, 3);
    }

    /// J01: who waits learns nothing about the name; nor does who does not.
    async fn j01_known_unknown_disabled_and_federated_names_are_throttled_alike(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        app.ada().await;
        app.person_with("fred", &["reader"], |user| user.password = None).await;
        let disabled = app.person_with("dora", &["reader"], |user| user.disabled = true).await;
        let late = app.newcomer("nina").await;
        app.advance_seconds(7 * 86_400);
        let mut seen = Vec::new();
        for (name, password) in [
            ("ada", "wrong"),
            ("ada@example.test", "wrong"),
            ("nobody", "wrong"),
            ("nobody@example.test", "wrong"),
            ("fred", "wrong"),
            ("dora", disabled.password.as_str()),
            ("nina", late.password.as_str()),
        ] {
            // Each from a place of its own, since an address has a limit, too.
            let from = format!("198.51.100.{}", seen.len());
            let mut statuses = Vec::new();
            for _ in 0..2 {
                statuses.push(post(&app, &from, name, password).await.1.status);
                statuses.push(grant(&app, &from, name, password).send().await.status);
            }
            let page = post(&app, &from, name, password).await.1;
            let json = grant(&app, &from, name, password).send().await;
            expect_wait(&page);
            expect_throttled(&json);
            seen.push((name, statuses, lasting_text(&page, name), lasting_headers(&page), json.text(), lasting_headers(&json)));
        }
        assert_eq!(seen[0].1, [422, 400, 422, 429]);
        for (name, statuses, page, page_headers, json, json_headers) in &seen {
            let first = &seen[0];
            assert_eq!((statuses, page, page_headers), (&first.1, &first.2, &first.3), "{name}");
            assert_eq!((json, json_headers), (&first.4, &first.5), "{name}");
        }
    }

    /// J03: however an account is written, it is counted once.
    async fn j03_every_spelling_of_an_account_is_one_counter(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        let spellings = ["ada", "ADA", " ada ", "ada@example.test", "Ada@Example.Test", "\u{ff41}\u{ff44}\u{ff41}"];
        let mut told = 0;
        for name in spellings {
            told += guesses(&app, HERE, name, 1).await;
        }
        assert_eq!(told, 3);
        for name in spellings {
            expect_throttled(&grant(&app, HERE, name, &ada.password).send().await);
            expect_wait(&post(&app, HERE, name, &ada.password).await.1);
        }
        // And so is a name that nobody has.
        let mut told = 0;
        for name in ["nobody", "Nobody", " NOBODY ", "\u{ff4e}obody", "nobody"] {
            told += guesses(&app, HERE, name, 1).await;
        }
        assert_eq!(told, 3);
    }

    /// J05: no door has a counter of its own.
    async fn j05_every_door_moves_the_same_counter(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        browser.forwarded_for = Some(THERE.to_owned());
        browser.authorize(&app, &Ask::of("trusted"), &ada).await;
        // A session that somebody took over: it is not the browser that is known.
        browser.cookies.retain(|name, _| !name.contains("device"));
        browser.forwarded_for = Some(HERE.to_owned());
        for (wrong, ask) in [
            ("one", Ask::of("trusted").set("prompt", "login")),
            ("two", Ask::of("trusted").set("max_age", "0")),
        ] {
            app.advance_seconds(1);
            let login = browser.open(&ask.url(&app)).await.page();
            assert!(login.url.path().ends_with("/login"), "{}", login.url);
            let wrong = Person { password: wrong.to_owned(), ..ada.clone() };
            assert_eq!(browser.sign_in(&login, &wrong).await.page().status, 422);
        }
        assert_eq!(post(&app, HERE, "ada@example.test", "wrong").await.1.status, 422);
        app.advance_seconds(1);
        for ask in [Ask::of("trusted").set("prompt", "login"), Ask::of("trusted").set("max_age", "0")] {
            let login = browser.open(&ask.url(&app)).await.page();
            expect_wait(&browser.sign_in(&login, &ada).await.page());
        }
        expect_wait(&post(&app, HERE, "ada", &ada.password).await.1);
        expect_throttled(&grant(&app, HERE, "ada", &ada.password).send().await);
        assert!(app.is_signed_in(&browser).await, "the session lives on");
    }

    /// J06: strangers elsewhere keep nobody out of the browser they use, nor end a session.
    async fn j06_strangers_elsewhere_do_not_keep_the_owner_out(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        let (mut browser, login) = at_login(&app, THERE).await;
        browser.sign_in(&login, &ada).await.page();
        let elsewhere = browser.clone();
        // One stranger changes nothing for anybody else, wherever they are.
        assert_eq!(guesses(&app, HERE, "ada", 30).await, 3);
        post(&app, THERE, "ada", &ada.password).await.1.expect(303);
        post(&app, "203.0.113.77", "ada", &ada.password).await.1.expect(303);
        // Many strangers.
        let mut told = 0;
        for last in 100..120 {
            told += guesses(&app, &format!("198.51.100.{last}"), "ada", 3).await;
        }
        assert_eq!(told, 12 - 3);
        let wait = expect_wait(&post(&app, "203.0.113.78", "ada", &ada.password).await.1);
        assert_eq!(wait, 300, "an hour for twelve: whoever is new waits five minutes when it is over");
        assert!(app.is_signed_in(&elsewhere).await, "the session lives on");
        // The browser that signed in before, from its own place and from another, signed out and in.
        for from in [THERE, "203.0.113.80"] {
            browser.cookies.retain(|name, _| !name.contains("session"));
            browser.forwarded_for = Some(from.to_owned());
            let login = browser.open(&app.url("/login")).await.page();
            browser.sign_in(&login, &ada).await.page();
            assert!(browser.session().is_some());
        }
        // It is known for this account alone, and may not guess without end.
        app.bob().await;
        let mut told = Vec::new();
        for _ in 0..5 {
            browser.cookies.retain(|name, _| !name.contains("session"));
            let login = browser.open(&app.url("/login")).await.page();
            told.push(browser.send(&login, "/login", &[("username", "ada"), ("password", "wrong")]).await.status);
        }
        assert_eq!(told, [422, 422, 422, 429, 429]);
        app.advance_seconds(300);
        post(&app, "203.0.113.78", "ada", &ada.password).await.1.expect(303);
    }

    /// J07: an address is what the connection says, or what a trusted proxy adds on the right.
    async fn j07_a_forged_address_is_no_new_address(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        app.ada().await;
        let mut told = 0;
        for last in 0..10 {
            told += guesses(&app, &format!("6.6.6.{last}, {HERE}"), "ada", 1).await;
        }
        assert_eq!(told, 3, "what stands left of the rightmost hop is the client's own word");
        assert_eq!(guesses(&app, &format!("{HERE}, {THERE}"), "ada", 1).await, 1);
        // One line of IPv6 is one address.
        let mut told = 0;
        for last in 0..10 {
            told += guesses(&app, &format!("2001:db8::{last}:1"), "ada", 1).await;
        }
        assert_eq!(told, 3);
        assert_eq!(guesses(&app, "2001:db8:0:1::1", "ada", 1).await, 1);
        // Nobody is trusted: then the header is nothing.
        let extra = "\n[limits]\nsign_in_failures = 3\n";
        let open = TestApp::with(setup, Options { extra, ..Options::default() }).await;
        open.ada().await;
        let mut told = 0;
        for last in 0..10 {
            told += guesses(&open, &format!("198.51.100.{last}"), "ada", 1).await;
        }
        assert_eq!(told, 3);
    }

    /// Spraying: one address, many names.
    async fn an_address_is_throttled_whatever_the_names(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        let mut told = 0;
        for number in 0..25 {
            told += guesses(&app, HERE, &format!("name-{number}"), 1).await;
        }
        assert_eq!(told, 20);
        expect_throttled(&grant(&app, HERE, "ada", &ada.password).send().await);
        grant(&app, THERE, "ada", &ada.password).send().await.expect(200);
    }

    /// What many share is not counted; their accounts are.
    async fn an_exempt_address_is_counted_by_account_alone(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        app.ada().await;
        assert_eq!(guesses(&app, "10.1.2.3", "ada", 20).await, 12);
        let mut told = 0;
        for number in 0..25 {
            told += guesses(&app, "10.1.2.3", &format!("name-{number}"), 1).await;
        }
        assert_eq!(told, 25);
    }

    /// Whoever comes in is not counted.
    async fn a_success_is_never_counted(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        for _ in 0..6 {
            grant(&app, HERE, "ada", &ada.password).send().await.expect(200);
            post(&app, HERE, "ada", &ada.password).await.1.expect(303);
        }
    }

    /// Of a crowd of guesses no more are judged than may fail, and those whose turn it is at the same time.
    async fn a_crowd_of_guesses_is_no_way_round_the_limit(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        app.ada().await;
        let before = app.app().passwords.hashes_run();
        let answers = join_all((0..40).map(|_| grant(&app, HERE, "ada", "wrong").send())).await;
        let told = answers.iter().filter(|answer| answer.status == 400).count();
        let throttled = answers.iter().filter(|answer| answer.status == 429).count();
        assert_eq!(told + throttled, 40);
        // Two threads hash in the tests, and one more has its turn.
        assert!((3..=5).contains(&told), "{told}");
        assert_eq!(app.app().passwords.hashes_run() - before, u64::try_from(told).expect("few"));
    }

    /// Instances over one store count together.
    async fn two_instances_share_their_counters(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let ada = app.ada().await;
        let other = app.sibling().await;
        assert_eq!(guesses(&app, HERE, "ada", 2).await, 2);
        assert_eq!(guesses(&other, HERE, "ada", 2).await, 1);
        for instance in [&app, &other] {
            expect_throttled(&grant(instance, HERE, "ada", &ada.password).send().await);
        }
    }

    /// A client's secret, at every endpoint that asks for it, by client and address; who has it comes in.
    async fn failed_clients_are_throttled_and_honest_ones_are_not(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        let guess = |path: &str, from: &str, client: &str| {
            let request = app.request(Method::POST, path).header("x-forwarded-for", from).basic(client, "a wrong secret");
            request.field("grant_type", "client_credentials").field("token", "x")
        };
        for path in ["/token", "/introspect", "/revoke"] {
            guess(path, HERE, "service").send().await.expect_error(401, "invalid_client");
        }
        for path in ["/token", "/introspect", "/revoke"] {
            assert_eq!(expect_throttled(&guess(path, HERE, "service").send().await), 1200);
        }
        guess("/token", HERE, "web").send().await.expect_error(401, "invalid_client");
        guess("/token", THERE, "service").send().await.expect_error(401, "invalid_client");
        for from in [HERE, THERE] {
            let honest = app.token("service").header("x-forwarded-for", from);
            honest.field("grant_type", "client_credentials").send().await.expect(200);
        }
        // All that are no client are one.
        for number in 0..3 {
            guess("/token", HERE, &format!("nobody-{number}")).send().await.expect_error(401, "invalid_client");
        }
        expect_throttled(&guess("/token", HERE, "nobody-3").send().await);
        // A disabled one looks like one that is not there.
        expect_throttled(&guess("/token", HERE, "retired").send().await);
        app.advance_seconds(1200);
        guess("/token", HERE, "service").send().await.expect_error(401, "invalid_client");
    }

    /// Nobody's name is in the counters, and each throttling is a line in the log.
    async fn counters_name_nobody_and_the_log_says_what_was_throttled(setup: Setup) {
        let app = TestApp::with(setup, FEW).await;
        app.person("wilhelmina", &["reader"]).await;
        for name in ["wilhelmina", "somebody-else-entirely"] {
            assert_eq!(guesses(&app, HERE, name, 4).await, 3);
        }
        let answer = post(&app, HERE, "wilhelmina", "wrong").await.1;
        expect_wait(&answer);
        let id = answer.header("x-request-id").expect("a request id").to_owned();
        let lines: Vec<String> = logs::text().lines().filter(|line| line.contains(&id)).map(str::to_owned).collect();
        let throttled = lines.iter().find(|line| line.contains("throttled") && line.contains("account and address"));
        assert!(throttled.is_some_and(|line| line.contains("retry_after") && line.contains("1200")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("sign_in_throttled")), "{lines:#?}");
        assert!(lines.iter().all(|line| !line.contains("wilhelmina")), "{lines:#?}");
        for (place, bytes) in app.kept() {
            let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!holds("somebody-else-entirely") && !place.contains("somebody"), "{place}");
            // The person is in the durable store, and nowhere else.
            assert!(!place.contains("ephemeral") || !holds("wilhelmina"), "{place}");
            assert!(!place.contains(HERE) && !holds(HERE), "{place}");
        }
    }
}
