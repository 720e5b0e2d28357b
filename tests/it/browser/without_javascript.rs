//! The same flow in a browser that runs no script at all.

use super::{Application, Browser, DevServer, Receiver, person};

#[tokio::test]
async fn the_whole_flow_works_without_javascript() {
    let dev = DevServer::start().await;
    let receiver = Receiver::start().await;
    let cli = Application::cli(&dev, &receiver);
    let browser = Browser::start_without_javascript().await;

    // First that the browser keeps its word.
    receiver.show("<!doctype html><title>still</title><h1>.</h1><script>document.title = 'ran'</script>");
    browser.open(&receiver.origin()).await;
    assert_eq!(browser.title().await, "still", "this browser runs scripts");

    let request = cli.request();
    browser.open(request.url.as_str()).await;
    person::fill_in(&browser, "ada", "not the password of ada").await;
    browser.follow(person::SIGN_IN).await;
    browser.find("[role=alert]").await;
    person::sign_in(&browser, dev.user("ada")).await;
    person::allow(&browser).await;
    let tokens = cli.tokens(&request, &receiver.next(0).await).await;
    assert_eq!(cli.userinfo(&tokens).await["preferred_username"], "ada");

    person::sign_out(&browser, dev.issuer()).await;
    browser.open(&format!("{}/", dev.issuer())).await;
    assert!(browser.find_now(person::SIGN_OUT).await.is_none(), "{}", browser.describe().await);
    browser.quit().await;
}
