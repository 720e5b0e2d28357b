//! People are not test scripts: they click twice, go back, open two tabs, and come back after lunch.

use super::{Application, Browser, DevServer, Receiver, application, person};

const TRUSTED: &str = "first_party = true\nconsent = \"never\"";

#[tokio::test]
async fn a_double_click_on_sign_in_gives_one_code_and_no_error_page() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&application::registration("notes", "Notes", &receiver, TRUSTED)).await;
    let notes = Application::web(&dev, &receiver, "notes");
    let browser = Browser::start().await;

    let request = notes.request();
    browser.open(request.url.as_str()).await;
    let ada = dev.user("ada");
    person::fill_in(&browser, &ada.username, &ada.password).await;
    let button = browser.find(person::SIGN_IN).await;
    browser.driver().action_chain().double_click_element(&button).perform().await.unwrap();

    let arrived =
        browser.wait_for_url("the application", |url| url.as_str().starts_with(&receiver.redirect_uri())).await;
    let arrivals = receiver.arrivals();
    assert!(arrivals.iter().all(|arrival| arrival.parameter("error").is_none()), "{arrivals:#?}");
    let last = arrivals.last().expect("an arrival");
    assert_eq!(last.url, arrived);
    notes.tokens(&request, last).await;
    browser.quit().await;
}

#[tokio::test]
async fn a_double_click_on_allow_gives_one_code_and_no_error_page() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    let button = browser.find(person::ALLOW).await;
    browser.driver().action_chain().double_click_element(&button).perform().await.unwrap();

    let arrived =
        browser.wait_for_url("the application", |url| url.as_str().starts_with(&receiver.redirect_uri())).await;
    let arrivals = receiver.arrivals();
    assert!(arrivals.iter().all(|arrival| arrival.parameter("error").is_none()), "{arrivals:#?}");
    let last = arrivals.last().expect("an arrival");
    assert_eq!(last.url, arrived);
    cli.tokens(&request, last).await;
    browser.quit().await;
}

#[tokio::test]
async fn going_back_after_success_shows_a_friendly_page_and_sends_nothing_again() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    cli.tokens(&request, &receiver.next(0).await).await;

    for _ in 0..2 {
        browser.driver().back().await.unwrap();
        browser.find("h1").await;
        let text = browser.text().await;
        assert!(!browser.title().await.to_lowercase().contains("error"), "{}", browser.describe().await);
        assert!(!text.contains("ERR_CACHE_MISS"), "the browser wants to send a form again: {text}");
        assert!(browser.find_now("main a[href], main button").await.is_some(), "a dead end: {text}");
    }
    assert_eq!(receiver.arrivals().len(), 1, "{:?}", receiver.arrivals());
    browser.quit().await;
}

#[tokio::test]
async fn sending_the_sign_in_form_of_a_finished_request_again_is_no_dead_end() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&application::registration("notes", "Notes", &receiver, TRUSTED)).await;
    let notes = Application::web(&dev, &receiver, "notes");
    let browser = Browser::start().await;
    let ada = dev.user("ada");

    // Two tabs hold the same request, as after "open link in a new tab" twice.
    let request = notes.request();
    browser.open(request.url.as_str()).await;
    let login = browser.url().await;
    let first = browser.open_tab().await;
    browser.open(login.as_str()).await;
    browser.switch_to_tab(first.clone()).await;
    person::sign_in(&browser, ada).await;
    notes.tokens(&request, &receiver.next(0).await).await;

    let windows = browser.driver().windows().await.unwrap();
    let second = windows.into_iter().find(|window| *window != first).expect("the second tab");
    browser.switch_to_tab(second).await;
    person::fill_in(&browser, &ada.username, &ada.password).await;
    browser.follow(person::SIGN_IN).await;
    let url = browser.url().await;
    let at_application = url.as_str().starts_with(&receiver.redirect_uri());
    let goes_on = at_application || browser.find_now("main a[href], main button").await.is_some();
    assert!(goes_on, "a dead end: {}", browser.describe().await);
    browser.quit().await;
}

#[tokio::test]
async fn two_tabs_for_two_applications_both_end_at_their_own() {
    let (here, there) = (Receiver::start().await, Receiver::start().await);
    let one = application::registration("one", "One", &here, "");
    let two = application::registration("two", "Two", &there, "");
    let dev = DevServer::with_config(&[one, two].concat()).await;
    let (one, two) = (Application::web(&dev, &here, "one"), Application::web(&dev, &there, "two"));
    let browser = Browser::start().await;

    // Both sign-in pages are open before either is used.
    let (first, second) = (one.request(), two.request());
    browser.open(first.url.as_str()).await;
    let first_tab = browser.open_tab().await;
    browser.open(second.url.as_str()).await;
    let second_tab = browser.switch_to_tab(first_tab.clone()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    assert!(browser.text().await.contains("One"), "{}", browser.describe().await);

    browser.switch_to_tab(second_tab).await;
    person::sign_in(&browser, dev.user("ada")).await;
    assert!(browser.text().await.contains("Two"), "{}", browser.describe().await);
    person::allow(&browser).await;
    two.tokens(&second, &there.next(0).await).await;

    browser.switch_to_tab(first_tab).await;
    person::allow(&browser).await;
    one.tokens(&first, &here.next(0).await).await;
    assert_eq!((here.arrivals().len(), there.arrivals().len()), (1, 1));
    browser.quit().await;
}

#[tokio::test]
async fn a_request_that_expired_during_lunch_starts_again_and_ends_at_the_same_application() {
    let receiver = Receiver::start().await;
    let config =
        application::registration("notes", "Notes", &receiver, TRUSTED) + "\n[lifetimes]\ninteraction = \"5s\"\n";
    let dev = DevServer::with_config(&config).await;
    let notes = Application::web(&dev, &receiver, "notes");
    let browser = Browser::start().await;

    let request = notes.request();
    browser.open(request.url.as_str()).await;
    let login = browser.url().await;
    // Looked at until it has expired; what comes then must lead on by one click, or by itself.
    super::until("the request expires", async || {
        browser.open(login.as_str()).await;
        let moved = browser.url().await != login || !person::is_asked_to_sign_in(&browser).await;
        moved.then_some(())
    })
    .await;
    super::looks::look_at(&browser, "expired").await;
    // On a busy machine it may expire once more; it leads on as often as it does.
    while receiver.arrivals().is_empty() {
        if !person::is_asked_to_sign_in(&browser).await {
            browser.follow("main form button, main a[href]").await;
        }
        person::sign_in(&browser, dev.user("ada")).await;
    }
    notes.tokens(&request, &receiver.next(0).await).await;
    browser.quit().await;
}
