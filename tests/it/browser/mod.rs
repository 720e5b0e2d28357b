//! Headless Chromium against the built binary: what a person sees, types and clicks.
//!
//! Owns the flows in a real browser and the look of every page. Does not own what the endpoints answer byte
//! by byte (the black-box suite does), nor other people's programs against the server (`external`).
//!
//! Each test has a server, a browser profile and ports of its own. `Browser` drives Chromium, `DevServer` is
//! a running `vestibule dev`, `Receiver` is the address an application is redirected to, `Application` speaks
//! for that application, `person` knows where the pages have their fields.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test, and what it stands on, fails by panicking and says why on stderr"
)]

pub mod application;
pub mod audit;
pub mod chromium;
pub mod dev_server;
pub mod person;
pub mod receiver;
pub mod traffic;

mod application_sign_out;
mod consent;
mod cross_site;
mod form_post;
mod joining;
pub mod looks;
mod newcomer;
mod providers;
mod resilience;
mod select_account;
mod sign_in;
mod sign_out;
mod without_javascript;

pub use application::Application;
pub use chromium::Browser;
pub use dev_server::DevServer;
pub use receiver::Receiver;

use std::time::Duration;

/// How long a test waits for something that must happen. Generous, because two cores may be building too.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until there is an answer; none after [`PATIENCE`].
pub async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.ok()
}

/// As [`eventually`], but fails the test with `what` if there is no answer.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually(ask).await.unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain: {what}"))
}

/// An HTTP client for what no browser does: it follows no redirect and goes through no proxy.
pub fn http() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.timeout(PATIENCE).build().expect("an HTTP client")
}
