//! Signing out from an application (RP-Initiated Logout), as a real browser does it: across sites, with and without
//! scripts, and with the content policy enforced on where a form may end.

use serde_json::Value;
use url::Url;

use super::{Application, Browser, DevServer, Receiver, application, person, receiver, traffic};

/// The end-session endpoint with these parameters.
fn end_session(dev: &DevServer, parameters: &[(&str, &str)]) -> Url {
    let mut url = Url::parse(&format!("{}/logout", dev.issuer())).expect("the issuer is a URL");
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

async fn dev_with_notes(receiver: &Receiver) -> DevServer {
    let trusted = "first_party = true\nconsent = \"never\"";
    DevServer::with_config(&application::registration("notes", "Notes", receiver, trusted)).await
}

/// Ada signs in to the application.
async fn sign_in(browser: &Browser, dev: &DevServer, receiver: &Receiver) -> Value {
    let notes = Application::web(dev, receiver, "notes");
    let (request, before) = (notes.request(), receiver.arrivals().len());
    browser.open(request.url.as_str()).await;
    person::sign_in(browser, dev.user("ada")).await;
    notes.tokens(&request, &receiver.next(before).await).await
}

async fn expect_signed_out(browser: &Browser, dev: &DevServer) {
    browser.open(&format!("{}/", dev.issuer())).await;
    browser.find("h1").await;
    assert!(browser.find_now(person::SIGN_OUT).await.is_none(), "{}", browser.describe().await);
}

#[tokio::test]
async fn with_an_id_token_a_link_of_the_application_signs_out_and_comes_back() {
    let receiver = Receiver::start().await;
    let dev = dev_with_notes(&receiver).await;
    let browser = Browser::start().await;
    let tokens = sign_in(&browser, &dev, &receiver).await;

    let hint = tokens["id_token"].as_str().unwrap();
    let back = receiver.redirect_uri();
    let link = end_session(&dev, &[("id_token_hint", hint), ("post_logout_redirect_uri", &back), ("state", "42")]);
    receiver.show(&format!("<!doctype html><title>Application</title><a href=\"{link}\">Sign out</a>"));
    let before = receiver.arrivals().len();
    browser.open(&receiver.origin()).await;
    browser.click("a").await;
    let arrival = receiver.next(before).await;
    assert_eq!((arrival.method.as_str(), arrival.parameter("state").as_deref()), ("GET", Some("42")));
    expect_signed_out(&browser, &dev).await;
    browser.quit().await;
}

#[tokio::test]
async fn a_form_of_the_application_on_another_site_signs_out_and_comes_back_without_scripts() {
    let receiver = Receiver::start().await;
    let dev = dev_with_notes(&receiver).await;
    let browser = Browser::start_without_javascript().await;
    let tokens = sign_in(&browser, &dev, &receiver).await;

    let hint = tokens["id_token"].as_str().unwrap();
    let back = receiver.redirect_uri();
    let request = end_session(&dev, &[("id_token_hint", hint), ("post_logout_redirect_uri", &back), ("state", "42")]);
    receiver.show(&receiver::page_that_posts(&request));
    let before = receiver.arrivals().len();
    browser.open(&receiver.origin()).await;
    browser.click("button").await;
    let arrival = receiver.next(before).await;
    assert_eq!((arrival.method.as_str(), arrival.parameter("state").as_deref()), ("GET", Some("42")));
    expect_signed_out(&browser, &dev).await;
    browser.quit().await;
}

#[tokio::test]
async fn without_an_id_token_the_person_is_asked_and_then_sent_back() {
    let receiver = Receiver::start().await;
    let dev = dev_with_notes(&receiver).await;
    let browser = Browser::start().await;
    sign_in(&browser, &dev, &receiver).await;

    let back = receiver.redirect_uri();
    let request = end_session(&dev, &[("client_id", "notes"), ("post_logout_redirect_uri", &back), ("state", "42")]);
    receiver.show(&receiver::page_that_posts(&request));
    let before = receiver.arrivals().len();
    browser.open(&receiver.origin()).await;
    browser.follow("button").await;
    let said = browser.text().await;
    assert!(said.contains("Notes") && said.contains("Sign out?"), "{said}");
    super::looks::look_at(&browser, "sign-out-for-application").await;

    browser.click(person::SIGN_OUT).await;
    assert_eq!(receiver.next(before).await.parameter("state").as_deref(), Some("42"));
    let complaints = traffic::complaints(&browser).await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    expect_signed_out(&browser, &dev).await;

    // Whoever follows the link again finds a page that leads on.
    browser.open(request.as_str()).await;
    super::looks::look_at(&browser, "signed-out-with-way-on").await;
    let before = receiver.arrivals().len();
    browser.click(&format!("a[href^='{back}']")).await;
    receiver.next(before).await;
    browser.quit().await;
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_explained_and_not_followed() {
    let receiver = Receiver::start().await;
    let dev = dev_with_notes(&receiver).await;
    let browser = Browser::start().await;
    let tokens = sign_in(&browser, &dev, &receiver).await;

    let hint = tokens["id_token"].as_str().unwrap();
    let elsewhere = format!("{}/elsewhere", receiver.origin());
    let before = receiver.arrivals().len();
    let request = end_session(&dev, &[("id_token_hint", hint), ("post_logout_redirect_uri", &elsewhere)]);
    browser.open(request.as_str()).await;
    let said = browser.text().await;
    assert!(said.contains("You are signed out") && said.contains("not registered"), "{said}");
    // A development server says what to change.
    assert!(said.contains("post_logout_redirect_uris") && said.contains(&elsewhere), "{said}");
    super::looks::look_at(&browser, "signed-out-not-registered").await;
    assert_eq!(receiver.arrivals().len(), before);
    expect_signed_out(&browser, &dev).await;
    browser.quit().await;
}
