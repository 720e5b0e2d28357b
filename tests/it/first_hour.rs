//! A newcomer's first hour with `vestibule dev`, where something goes wrong and is put right by what the
//! server itself says.
//!
//! Owns: the mistakes of the first hour. Does not own: the second start, a taken port, damaged folders
//! (`cli`), the commands of the documentation (`docs`), or what needs a real browser (`browser`).

#![expect(clippy::expect_used, clippy::panic, reason = "in a test they are how it fails")]

use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};
use url::Url;

use crate::cli::program::{Dev, Home};
use crate::support::forms::decode;
use crate::support::{Answer, Arrival, UserAgent};

const VERIFIER: &str = "dBjftJeZ4CVP-mBZ13aEuVAMqZw-3Yr8gK9FQzGm6bX";

/// An authorization request of this client.
fn request(dev: &Dev, client: &str, redirect_uri: &str, scope: &str) -> Url {
    let challenge = vestibule::protocol::pkce::CodeChallenge::of(
        &vestibule::protocol::pkce::CodeVerifier::parse(VERIFIER).expect("a verifier"),
    );
    let parameters = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("scope", scope),
        ("state", "mine"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    Url::parse_with_params(&format!("{}/authorize", dev.issuer()), parameters).expect("a URL")
}

/// Signs in where asked, allows where asked: the answer's parameters.
async fn through(browser: &mut UserAgent, url: &Url, username: &str, password: &str) -> Vec<(String, String)> {
    let mut arrival = browser.open(url.as_str()).await;
    if let Arrival::Page(page) = &arrival
        && page.url.path() == "/login"
    {
        let page = page.clone();
        arrival = browser.submit(&page, "/login", &[("username", username), ("password", password)]).await;
    }
    let callback = browser.allow(arrival).await.callback();
    callback.url.query_pairs().into_owned().collect()
}

fn get<'a>(answer: &'a [(String, String)], name: &str) -> &'a str {
    answer.iter().find(|(known, _)| known == name).map_or_else(|| panic!("no {name}: {answer:?}"), |(_, value)| value)
}

/// Redeems a code, as that client authenticates.
async fn redeem(dev: &Dev, client: (&str, Option<&str>), redirect_uri: &str, code: &str) -> Answer {
    let request = dev.http().request(Method::POST, &format!("{}/token", dev.issuer())).fields([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ]);
    match client {
        (id, Some(secret)) => request.basic(id, secret),
        (id, None) => request.field("client_id", id),
    }
    .send()
    .await
}

/// The configuration that an error page offers to paste.
#[track_caller]
fn suggestion(page: &Answer) -> String {
    let html = page.text();
    let shown = html.split_once("<pre").and_then(|(_, rest)| rest.split_once("<code>"));
    let shown = shown.and_then(|(_, rest)| rest.split_once("</code>")).map(|(toml, _)| decode(toml));
    shown.unwrap_or_else(|| panic!("no suggestion: {html}"))
}

#[tokio::test]
async fn an_unknown_client_works_after_its_suggested_table_was_pasted_and_dev_restarted() {
    let home = Home::new();
    let redirect_uri = "http://localhost:4321/callback";
    let dev = home.dev(&[]).await;
    let url = request(&dev, "my-shop", redirect_uri, "openid read:users");
    let page = dev.browser().open(url.as_str()).await.page();
    page.expect_page(400);
    home.write("config/clients.toml", &suggestion(&page));
    dev.stop("TERM").await.expect(0);

    let dev = home.dev(&[]).await;
    let url = request(&dev, "my-shop", redirect_uri, "openid read:users");
    let answer = through(&mut dev.browser(), &url, "ada", &dev.password("ada")).await;
    assert_eq!(get(&answer, "state"), "mine");
    let token = redeem(&dev, ("my-shop", None), redirect_uri, get(&answer, "code")).await.expect(200);
    assert_eq!(token.member("scope"), "openid read:users");
}

