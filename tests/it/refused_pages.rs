//! What is refused before a page is reached is still told by a page: the limit of a query (threat N03) and
//! a form posted under another host.
//!
//! Owns: that the answer is a page with its code and reference. Does not own: limits (`sizes`).

use reqwest::Method;

use crate::support::{Setup, TestApp};

#[tokio::test]
async fn a_query_over_the_limit_is_a_page_for_a_person() {
    let app = TestApp::start(Setup::Sqlite).await;
    for path in ["/authorize", "/authorize/resume", "/login", "/"] {
        let answer = app.get(&format!("{path}?state={}", "x".repeat(20_000))).await;
        assert!(answer.expect_page(414).contains("query_too_long"), "{path}");
    }
}

#[tokio::test]
async fn a_form_posted_under_another_host_is_refused_by_a_page() {
    let app = TestApp::start(Setup::Sqlite).await;
    for path in ["/authorize", "/login", "/logout", "/logout/confirm"] {
        let posted = app.request(Method::POST, path).header("host", "elsewhere.test").field("a", "b").send().await;
        assert!(posted.expect_page(400).contains("wrong_host"), "{path}");
    }
}

#[tokio::test]
async fn a_proxy_that_rewrites_the_host_gets_an_explanation_and_no_endless_redirect() {
    let app = TestApp::start(Setup::Sqlite).await;
    let first = app.request(Method::GET, "/login").header("host", "backend.test").send().await;
    assert_eq!(first.status, 303);
    let cookie = first.header("set-cookie").expect("a cookie that remembers the redirect").to_owned();
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let again = app.request(Method::GET, "/login").header("host", "backend.test").header("cookie", &pair).send().await;
    assert!(again.expect_page(400).contains("[proxies] trusted"));
}
