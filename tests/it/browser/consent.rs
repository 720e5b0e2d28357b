//! Consent: asked once, asked again only for more, refused without a dead end.

use super::{Application, Browser, DevServer, Receiver, application, person};

#[tokio::test]
async fn consent_is_not_asked_twice_and_for_an_added_scope_only_that_one_is_listed() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&application::registration("notes", "Notes", &receiver, "")).await;
    let browser = Browser::start().await;
    let notes = Application::web(&dev, &receiver, "notes").asking("openid profile read:users");

    let first = notes.request();
    browser.open(first.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    let asked = browser.text().await;
    assert!(asked.contains("Notes"), "consent does not name the application: {asked}");
    let first_asked = asked_for(&browser).await;
    assert_eq!(first_asked.len(), 3, "consent asks for {first_asked:?}");
    person::allow(&browser).await;
    notes.tokens(&first, &receiver.next(0).await).await;

    let second = notes.request();
    browser.open(second.url.as_str()).await;
    notes.tokens(&second, &receiver.next(1).await).await;

    let notes = notes.asking("openid profile read:users write:posts");
    let third = notes.request();
    browser.open(third.url.as_str()).await;
    let added = asked_for(&browser).await;
    assert_eq!(added.len(), 1, "consent asks again for {added:?}");
    assert!(!first_asked.contains(&added[0]), "{added:?} was asked before: {first_asked:?}");
    person::allow(&browser).await;
    let tokens = notes.tokens(&third, &receiver.next(2).await).await;
    let granted = tokens["scope"].as_str().unwrap_or_default();
    for scope in ["openid", "profile", "read:users", "write:posts"] {
        assert!(granted.split(' ').any(|name| name == scope), "{scope} is not in {granted:?}");
    }
    browser.quit().await;
}

#[tokio::test]
async fn an_application_on_the_persons_machine_is_asked_about_each_time() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let first = cli.request();
    browser.open(first.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    cli.code(&first, &receiver.next(0).await);

    let second = cli.request();
    browser.open(second.url.as_str()).await;
    assert!(person::is_asked_for_consent(&browser).await, "{}", browser.describe().await);
    browser.quit().await;
}

#[tokio::test]
async fn a_refusal_tells_the_application_and_is_not_remembered() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&application::registration("notes", "Notes", &receiver, "")).await;
    let browser = Browser::start().await;
    let notes = Application::web(&dev, &receiver, "notes");

    let first = notes.request();
    browser.open(first.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::deny(&browser).await;
    assert_eq!(notes.error(&first, &receiver.next(0).await), "access_denied");

    let second = notes.request();
    browser.open(second.url.as_str()).await;
    assert!(person::is_asked_for_consent(&browser).await, "{}", browser.describe().await);
    browser.quit().await;
}

#[tokio::test]
async fn consent_speaks_in_words_names_the_person_and_gives_both_answers_the_same_weight() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;
    browser.open(Application::cli(&dev, &receiver).request().url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;

    let text = browser.text().await;
    assert!(text.contains("ada"), "consent does not say who consents: {text}");
    assert!(text.contains("127.0.0.1"), "consent does not say where the person is sent: {text}");
    let visible = browser.script(VISIBLE_SCOPE_NAMES, vec![]).await;
    assert_eq!(visible, serde_json::json!([]), "scope names outside <details>");
    let allow = browser.find(person::ALLOW).await.rect().await.unwrap();
    let deny = browser.find(person::DENY).await.rect().await.unwrap();
    assert!((allow.height - deny.height).abs() < 1.0, "{allow:?} and {deny:?}");
    browser.quit().await;
}

#[tokio::test]
async fn a_person_without_the_role_grants_only_what_they_have() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;
    let cli = Application::cli(&dev, &receiver).asking("openid read:users write:posts");

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("bob")).await;
    assert_eq!(asked_for(&browser).await.len(), 2, "{}", browser.describe().await);
    assert!(!browser.driver().source().await.unwrap().contains("write:posts"), "{}", browser.describe().await);
    person::allow(&browser).await;
    let tokens = cli.tokens(&request, &receiver.next(0).await).await;
    assert_eq!(tokens["scope"], "openid read:users");
    browser.quit().await;
}

/// What the consent page asks for: the list under its heading, in words.
async fn asked_for(browser: &Browser) -> Vec<String> {
    assert!(person::is_asked_for_consent(browser).await, "{}", browser.describe().await);
    let mut words = Vec::new();
    for item in browser.driver().find_all(thirtyfour::By::Css("main h1 + ul li")).await.unwrap() {
        words.push(item.text().await.unwrap());
    }
    words
}

const VISIBLE_SCOPE_NAMES: &str = r#"
    const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (/read:users|write:posts/.test(text.data) && !text.parentElement.closest("details")) found.push(text.data);
    }
    return found;
"#;