#[tokio::test]
async fn a_wrong_redirect_uri_works_after_the_suggested_table_was_pasted_and_nothing_else_changed() {
    for client in ["spa", "web"] {
        let home = Home::new();
        let redirect_uri = "http://localhost:4321/callback";
        let dev = home.dev(&[]).await;
        let before = dev.client(client).clone();
        let page = dev.browser().open(request(&dev, client, redirect_uri, "openid").as_str()).await.page();
        let html = page.expect_page(400);
        for uri in before["redirect_uris"].as_array().expect("URIs") {
            assert!(html.contains(uri.as_str().expect("a URI")), "{uri} is not shown: {html}");
        }
        assert!(html.contains(redirect_uri), "{html}");
        home.write("config/pasted.toml", &suggestion(&page));
        dev.stop("TERM").await.expect(0);

        let dev = home.dev(&[]).await;
        let mut expected = before;
        expected["redirect_uris"].as_array_mut().expect("URIs").push(json!(redirect_uri));
        assert_eq!(dev.client(client), &expected);
        let url = request(&dev, client, redirect_uri, "openid");
        let answer = through(&mut dev.browser(), &url, "ada", &dev.password("ada")).await;
        let secret = expected["client_secret"].as_str();
        redeem(&dev, (client, secret), redirect_uri, get(&answer, "code")).await.expect(200);
    }
}

/// The table of a demo client of our own, pasted into the file that has it already: the place is named.
#[tokio::test]
async fn a_table_that_was_pasted_twice_is_shown_with_both_places() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let url = request(&dev, "my-shop", "http://localhost:4321/callback", "openid");
    let toml = suggestion(&dev.browser().open(url.as_str()).await.page());
    dev.stop("TERM").await.expect(0);
    home.write("config/a.toml", &toml);
    home.write("config/b.toml", &toml);
    home.run(&["dev", "--port", "0"]).await.refuses(3, &["my-shop", "config/a.toml", "config/b.toml"]);
}

#[tokio::test]
async fn a_wrong_password_says_where_the_right_one_is() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let mut browser = dev.browser();
    let page = browser.open(&format!("{}/login", dev.issuer())).await.page();
    let page = browser.submit(&page, "/login", &[("username", "ada"), ("password", "guess")]).await.page();
    let html = page.text();
    assert_eq!(page.status, 422);
    assert!(html.contains("aria-invalid=\"true\"") && html.contains("value=\"ada\""), "{html}");
    assert!(html.contains("<code>vestibule dev</code>"), "{html}");
    // And the right one is taken at once.
    let page = browser.submit(&page, "/login", &[("username", "ada"), ("password", &dev.password("ada"))]).await.page();
    assert_eq!((page.status, page.url.path()), (200, "/"), "{}", page.text());
    assert!(page.text().contains("Ada Lovelace"), "{}", page.text());
}

#[tokio::test]
async fn missing_pkce_says_what_to_send_or_which_line_to_change() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    for (client, fix) in [("spa", "code_challenge_method=S256"), ("web", "pkce = 'optional'")] {
        let mut url = request(&dev, client, "http://localhost:8000/callback", "openid");
        let kept: Vec<(String, String)> =
            url.query_pairs().into_owned().filter(|(name, _)| !name.starts_with("code_challenge")).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        let callback = dev.browser().open(url.as_str()).await.callback();
        assert_eq!(callback.get("error").as_deref(), Some("invalid_request"));
        let description = callback.get("error_description").expect("a description");
        assert!(description.contains(fix), "{description}");
    }
    // The line for the client that has a secret, taken at its word.
    let redirect_uri = "http://localhost:8000/callback";
    let page = dev.browser().open(request(&dev, "web", "http://localhost:1/x", "openid").as_str()).await.page();
    home.write("config/web.toml", &(suggestion(&page) + "pkce = 'optional'\n"));
    dev.stop("TERM").await.expect(0);
    let dev = home.dev(&[]).await;
    let mut url = Url::parse(&format!("{}/authorize", dev.issuer())).expect("a URL");
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", redirect_uri),
        ("scope", "openid"),
    ]);
    let answer = through(&mut dev.browser(), &url, "ada", &dev.password("ada")).await;
    assert!(!get(&answer, "code").is_empty());
}

