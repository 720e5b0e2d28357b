//! The page that asks for the proof of an account, and the account page, in a real browser.
//!
//! Owns: those pages' looks and the way through them. Does not own: coming from a provider, which is put into the stores.

use super::{Browser, looks, person};
use crate::support::joins::{self, PROVIDERS};
use crate::support::{Options, Person, Setup, TestApp, UserAgent};

const LINK: &str = "form[action^='/join'] button:not([name])";
const NEW: &str = "button[name=new]";
const UNLINK: &str = "button[name=unlink]";

async fn start() -> (TestApp, Browser) {
    let app = TestApp::with(Setup::Sqlite, Options { extra: PROVIDERS, ..Options::default() }).await;
    (app, Browser::start().await)
}

/// The cookies of a browser, as the stores know it.
async fn agent(app: &TestApp, browser: &Browser) -> UserAgent {
    let mut agent = app.browser();
    for cookie in browser.driver().get_all_cookies().await.expect("cookies") {
        agent.cookies.insert(cookie.name, cookie.value);
    }
    agent
}

/// Leaves the browser on the page that asks for the proof of that account.
async fn wait_for_proof(app: &TestApp, browser: &Browser, person: &Person) -> vestibule::model::identity::IdentityKey {
    browser.open(&app.url("/login")).await;
    let key = joins::key("google");
    let there = app.waiting(&agent(app, browser).await, person, &key).await;
    browser.open(&there).await;
    key
}

#[tokio::test]
async fn the_page_that_asks_for_a_proof_is_good_to_look_at_and_leads_on() {
    let (app, browser) = start().await;
    let ada = app.person("ada", &["editor"]).await;
    app.joined(&ada, "github").await;
    let key = wait_for_proof(&app, &browser, &ada).await;
    looks::judge(&browser, "join").await;
    browser.fill(person::PASSWORD, "not the password of ada").await;
    browser.follow(LINK).await;
    browser.find("[role=alert]").await;
    looks::judge(&browser, "join-error").await;
    browser.fill(person::PASSWORD, &ada.password).await;
    browser.follow(LINK).await;
    assert_eq!(browser.url().await.path(), "/");
    assert_eq!(app.opens(&key).await.as_deref(), Some("ada"));
    browser.quit().await;
}

#[tokio::test]
async fn an_account_without_a_password_is_asked_for_its_provider_and_a_new_one_can_be_made() {
    let (app, browser) = start().await;
    let fay = app.person_with("fay", &["reader"], |user| user.password = None).await;
    app.joined(&fay, "github").await;
    let key = wait_for_proof(&app, &browser, &fay).await;
    looks::judge(&browser, "join-federated").await;
    browser.follow(NEW).await;
    assert_eq!(browser.url().await.path(), "/");
    assert!(app.opens(&key).await.is_some_and(|name| name != "fay"));
    browser.quit().await;
}

#[tokio::test]
async fn the_account_page_is_good_to_look_at_and_unlinks() {
    let (app, browser) = start().await;
    let ada = app.person("ada", &["editor"]).await;
    let key = app.joined(&ada, "google").await;
    browser.open(&app.url("/account")).await;
    person::fill_in(&browser, &ada.username, &ada.password).await;
    browser.follow(person::SIGN_IN).await;
    assert_eq!(browser.url().await.path(), "/account");
    looks::judge(&browser, "account").await;
    app.advance_seconds(601);
    browser.open(&app.url("/account")).await;
    looks::judge(&browser, "account-stale").await;
    browser.follow("a[href='/login?next=account']").await;
    looks::judge(&browser, "sign-in-for-account").await;
    person::fill_in(&browser, &ada.username, &ada.password).await;
    browser.follow(person::SIGN_IN).await;
    browser.follow(UNLINK).await;
    assert_eq!((browser.url().await.path(), app.opens(&key).await), ("/account", None));
    looks::judge(&browser, "account-unlinked").await;
    browser.open(&app.url("/")).await;
    looks::judge(&browser, "home-with-account").await;
    browser.quit().await;
}

#[tokio::test]
async fn the_only_way_in_is_shown_as_that() {
    let (app, browser) = start().await;
    let fay = app.person("fay", &["reader"]).await;
    app.joined(&fay, "github").await;
    browser.open(&app.url("/account")).await;
    person::fill_in(&browser, &fay.username, &fay.password).await;
    browser.follow(person::SIGN_IN).await;
    app.sql("UPDATE users SET password_phc = NULL WHERE username = 'fay'").await;
    browser.open(&app.url("/account")).await;
    looks::judge(&browser, "account-only-way").await;
    assert!(browser.find_now(UNLINK).await.is_none());
    browser.quit().await;
}
