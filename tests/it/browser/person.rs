//! What a person does on Vestibule's pages, and where the pages have their fields.
//!
//! Owns the selectors. Does not own what should follow from an act: each test says that.

use super::Browser;
use super::dev_server::DemoUser;

pub const USERNAME: &str = "input[name=username]";
pub const PASSWORD: &str = "input[name=password]";
pub const SIGN_IN: &str = "form:has(input[name=password]) button:not([type=button])";
pub const ALLOW: &str = "button[name=decision][value=allow]";
pub const DENY: &str = "button[name=decision][value=deny]";
pub const NEW_PASSWORDS: &str = "input[autocomplete=new-password]";
pub const SET_PASSWORD: &str = "form:has(input[autocomplete=new-password]) button:not([type=button])";
pub const SIGN_OUT: &str = "form[action$='/logout/confirm'] button:not([type=button])";

/// Types name and password, but does not send them.
pub async fn fill_in(browser: &Browser, username: &str, password: &str) {
    browser.fill(USERNAME, username).await;
    browser.fill(PASSWORD, password).await;
}

/// Signs in on the page that asks for name and password.
pub async fn sign_in(browser: &Browser, user: &DemoUser) {
    fill_in(browser, &user.username, &user.password).await;
    browser.follow(SIGN_IN).await;
}

pub async fn allow(browser: &Browser) {
    browser.follow(ALLOW).await;
}

pub async fn deny(browser: &Browser) {
    browser.follow(DENY).await;
}

/// Signs out from the home page.
pub async fn sign_out(browser: &Browser, issuer: &str) {
    browser.open(&format!("{issuer}/")).await;
    browser.follow(SIGN_OUT).await;
}

/// Whether the page asks for a password.
pub async fn is_asked_to_sign_in(browser: &Browser) -> bool {
    browser.find_now(PASSWORD).await.is_some()
}

/// Whether the page asks for consent.
pub async fn is_asked_for_consent(browser: &Browser) -> bool {
    browser.find_now(ALLOW).await.is_some()
}
