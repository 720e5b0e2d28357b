//! The way through an external provider, from an application's request and back into it.
//!
//! Owns: its steps by the scripted browser, and what is true of every page where it ends too early. Does not own: the
//! providers (`providers`), or what makes it end.

use url::Url;

use super::agent::{Arrival, Callback, UserAgent};
use super::answer::Answer;
use super::app::{Options, Setup, TestApp};
use super::ask::Ask;
use super::providers::{FakeProvider, HOSTILE, Homecoming, OUTBOUND};
use super::{forms, logs};

/// A server with these providers, which it may connect to.
pub async fn start(setup: Setup, providers: &[String]) -> TestApp {
    let extra = format!("{}{OUTBOUND}", providers.concat());
    // Options are of the whole run; so is a configuration of a few hundred bytes.
    TestApp::with(setup, Options { extra: extra.leak(), ..Options::default() }).await
}

/// Time goes by here and there.
pub fn pass(app: &TestApp, fake: &FakeProvider, seconds: u32) {
    app.advance_seconds(u64::from(seconds));
    fake.advance_seconds(i64::from(seconds));
}

/// The sign-in page of an application's request.
pub async fn sign_in_page(browser: &mut UserAgent, app: &TestApp, ask: &Ask) -> Answer {
    let page = browser.open(&ask.url(app)).await.page();
    assert!(page.url.path().ends_with("/login"), "{} {}", page.url, page.text());
    page
}

/// Where the button of a provider leads to.
#[track_caller]
pub fn button(page: &Answer, provider: &str) -> Url {
    let path = format!("/login/{provider}");
    let links = forms::attributes(&page.text(), "href").into_iter().map(|href| page.url.join(&href).expect("a link"));
    links.into_iter().find(|link| link.path().ends_with(&path)).unwrap_or_else(|| panic!("no button: {}", page.text()))
}

/// Leaves for a provider from an application's request: the authorization request to the provider.
pub async fn leave(browser: &mut UserAgent, app: &TestApp, ask: &Ask, provider: &str) -> Url {
    let page = sign_in_page(browser, app, ask).await;
    let there = button(&page, provider);
    away(browser.open(there.as_str()).await)
}

/// It must be on its way to a provider.
#[track_caller]
pub fn away(arrival: Arrival) -> Url {
    match arrival {
        Arrival::Away(url) => url,
        Arrival::Page(page) => panic!("{} {}: {}\n{}", page.url, page.status, page.text(), log_line(&page)),
    }
}

/// Comes home by a redirect.
pub async fn back(browser: &mut UserAgent, home: &Homecoming) -> Arrival {
    browser.open(home.url.as_str()).await
}

/// The whole way to where it ends: at the application, or on a page of ours.
pub async fn through(browser: &mut UserAgent, app: &TestApp, (ask, id): (&Ask, &str), fake: &FakeProvider) -> Arrival {
    let there = leave(browser, app, ask, id).await;
    let home = fake.visit(&there).await;
    let arrival = back(browser, &home).await;
    browser.allow(arrival).await
}

/// It ended at the application with a code, and somebody is signed in.
#[track_caller]
pub fn expect_in(app: &TestApp, browser: &UserAgent, ask: &Ask, arrival: Arrival) -> Callback {
    if let Arrival::Page(page) = &arrival {
        panic!("{} {}: {}\n{}", page.url, page.status, page.text(), log_line(page));
    }
    let callback = arrival.callback();
    callback.expect_response_to(app, ask);
    callback.code();
    assert!(browser.session().is_some());
    callback
}

/// It ended on a page of ours that lets nobody in, shows nothing of a provider's words, and names this error; the
/// cause in the log begins with that reason.
#[track_caller]
pub fn expect_refused(browser: &UserAgent, arrival: Arrival, error: &str, reason: &str) -> Answer {
    let page = arrival.page();
    let text = page.text();
    assert!(page.header("location").is_none() && text.contains(error), "{error} is wanted: {} {text}", page.status);
    assert!(browser.session().is_none(), "somebody was signed in");
    expect_own_words(&page);
    let line = log_line(&page);
    assert!(line.contains(&format!("{reason}: ")), "{reason} is wanted: {line}");
    page
}

/// It ended on a page that lets nobody in for the trouble that the provider has, and leads on.
#[track_caller]
pub fn expect_trouble(page: &Answer, id: &str, what: &str) {
    let text = page.text();
    assert!(matches!(page.status, 502 | 503), "{what}: {} {} {text}", page.url, page.status);
    assert!(text.contains("provider_invalid") || text.contains("provider_unavailable"), "{what}: {text}");
    expect_own_words(page);
    expect_ways_on(page, id);
}

/// Nothing that a provider made up is on a page.
#[track_caller]
pub fn expect_own_words(page: &Answer) {
    let text = page.text();
    for words in [HOSTILE, "<script", "555 0100", "evil.test"] {
        assert!(!text.contains(words) && !forms::decode(&text).contains(words), "{text}");
    }
}

/// Nobody waits for that answer any more, or ever did: a page of ours that says so. Where its way on with those words
/// leads.
#[track_caller]
pub fn expect_past(arrival: Arrival, words: &str) -> Url {
    let page = arrival.page();
    let text = page.expect_page(400);
    assert!(text.contains("unknown_departure"), "{text}");
    expect_own_words(&page);
    link(&page, words)
}

/// The reference on a page.
#[track_caller]
pub fn reference(page: &Answer) -> String {
    let text = page.text();
    let reference = text.split("Reference <code>").nth(1).and_then(|rest| rest.split('<').next());
    reference.unwrap_or_else(|| panic!("no reference: {text}")).to_owned()
}

/// The line of the log that the reference on a page leads to.
#[track_caller]
pub fn log_line(page: &Answer) -> String {
    let reference = reference(page);
    let log = logs::text();
    let line = log.lines().rfind(|line| line.contains(&reference));
    line.unwrap_or_else(|| panic!("nothing about {reference}")).to_owned()
}

/// The link of an error page with those words.
#[track_caller]
pub fn link(page: &Answer, words: &str) -> Url {
    let text = page.text();
    let before = text.split(&format!("\">{words}</a>")).next().filter(|before| before.len() < text.len());
    let before = before.unwrap_or_else(|| panic!("no link '{words}': {text}"));
    let href = before.rsplit("href=\"").next().expect("an href");
    page.url.join(&forms::decode(href)).expect("a link")
}

/// The page leads on: once more to the same provider, or to the sign-in page, in the same authorization request.
#[track_caller]
pub fn expect_ways_on(page: &Answer, provider: &str) -> [Url; 2] {
    let again = link(page, "Try again");
    let other = link(page, "Sign in another way");
    assert!(again.path().ends_with(&format!("/login/{provider}")), "{again}");
    assert!(other.path().ends_with("/login"), "{other}");
    let id = |url: &Url| url.query_pairs().find(|(name, _)| name == "id").map(|(_, id)| id.into_owned());
    assert!(id(&again).is_some() && id(&again) == id(&other), "{again} {other}");
    [again, other]
}
