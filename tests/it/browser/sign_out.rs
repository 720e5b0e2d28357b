//! Signing out: the home page's button, the confirmation page, and that it is really over.

use super::{Application, Browser, DevServer, Receiver, person};

#[tokio::test]
async fn after_signing_out_the_next_request_asks_for_the_password_again() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, dev.user("ada")).await;
    browser.open(&format!("{}/", dev.issuer())).await;
    assert!(browser.text().await.contains("ada"), "home does not say who is signed in: {}", browser.text().await);
    person::sign_out(&browser, dev.issuer()).await;
    let said = browser.text().await.to_lowercase();
    assert!(said.contains("signed out"), "{said}");

    browser.open(cli.request().url.as_str()).await;
    assert!(person::is_asked_to_sign_in(&browser).await, "{}", browser.describe().await);
    browser.quit().await;
}

#[tokio::test]
async fn opening_the_sign_out_address_asks_first_and_ends_nothing_by_itself() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, dev.user("ada")).await;

    browser.open(&format!("{}/logout", dev.issuer())).await;
    browser.find(person::SIGN_OUT).await;
    browser.open(&format!("{}/", dev.issuer())).await;
    browser.find(person::SIGN_OUT).await;

    browser.open(&format!("{}/logout", dev.issuer())).await;
    browser.follow(person::SIGN_OUT).await;
    browser.open(&format!("{}/", dev.issuer())).await;
    assert!(browser.find_now(person::SIGN_OUT).await.is_none(), "{}", browser.describe().await);
    browser.quit().await;
}

#[tokio::test]
async fn the_back_button_after_signing_out_brings_back_no_page_of_the_person() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::sign_out(&browser, dev.issuer()).await;

    browser.driver().back().await.unwrap();
    browser.find("h1").await;
    assert!(browser.find_now(person::SIGN_OUT).await.is_none(), "{}", browser.describe().await);
    browser.quit().await;
}