#[tokio::test]
async fn a_person_added_while_dev_runs_sets_a_password_on_the_way_to_the_application() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let added = home.run(&["user", "add", "dora", "--name", "Dora D", "--role", "demo-reader"]).await.expect(0);
    let redirect_uri = "http://localhost:3000/callback";
    let mut browser = dev.browser();
    let url = request(&dev, "spa", redirect_uri, "openid profile read:users write:posts");
    let page = browser.open(url.as_str()).await.page();
    let page = browser.submit(&page, "/login", &[("username", "Dora"), ("password", added.line())]).await.page();
    assert_eq!(page.url.path(), "/password", "{}", page.text());
    let own = "seven slow tortoises";
    let arrival = browser.submit(&page, "/password", &[("password", own), ("repeated", own)]).await;
    let callback = browser.allow(arrival).await.callback();
    let token = redeem(&dev, ("spa", None), redirect_uri, &callback.code()).await.expect(200);
    assert_eq!(token.member("scope"), "openid profile read:users");

    let info = dev.http().request(Method::GET, &format!("{}/userinfo", dev.issuer()));
    let info: Value = info.bearer(&token.member("access_token")).send().await.expect(200).json();
    assert_eq!((&info["preferred_username"], &info["name"]), (&json!("dora"), &json!("Dora D")));
    let answer = through(&mut dev.browser(), &url, "dora", own).await;
    assert!(!get(&answer, "code").is_empty());
}

/// Two applications in two tabs of one browser: each ends at its own, the second without a password.
#[tokio::test]
async fn a_second_tab_finishes_the_first_ones_sign_in_and_signing_out_ends_both() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let mut browser = dev.browser();
    let first = request(&dev, "spa", "http://localhost:3000/callback", "openid");
    let second = request(&dev, "web", "http://localhost:8000/callback", "openid");
    let waiting = browser.open(first.as_str()).await.page();
    assert_eq!(waiting.url.path(), "/login");
    let answer = through(&mut browser, &second, "ada", &dev.password("ada")).await;
    assert!(!get(&answer, "code").is_empty());

    // The first tab is reloaded, or its form is sent after all: no password is needed, or it is taken.
    let arrival = browser.open(waiting.url.as_str()).await;
    let arrival = match arrival {
        Arrival::Page(page) if page.url.path() == "/login" => {
            browser.submit(&page, "/login", &[("username", "ada"), ("password", &dev.password("ada"))]).await
        }
        other => other,
    };
    let callback = browser.allow(arrival).await.callback();
    assert!(callback.url.as_str().starts_with("http://localhost:3000/callback?"), "{}", callback.url);
    let page = browser.open(&format!("{}/logout", dev.issuer())).await.page();
    let page = browser.submit(&page, "/logout/confirm", &[]).await.page();
    assert_eq!(page.status, 200);

    // Back: the page that is asked for again is nobody's.
    let home_page = browser.open(&format!("{}/", dev.issuer())).await.page();
    assert!(!home_page.text().contains("Ada Lovelace"), "{}", home_page.text());
    let page = browser.open(second.as_str()).await.page();
    assert_eq!(page.url.path(), "/login");
}

#[tokio::test]
async fn a_data_folder_of_a_newer_version_says_what_to_do_and_is_left_alone() {
    let home = Home::new();
    home.dev(&[]).await.stop("TERM").await.expect(0);
    let file = home.data().join("vestibule.db");
    let database = Database::connect(format!("sqlite:{}", file.display())).await.expect("the database");
    let row = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 1)";
    database.execute_unprepared(row).await.expect("a change of the future");
    database.close().await.expect("closed");
    for _ in 0..2 {
        home.run(&["dev", "--port", "0"]).await.refuses(1, &["newer version", "--data DIR"]);
    }
}
