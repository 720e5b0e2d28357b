//! Choosing an account in a real browser, also without scripts.

use super::looks::look_at;
use super::{Application, Browser, DevServer, Receiver, application, person};

const THIS_ACCOUNT: &str = "button[name=account]";
const ANOTHER: &str = "main a[href*='account=other']";

#[tokio::test]
async fn a_person_goes_on_with_their_account_or_takes_another() {
    let receiver = Receiver::start().await;
    let dev = DevServer::with_config(&application::registration("notes", "Notes", &receiver, "")).await;
    let browser = Browser::start_without_javascript().await;
    let notes = Application::web(&dev, &receiver, "notes").asking("openid profile");
    let first = notes.request();
    browser.open(first.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    notes.tokens(&first, &receiver.next(0).await).await;

    let second = notes.request_with(&[("prompt", "select_account")]);
    browser.open(second.url.as_str()).await;
    let text = browser.text().await;
    assert!(text.contains("Ada Lovelace") && text.contains("Notes"), "{text}");
    browser.follow(THIS_ACCOUNT).await;
    let tokens = notes.tokens(&second, &receiver.next(1).await).await;
    assert_eq!(notes.userinfo(&tokens).await["preferred_username"], "ada");

    let third = notes.request_with(&[("prompt", "select_account")]);
    browser.open(third.url.as_str()).await;
    browser.follow(ANOTHER).await;
    person::sign_in(&browser, dev.user("bob")).await;
    person::allow(&browser).await;
    let tokens = notes.tokens(&third, &receiver.next(2).await).await;
    assert_eq!(notes.userinfo(&tokens).await["preferred_username"], "bob");

    browser.quit().await;
}

#[tokio::test]
async fn the_pages_for_claims_and_accounts_are_good_to_look_at() {
    let receiver = Receiver::start().await;
    let more = "scope = \"openid profile email address phone\"";
    let registration = application::registration("shop", "Garden Shop", &receiver, "");
    let registration = registration.replace("scope = \"openid profile email read:users write:posts\"", more);
    let dev = DevServer::with_config(&registration).await;
    let browser = Browser::start().await;
    let claims = r#"{"userinfo":{"address":null,"phone_number_verified":null},"id_token":{"email":null}}"#;
    let shop = Application::web(&dev, &receiver, "shop").asking("openid profile");
    let request = shop.request_with(&[("claims", claims)]);
    browser.open(request.url.as_str()).await;
    person::sign_in(&browser, dev.user("ada")).await;
    let text = browser.text().await;
    assert!(text.contains("See your postal address") && text.contains("See your e-mail address"), "{text}");
    look_at(&browser, "consent-claims").await;
    browser.script("document.querySelectorAll('details').forEach((details) => { details.open = true })", vec![]).await;
    look_at(&browser, "consent-claims-details").await;
    person::allow(&browser).await;
    let tokens = shop.tokens(&request, &receiver.next(0).await).await;
    assert!(shop.userinfo(&tokens).await.get("email").is_none(), "the address was for the ID token");

    // Somebody else is asked for.
    let id_token = tokens["id_token"].as_str().unwrap();
    person::sign_out(&browser, dev.issuer()).await;
    browser.open(&format!("{}/login", dev.issuer())).await;
    person::sign_in(&browser, dev.user("bob")).await;
    browser.open(shop.request_with(&[("id_token_hint", id_token)]).url.as_str()).await;
    assert!(browser.text().await.contains("asks for another account"), "{}", browser.describe().await);
    look_at(&browser, "sign-in-somebody-else").await;
    browser.open(shop.request_with(&[("prompt", "select_account")]).url.as_str()).await;
    look_at(&browser, "choose-account").await;
    browser.quit().await;
}
