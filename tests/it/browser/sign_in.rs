//! Signing in: from an application to its token, a wrong password, the first password of a new person.

use super::{Application, Browser, DevServer, Receiver, application, person, traffic};

#[tokio::test]
async fn a_person_signs_in_consents_and_the_application_gets_a_token_that_opens_userinfo() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;
    let ada = dev.user("ada");

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, ada).await;
    assert!(person::is_asked_for_consent(&browser).await, "{}", browser.describe().await);
    person::allow(&browser).await;

    let arrival = receiver.next(0).await;
    let tokens = cli.tokens(&request, &arrival).await;
    assert!(tokens["id_token"].is_string(), "{tokens}");
    let claims = cli.userinfo(&tokens).await;
    assert_eq!(claims["preferred_username"], "ada", "{claims}");
    browser.quit().await;
}

#[tokio::test]
async fn the_page_of_a_session_lets_the_person_straight_through_to_a_second_application() {
    let receiver = Receiver::start().await;
    let trusted = "first_party = true\nconsent = \"never\"";
    let one = application::registration("one", "One", &receiver, trusted);
    let two = application::registration("two", "Two", &receiver, trusted);
    let dev = DevServer::with_config(&[one, two].concat()).await;
    let browser = Browser::start().await;

    let (one, two) = (Application::web(&dev, &receiver, "one"), Application::web(&dev, &receiver, "two"));
    let first = one.request();
    browser.open(first.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    one.code(&first, &receiver.next(0).await);

    let second = two.request();
    browser.open(second.url.as_str()).await;
    two.code(&second, &receiver.next(1).await);
    browser.quit().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_where_the_eye_and_the_screen_reader_are_and_the_name_is_kept() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::fill_in(&browser, "ada", "not the password of ada").await;
    browser.follow(person::SIGN_IN).await;

    let alert = browser.find("[role=alert]").await;
    assert!(alert.is_displayed().await.unwrap(), "the alert is not to be seen");
    let focused = browser.script("return document.activeElement.closest('[role=alert]') !== null", vec![]).await;
    assert_eq!(focused, true, "the alert has no focus");
    assert!(browser.title().await.starts_with("Error"), "the title is {:?}", browser.title().await);
    let password = browser.find(person::PASSWORD).await;
    assert_eq!(password.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
    assert_eq!(password.value().await.unwrap().as_deref(), Some(""), "the password is kept");
    let described = password.attr("aria-describedby").await.unwrap().expect("the field points to no explanation");
    for id in described.split_whitespace() {
        browser.find(&format!("[id='{id}']")).await;
    }
    let username = browser.find(person::USERNAME).await;
    assert_eq!(username.value().await.unwrap().as_deref(), Some("ada"), "the name is lost");
    assert!(receiver.arrivals().is_empty(), "the application heard of it");

    // The same page goes on to the same application.
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    cli.tokens(&request, &receiver.next(0).await).await;
    browser.quit().await;
}

#[tokio::test]
async fn an_unknown_name_reads_exactly_like_a_wrong_password() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    let mut texts = Vec::new();
    for username in ["ada", "nobody"] {
        browser.open(&format!("{}/login", dev.issuer())).await;
        person::fill_in(&browser, username, "not anybody's password").await;
        browser.follow(person::SIGN_IN).await;
        texts.push(browser.text().await);
    }
    assert_eq!(texts[0], texts[1]);
    browser.quit().await;
}

#[tokio::test]
async fn the_fields_say_to_password_managers_what_they_are_and_enter_sends_the_form() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/login", dev.issuer())).await;

    let username = browser.find(person::USERNAME).await;
    let tokens = username.attr("autocomplete").await.unwrap().unwrap_or_default();
    assert!(tokens.split_whitespace().any(|token| token == "username"), "autocomplete={tokens:?}");
    assert_eq!(username.attr("autocapitalize").await.unwrap().as_deref(), Some("none"));
    assert_eq!(username.attr("spellcheck").await.unwrap().as_deref(), Some("false"));
    let password = browser.find(person::PASSWORD).await;
    assert_eq!(password.attr("autocomplete").await.unwrap().as_deref(), Some("current-password"));
    assert_eq!(password.attr("type").await.unwrap().as_deref(), Some("password"));

    let ada = dev.user("ada");
    person::fill_in(&browser, &ada.username, &ada.password).await;
    browser.find(person::PASSWORD).await.send_keys(thirtyfour::Key::Enter).await.unwrap();
    browser.find(person::SIGN_OUT).await;
    browser.quit().await;
}

#[tokio::test]
async fn a_login_hint_fills_in_the_name_and_leaves_it_editable() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let request = cli.request_with(&[("login_hint", "bob")]);
    browser.open(request.url.as_str()).await;
    let username = browser.find(person::USERNAME).await;
    assert_eq!(username.value().await.unwrap().as_deref(), Some("bob"));
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    let tokens = cli.tokens(&request, &receiver.next(0).await).await;
    assert_eq!(cli.userinfo(&tokens).await["preferred_username"], "ada");
    browser.quit().await;
}

#[tokio::test]
async fn a_person_whom_the_admin_added_is_led_to_set_a_password_and_signs_in_with_it_from_then_on() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let grace = dev.add_user("grace").await;
    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, &grace).await;

    let chosen = "a long walk to the harbour";
    assert!(browser.url().await.path().ends_with("/password"), "{}", browser.describe().await);
    let fields = browser.driver().find_all(thirtyfour::By::Css(person::NEW_PASSWORDS)).await.unwrap();
    for field in fields {
        field.send_keys(chosen).await.unwrap();
    }
    browser.follow(person::SET_PASSWORD).await;
    person::allow(&browser).await;
    cli.tokens(&request, &receiver.next(0).await).await;

    person::sign_out(&browser, dev.issuer()).await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, &grace).await;
    assert!(person::is_asked_to_sign_in(&browser).await, "the generated password still opens the door");
    person::fill_in(&browser, "grace", chosen).await;
    browser.follow(person::SIGN_IN).await;
    browser.find(person::SIGN_OUT).await;
    browser.quit().await;
}

#[tokio::test]
async fn no_request_of_the_whole_flow_leaves_our_origin_but_the_redirect_to_the_application() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;
    traffic::drain(&browser).await;

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    cli.code(&request, &receiver.next(0).await);
    person::sign_out(&browser, dev.issuer()).await;

    let requests = traffic::drain(&browser).await;
    assert!(requests.len() >= 5, "the log shows only {requests:?}");
    for request in &requests {
        let ours = request.url.as_str().starts_with(&format!("{}/", dev.issuer()));
        let theirs = request.url.as_str().starts_with(&receiver.origin());
        assert!(ours || theirs, "a request to {}", request.url);
    }
    let complaints = traffic::complaints(&browser).await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.quit().await;
}
