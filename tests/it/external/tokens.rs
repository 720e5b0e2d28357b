//! `vestibule token` gives tokens that any backend verifies: PyJWT and npm jose stand for them.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{verify_by_jose, verify_by_pyjwt};
use crate::browser::{Browser, DevServer, PATIENCE, person};

/// Both libraries accept the token and read the same; returns the claims.
async fn verified(dev: &DevServer, token: &str) -> Value {
    let audience = &dev.api().audience;
    let pyjwt = verify_by_pyjwt(dev.issuer(), audience, token).await.unwrap();
    let jose = verify_by_jose(dev.issuer(), audience, token).await.unwrap();
    assert_eq!(pyjwt, jose);
    assert_eq!(pyjwt["header"]["typ"], "at+jwt", "{pyjwt}");
    assert!(pyjwt["header"]["kid"].is_string(), "{pyjwt}");
    pyjwt["claims"].clone()
}

#[tokio::test]
async fn vestibule_token_signs_a_person_in_by_browser_and_pyjwt_and_jose_verify_what_it_prints() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;

    let mut process = dev
        .command(&["token", "--no-open"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("vestibule token to start");
    let mut stderr = BufReader::new(process.stderr.take().expect("its stderr")).lines();
    let mut said = String::new();
    let url = tokio::time::timeout(PATIENCE, async {
        loop {
            let line = stderr.next_line().await.expect("its stderr").expect("it ended without a URL to open");
            said.push_str(&line);
            said.push('\n');
            if let Some(url) = line.split_whitespace().find(|word| word.contains("/authorize?")) {
                break url.to_owned();
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("vestibule token says no URL to open, only:\n{said}"));

    browser.open(&url).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    assert!(!browser.text().await.is_empty(), "the page after the redirect is empty");

    let output = tokio::time::timeout(PATIENCE, process.wait_with_output()).await;
    let output = output.expect("vestibule token to end").expect("its output");
    assert!(output.status.success(), "{:?}", output.status);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), 1, "more than the token on a pipe: {printed}");
    let claims = verified(&dev, printed.trim()).await;
    assert_eq!(claims["client_id"], "cli", "{claims}");
    assert_eq!(claims["scope"].as_str().map(|scope| scope.contains("read:users")), Some(true), "{claims}");
    assert_ne!(claims["sub"], "cli", "{claims}");
    browser.quit().await;
}

#[tokio::test]
async fn vestibule_token_for_a_service_prints_a_token_that_pyjwt_and_jose_verify() {
    let dev = DevServer::start().await;
    let output = dev.run(&["token", "--client", "service"]).await;
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(printed.lines().count(), 1, "more than the token on a pipe: {printed}");
    let claims = verified(&dev, printed.trim()).await;
    assert_eq!(claims["client_id"], "service", "{claims}");
    assert_eq!(claims["sub"], "service", "{claims}");
}

#[tokio::test]
async fn pyjwt_and_jose_refuse_the_token_for_another_audience_and_from_another_server() {
    let (dev, other) = (DevServer::start().await, DevServer::start().await);
    let output = dev.run(&["token", "--client", "service"]).await;
    let token = String::from_utf8(output.stdout).unwrap();
    let audience = &dev.api().audience;

    verified(&dev, token.trim()).await;
    verify_by_pyjwt(dev.issuer(), "https://other.example.test", &token).await.expect_err("PyJWT takes any audience");
    verify_by_jose(dev.issuer(), "https://other.example.test", &token).await.expect_err("jose takes any audience");
    verify_by_pyjwt(other.issuer(), audience, &token).await.expect_err("PyJWT takes another server's token");
    verify_by_jose(other.issuer(), audience, &token).await.expect_err("jose takes another server's token");
}
