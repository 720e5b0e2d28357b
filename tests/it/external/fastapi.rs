//! The FastAPI developer's story: the apps of our documents, their `/docs`, and the Authorize button.
//!
//! Owns what Swagger UI's page looks like inside. Does not own the apps: README.md and docs/fastapi.md
//! have them, and `tests/external/fastapi/serve.py` runs them from there.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{node_modules, python, script};
use crate::browser::dev_server::DemoUser;
use crate::browser::{Browser, DevServer, PATIENCE, http, person, traffic, until};

/// The app of a document, running.
struct App {
    url: String,
    _process: Child,
}

impl App {
    async fn of_the_readme(dev: &DevServer) -> Self {
        Self::start("README.md", dev, 0).await
    }

    async fn start(document: &str, dev: &DevServer, port: u16) -> Self {
        let mut process = Command::new(python())
            .arg(script("fastapi/serve.py"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(document))
            .arg(dev.issuer())
            .arg(node_modules().join("swagger-ui-dist"))
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the app to start");
        let mut stdout = BufReader::new(process.stdout.take().expect("its stdout")).lines();
        let url = tokio::time::timeout(PATIENCE, stdout.next_line()).await;
        let url = url.expect("the app to start in time").expect("its stdout").expect("the app to say its address");
        let app = Self { url, _process: process };
        until("the app answers", async || http().get(format!("{}/openapi.json", app.url)).send().await.ok()).await;
        app
    }

    /// Status and body of the protected route with this token.
    async fn me(&self, token: Option<&str>) -> (u16, Value) {
        let mut get = http().get(format!("{}/users/me", self.url));
        if let Some(token) = token {
            get = get.bearer_auth(token);
        }
        let answer = get.send().await.expect("an answer of the app");
        (answer.status().as_u16(), answer.json().await.expect("JSON from the app"))
    }
}

/// Opens `/docs` and fills in the dialog that the Authorize button opens.
async fn authorize(browser: &Browser, app: &App, user: &DemoUser, client_id: &str) {
    browser.open(&format!("{}/docs", app.url)).await;
    browser.click(".scheme-container .authorize").await;
    browser.fill("#oauth_username", &user.username).await;
    browser.fill("#oauth_password", &user.password).await;
    browser.fill("input[data-name=clientId]", client_id).await;
    browser.click(".auth-btn-wrapper button.authorize").await;
}

/// Tries an operation out from the page; returns the status that it shows.
async fn call(browser: &Browser, operation: &str) -> String {
    browser.click(&format!("{operation} .opblock-summary")).await;
    browser.click(&format!("{operation} .try-out__btn")).await;
    browser.click(&format!("{operation} .execute")).await;
    let status = format!("{operation} .live-responses-table tbody .response-col_status");
    browser.find(&status).await.text().await.unwrap()
}

#[tokio::test]
async fn the_authorize_button_of_fastapis_docs_gets_a_token_with_only_the_client_id_typed() {
    let dev = DevServer::start().await;
    let app = App::of_the_readme(&dev).await;
    let browser = Browser::start().await;

    authorize(&browser, &app, dev.user("ada"), "first-party").await;
    until("Swagger UI is authorized", async || {
        if let Some(error) = browser.find_now(".auth-container .errors").await {
            panic!("Swagger UI says {:?}", error.text().await);
        }
        browser.text().await.contains("Logout").then_some(())
    })
    .await;
    browser.screenshot("fastapi-authorized").await;
    browser.click(".auth-btn-wrapper .btn-done").await;

    let status = call(&browser, ".opblock-get").await;
    assert!(status.starts_with("200"), "{}", browser.text().await);
    let body = browser.find(".live-responses-table tbody .response-col_description").await.text().await.unwrap();
    assert!(body.contains("read:users"), "{body}");
    browser.screenshot("fastapi-called").await;

    let left: Vec<_> = traffic::drain(&browser)
        .await
        .into_iter()
        .filter(|request| {
            !request.url.as_str().starts_with(&app.url) && !request.url.as_str().starts_with(dev.issuer())
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
    browser.quit().await;
}

#[tokio::test]
async fn swagger_ui_shows_the_reason_for_a_wrong_password_and_for_a_forgotten_client_id() {
    let dev = DevServer::start().await;
    let app = App::of_the_readme(&dev).await;
    let browser = Browser::start().await;

    let stranger = DemoUser { username: "ada".to_owned(), password: "not the password of ada".to_owned() };
    authorize(&browser, &app, &stranger, "first-party").await;
    let error = browser.find(".auth-container .errors").await.text().await.unwrap();
    assert!(error.contains("invalid_grant") || error.to_lowercase().contains("password"), "{error}");

    // Readable across origins only if the error has its CORS headers too.
    authorize(&browser, &app, dev.user("ada"), "").await;
    let error = browser.find(".auth-container .errors").await.text().await.unwrap();
    assert!(error.contains("client_id"), "the description does not say which parameter to add: {error}");
    browser.quit().await;
}

#[tokio::test]
async fn the_tutorials_password_form_gets_a_token_that_the_app_accepts_and_no_other() {
    let dev = DevServer::start().await;
    let app = App::of_the_readme(&dev).await;
    let ada = dev.user("ada");

    let form = [
        ("grant_type", "password"),
        ("username", &ada.username),
        ("password", &ada.password),
        ("client_id", "first-party"),
    ];
    let answer = http().post(format!("{}/token", dev.issuer())).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["token_type"].as_str().map(str::to_lowercase).as_deref(), Some("bearer"), "{answer}");
    let token = answer["access_token"].as_str().expect("an access token");

    let (status, me) = app.me(Some(token)).await;
    assert_eq!(status, 200, "{me}");
    assert_eq!(me["scope"], answer["scope"], "{me}");
    assert_eq!(app.me(None).await.0, 401);
    let mut forged = token.to_owned();
    let last = forged.len() - 20;
    let other = if forged.as_bytes()[last] == b'A' { "B" } else { "A" };
    forged.replace_range(last..=last, other);
    assert_eq!(app.me(Some(&forged)).await.0, 401);
    let other = DevServer::start().await.run(&["token", "--client", "service"]).await;
    let other = String::from_utf8(other.stdout).unwrap();
    assert_eq!(app.me(Some(other.trim())).await.0, 401, "another server's token");
}

#[tokio::test]
async fn the_authorize_button_signs_in_on_our_pages_with_code_and_pkce_and_scopes_open_or_close_a_route() {
    // The redirect URI is registered before the app listens there, so its port is chosen here.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dev = DevServer::with_config(&format!(
        r#"
        [[clients]]
        client_id = "spa"
        client_name = "Docs"
        token_endpoint_auth_method = "none"
        redirect_uris = ["http://127.0.0.1:{port}/docs/oauth2-redirect"]
        scope = "openid profile email read:users write:posts"
        "#
    ))
    .await;
    let app = App::start("docs/fastapi.md", &dev, port).await;
    let browser = Browser::start().await;

    browser.open(&format!("{}/docs", app.url)).await;
    browser.click(".scheme-container .authorize").await;
    browser.click(".scopes h2 a").await;
    let docs = browser.driver().window().await.unwrap();
    browser.click(".auth-btn-wrapper button.authorize").await;
    let popup = until("Swagger UI opens our page", async || {
        browser.driver().windows().await.unwrap().into_iter().find(|window| *window != docs)
    })
    .await;
    browser.switch_to_tab(popup).await;
    person::sign_in(&browser, dev.user("bob")).await;
    browser.click(person::ALLOW).await;
    until("the window closes itself", async || (browser.driver().windows().await.unwrap().len() == 1).then_some(()))
        .await;
    browser.driver().switch_to_window(docs).await.unwrap();
    until("Swagger UI is authorized", async || browser.text().await.contains("Logout").then_some(())).await;
    browser.click(".auth-btn-wrapper .btn-done").await;

    // Bob has the role for one of the two scopes that were ticked.
    assert!(call(&browser, ".opblock-get").await.starts_with("200"), "{}", browser.text().await);
    assert!(call(&browser, ".opblock-post").await.starts_with("403"), "{}", browser.text().await);
    browser.quit().await;
}
