//! Every page, looked at: light, dark and 320 px wide, free of axe-core findings, small.
//!
//! Owns the list of pages. Does not own the rules (`audit`). The screenshots are in `target/screenshots`.

use super::{Application, Browser, DevServer, Receiver, audit, person, traffic};

/// Judges a page of a development server, which says so on each.
pub async fn look_at(browser: &Browser, name: &str) {
    judge(browser, name).await;
    let text = browser.text().await.to_lowercase();
    assert!(text.contains("development server"), "{name} does not say that it is a development server: {text}");
}

/// Judges the page as it stands in all its looks and saves a picture of each.
pub async fn judge(browser: &Browser, name: &str) {
    let mut findings = Vec::new();
    for look in ["light", "dark", "narrow"] {
        if look == "dark" {
            browser.dark().await;
        } else {
            browser.light().await;
        }
        if look == "narrow" {
            browser.narrow().await;
        }
        browser.screenshot(&format!("{name}-{look}")).await;
        findings.extend(audit::findings(browser).await.into_iter().map(|finding| format!("{name} {look}: {finding}")));
    }
    browser.wide().await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// At most 50 kB and 3 requests since the last look, redirects not counted.
async fn weigh(browser: &Browser, name: &str) {
    let requests = traffic::drain(browser).await;
    let loaded: Vec<_> = requests.iter().filter(|request| request.bytes > 0.0).collect();
    let bytes: f64 = loaded.iter().map(|request| request.bytes).sum();
    assert!(bytes > 0.0, "{name}: nothing was loaded: {requests:?}");
    assert!(bytes <= 50_000.0, "{name} has {bytes} bytes: {loaded:#?}");
    assert!(loaded.len() <= 3, "{name} makes {} requests: {loaded:#?}", loaded.len());
}

#[tokio::test]
async fn the_pages_of_a_stranger_are_good_to_look_at_in_light_dark_and_narrow() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;
    browser.cdp("Network.setCacheDisabled", serde_json::json!({ "cacheDisabled": true })).await;

    for (path, name) in [
        ("/", "home-stranger"),
        ("/login", "sign-in"),
        (
            "/authorize?client_id=nobody&response_type=code&redirect_uri=http://localhost:3000/new",
            "error-unknown-client",
        ),
        ("/authorize?client_id=web&response_type=code&redirect_uri=http://localhost:3000/wrong", "error-redirect-uri"),
    ] {
        traffic::drain(&browser).await;
        browser.open(&format!("{}{path}", dev.issuer())).await;
        weigh(&browser, name).await;
        look_at(&browser, name).await;
    }

    traffic::drain(&browser).await;
    browser.open(Application::cli(&dev, &receiver).request().url.as_str()).await;
    weigh(&browser, "sign-in-for-application").await;
    look_at(&browser, "sign-in-for-application").await;

    person::fill_in(&browser, "ada", "not the password of ada").await;
    traffic::drain(&browser).await;
    browser.follow(person::SIGN_IN).await;
    weigh(&browser, "sign-in-error").await;
    look_at(&browser, "sign-in-error").await;
    browser.quit().await;
}

/// Who has to wait reads when to come back, with the name still there.
#[tokio::test]
async fn the_page_of_somebody_who_has_to_wait_is_good_to_look_at_in_light_dark_and_narrow() {
    let dev = DevServer::with_config("[limits]\nsign_in_failures = 1\nexempt_addresses = []\n").await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    for password in ["not the password of ada", &dev.user("ada").password] {
        person::fill_in(&browser, "ada", password).await;
        browser.follow(person::SIGN_IN).await;
    }
    look_at(&browser, "sign-in-throttled").await;
    let text = browser.text().await;
    assert!(text.contains("try again in 60 minutes"), "{text}");
    browser.quit().await;
}

#[tokio::test]
async fn the_pages_of_a_person_are_good_to_look_at_in_light_dark_and_narrow() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;
    browser.cdp("Network.setCacheDisabled", serde_json::json!({ "cacheDisabled": true })).await;

    let cli = Application::cli(&dev, &receiver).asking("openid profile email read:users write:posts");
    browser.open(cli.request().url.as_str()).await;
    person::fill_in(&browser, &dev.user("ada").username, &dev.user("ada").password).await;
    traffic::drain(&browser).await;
    browser.follow(person::SIGN_IN).await;
    weigh(&browser, "consent").await;
    look_at(&browser, "consent").await;
    browser.script("document.querySelectorAll('details').forEach((details) => { details.open = true })", vec![]).await;
    look_at(&browser, "consent-details").await;

    for (path, name) in [("/", "home"), ("/logout", "sign-out"), ("/login", "already-signed-in")] {
        traffic::drain(&browser).await;
        browser.open(&format!("{}{path}", dev.issuer())).await;
        weigh(&browser, name).await;
        look_at(&browser, name).await;
    }

    browser.open(&format!("{}/logout", dev.issuer())).await;
    traffic::drain(&browser).await;
    browser.follow(person::SIGN_OUT).await;
    weigh(&browser, "signed-out").await;
    look_at(&browser, "signed-out").await;
    browser.quit().await;
}

#[tokio::test]
async fn the_page_that_sets_a_password_is_good_to_look_at_in_light_dark_and_narrow() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    browser.cdp("Network.setCacheDisabled", serde_json::json!({ "cacheDisabled": true })).await;

    let grace = dev.add_user("grace").await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::fill_in(&browser, &grace.username, &grace.password).await;
    traffic::drain(&browser).await;
    browser.follow(person::SIGN_IN).await;
    weigh(&browser, "set-password").await;
    look_at(&browser, "set-password").await;

    for field in browser.driver().find_all(thirtyfour::By::Css(person::NEW_PASSWORDS)).await.unwrap() {
        field.send_keys("short").await.unwrap();
    }
    // The browser's own check of `minlength` would keep the server's answer from being seen.
    browser.script("document.querySelector('main form').noValidate = true", vec![]).await;
    browser.follow(person::SET_PASSWORD).await;
    browser.find("[role=alert]").await;
    look_at(&browser, "set-password-error").await;
    browser.quit().await;
}

#[tokio::test]
async fn a_mistyped_address_shows_a_page_that_leads_on() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/no-such-page", dev.issuer())).await;
    look_at(&browser, "not-found").await;
    browser.find("a[href='/']").await;
    browser.quit().await;
}

#[tokio::test]
async fn nothing_on_a_page_moves_for_those_who_asked_for_less_motion() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    let features = serde_json::json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
    browser.cdp("Emulation.setEmulatedMedia", serde_json::json!({ "features": features })).await;
    for path in ["/", "/login"] {
        browser.open(&format!("{}{path}", dev.issuer())).await;
        assert_eq!(browser.script("return document.getAnimations().length", vec![]).await, 0);
    }
    browser.quit().await;
}

#[tokio::test]
async fn every_control_is_visible_in_forced_colours() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    let features = serde_json::json!([{ "name": "forced-colors", "value": "active" }]);
    browser.cdp("Emulation.setEmulatedMedia", serde_json::json!({ "features": features })).await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    browser.screenshot("sign-in-forced-colours").await;
    let framed = browser
        .script(
            "return [...document.querySelectorAll('main input:not([type=hidden]), main button')].every(
                (control) => parseFloat(getComputedStyle(control).borderTopWidth) > 0)",
            vec![],
        )
        .await;
    assert_eq!(framed, true, "a control without a border disappears in forced colours");
    browser.quit().await;
}
