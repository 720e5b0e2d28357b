//! A newcomer's first mistakes: what the error page offers to paste makes the same request work.
//!
//! Owns the way from the page through the config folder back to the flow. Does not own the wording.

use super::{Application, Browser, DevServer, Receiver, person};

/// Sends the request, pastes the table that the error page shows, restarts, and sends it again.
async fn paste_what_the_page_says(client_id: &str) {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;

    let request = Application::public(&dev, &receiver, client_id).request();
    browser.open(request.url.as_str()).await;
    let page = browser.text().await;
    assert!(page.contains(client_id), "the page does not say what it received: {page}");
    let table = browser.find("main pre code").await.text().await.unwrap();
    assert!(receiver.arrivals().is_empty(), "an unregistered address was redirected to");

    let dev = dev.restart_with(&table).await;
    let application = Application::public(&dev, &receiver, client_id);
    let request = application.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    application.tokens(&request, &receiver.next(0).await).await;
    browser.quit().await;
}

#[tokio::test]
async fn the_table_that_the_page_for_an_unknown_client_shows_makes_the_request_work_after_a_restart() {
    paste_what_the_page_says("my-first-application").await;
}

#[tokio::test]
async fn the_table_that_the_page_for_a_wrong_redirect_uri_shows_makes_the_request_work_after_a_restart() {
    paste_what_the_page_says("spa").await;
}
