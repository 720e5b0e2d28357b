//! `response_mode=form_post` in a real browser: by itself with scripts, by a button without.

use super::looks::look_at;
use super::{Application, Browser, DevServer, Receiver, application, person};

const CONTINUE: &str = "main form button";

fn registration(receiver: &Receiver) -> String {
    application::registration("notes", "Notes", receiver, "")
}

#[tokio::test]
async fn with_scripts_the_answer_is_posted_by_itself() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&registration(&receiver)).await;
    let browser = Browser::start().await;
    let notes = Application::web(&dev, &receiver, "notes");

    let request = notes.request_with(&[("response_mode", "form_post")]);
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    browser.click(person::ALLOW).await;
    let arrival = receiver.next(0).await;
    assert_eq!((arrival.method.as_str(), arrival.url.query()), ("POST", None), "{}", arrival.url);
    notes.tokens(&request, &arrival).await;

    // An error, with nothing to show in between.
    let notes = notes.asking("admin");
    let request = notes.request_with(&[("response_mode", "form_post")]);
    browser.open(request.url.as_str()).await;
    let arrival = receiver.next(1).await;
    assert_eq!(arrival.method, "POST");
    assert_eq!(notes.error(&request, &arrival), "invalid_scope");
    browser.quit().await;
}

#[tokio::test]
async fn without_scripts_a_button_posts_it() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&registration(&receiver)).await;
    let browser = Browser::start_without_javascript().await;
    let notes = Application::web(&dev, &receiver, "notes");

    let request = notes.request_with(&[("response_mode", "form_post")]);
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    assert!(receiver.arrivals().is_empty(), "something posted it");
    let text = browser.text().await;
    assert!(text.contains("127.0.0.1"), "it does not say where it leads: {text}");
    browser.follow(CONTINUE).await;
    let arrival = receiver.next(0).await;
    assert_eq!(arrival.method, "POST");
    notes.tokens(&request, &arrival).await;
    browser.quit().await;
}

#[tokio::test]
async fn the_page_that_posts_is_good_to_look_at_in_light_dark_and_narrow() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&registration(&receiver)).await;
    let browser = Browser::start().await;
    // Its own script would send it away before anybody looks.
    browser.cdp("Network.enable", serde_json::json!({})).await;
    browser.cdp("Network.setBlockedURLs", serde_json::json!({ "urls": ["*/assets/submit.*"] })).await;
    let notes = Application::web(&dev, &receiver, "notes");
    let request = notes.request_with(&[("response_mode", "form_post"), ("prompt", "none")]);
    browser.open(request.url.as_str()).await;
    look_at(&browser, "form-post").await;
    browser.follow(CONTINUE).await;
    assert_eq!(notes.error(&request, &receiver.next(0).await), "login_required");
    browser.quit().await;
}
