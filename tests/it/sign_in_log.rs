//! What the log says of signing in: that it was refused, and that it succeeded and who it was.
//!
//! Owns: both lines. Does not own: what no line may hold (`secrets`).

use crate::support::{Setup, TestApp, logs};

fn lines_with(text: &str) -> Vec<String> {
    logs::text().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_refused_sign_in_and_a_successful_one_can_be_told_apart() {
    let app = TestApp::start(Setup::Sqlite).await;
    let ada = app.ada().await;
    let mut browser = app.browser();
    let login = browser.open(&app.url("/login")).await.page();
    let refused = browser.send(&login, "/login", &[("username", "ada"), ("password", "wrong")]).await;
    let lines = lines_with(refused.header("x-request-id").expect("a request id"));
    assert!(lines.iter().any(|line| line.contains("sign_in_refused")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("wrong") && !line.contains(&ada.sub())), "{lines:?}");

    app.signed_in(&ada).await;
    let begun = lines_with(&ada.sub());
    assert!(begun.iter().any(|line| line.contains("session begun")), "{begun:?}");
}
