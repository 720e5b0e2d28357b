//! What only a real browser decides: Lax cookies across sites, and CSP on a chain of redirects.

use super::{Application, Browser, DevServer, Receiver, application, person, receiver, traffic};

#[tokio::test]
async fn a_request_posted_from_another_site_finds_the_session_because_lax_cookies_come_with_the_redirect() {
    let receiver = Receiver::start().await;
    let trusted = "first_party = true\nconsent = \"never\"";
    let dev = DevServer::with_config(&application::registration("notes", "Notes", &receiver, trusted)).await;
    let notes = Application::web(&dev, &receiver, "notes");
    let browser = Browser::start().await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, dev.user("ada")).await;

    let request = notes.request();
    let before = receiver.arrivals().len();
    receiver.show(&receiver::page_that_posts(&request.url));
    browser.open(&receiver.origin()).await;
    browser.click("button").await;
    notes.tokens(&request, &receiver.next(before).await).await;
    browser.quit().await;
}

#[tokio::test]
async fn a_request_posted_from_another_site_without_a_session_leads_to_the_sign_in_page() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let request = cli.request();
    receiver.show(&receiver::page_that_posts(&request.url));
    browser.open(&receiver.origin()).await;
    browser.follow("button").await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    cli.tokens(&request, &receiver.next(0).await).await;
    browser.quit().await;
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites_posts() {
    let dev = DevServer::start().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, dev.user("ada")).await;

    let cookies = browser.driver().get_all_cookies().await.unwrap();
    assert!(!cookies.is_empty(), "no cookie at all");
    for cookie in cookies {
        assert_eq!(cookie.path.as_deref(), Some("/"), "{cookie:?}");
        assert!(matches!(cookie.same_site, Some(thirtyfour::SameSite::Lax)), "{cookie:?}");
    }
    assert_eq!(browser.script("return document.cookie", vec![]).await, "");
    browser.quit().await;
}

#[tokio::test]
async fn form_action_names_the_application_and_lets_the_redirect_chain_through() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start().await;

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    let policies: Vec<_> = traffic::drain(&browser)
        .await
        .into_iter()
        .filter(|request| request.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html")))
        .filter_map(|request| request.headers.get("content-security-policy").cloned())
        .collect();
    let policy = policies.last().expect("no page has a Content-Security-Policy");
    let form_action = policy.split(';').map(str::trim).find(|rule| rule.starts_with("form-action"));
    let form_action = form_action.unwrap_or_else(|| panic!("no form-action in {policy}"));
    assert!(form_action.contains("'self'"), "{form_action}");
    assert!(form_action.split(' ').any(|source| source == receiver.origin()), "{form_action}");

    person::allow(&browser).await;
    cli.code(&request, &receiver.next(0).await);
    let complaints = traffic::complaints(&browser).await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.quit().await;
}

#[tokio::test]
async fn chromium_enforces_form_action_so_that_the_test_above_means_something() {
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;
    receiver.show(
        "<!doctype html><meta http-equiv=content-security-policy content=\"form-action 'self'\">\
         <form method=post action=\"http://localhost:9/\"><button>Send</button></form>",
    );
    browser.open(&receiver.origin()).await;
    browser.click("button").await;
    super::until("Chromium refuses the form", async || {
        let complaints = traffic::complaints(&browser).await;
        complaints.iter().any(|complaint| complaint.contains("form-action")).then_some(())
    })
    .await;
    browser.quit().await;
}
