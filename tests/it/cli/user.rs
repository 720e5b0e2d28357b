//! `vestibule user` beside a running server, and without one.

use serde_json::Value;

use super::program::Home;
use crate::support::Arrival;

async fn listed(home: &Home) -> Vec<Value> {
    let list = home.run(&["user", "list", "--json"]).await.expect(0);
    serde_json::from_str(&list.stdout).expect("an array")
}

#[tokio::test]
async fn a_person_added_while_the_server_runs_signs_in_and_sets_a_password() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let added = home
        .run(&["user", "add", "Carla", "--email", "Carla@Example.test", "--name", "Carla C", "--role", "demo-reader"])
        .await
        .expect(0);
    let generated = added.line();
    assert!(generated.chars().count() >= 15);
    assert!(!added.stderr.contains(generated) && added.stderr.contains("carla"), "{}", added.stderr);

    // The password grant says that it was generated only to who knows it (product: command line).
    let password = ["token", "--client", "first-party", "--username", "carla"];
    home.run_with(&password, generated).await.refuses(1, &["invalid_grant", "generated"]);
    let wrong = home.run_with(&password, "not the password").await.refuses(1, &["invalid_grant"]);
    assert!(!wrong.stderr.contains("generated"), "{}", wrong.stderr);

    let mut browser = dev.browser();
    let page = browser.open(&format!("{}/login", dev.issuer())).await.page();
    let typed = [("username", "carla@example.test"), ("password", generated)];
    let page = browser.submit(&page, "/login", &typed).await.page();
    assert_eq!(page.url.path(), "/password", "{}", page.text());
    let own = "three quiet horses 7";
    let arrived = browser.submit(&page, "/password", &[("password", own), ("repeated", own)]).await;
    assert!(matches!(arrived, Arrival::Page(ref page) if page.status == 200), "{arrived:?}");

    let token = home.run_with(&password, own).await.expect(0);
    let shown = home.run_with(&["token", "inspect", "--json"], &token.stdout).await.expect(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["claims"]["scope"], "read:users", "her role allows no more");
    home.run_with(&password, generated).await.refuses(1, &["invalid_grant"]);
}

#[tokio::test]
async fn people_are_listed_with_their_roles_and_the_unknown_ones_marked() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let added =
        home.run(&["user", "add", "carla", "--role", "demo-reader", "--role", "editor", "--json"]).await.expect(0);
    assert!(added.stderr.contains("editor") && !added.stderr.contains("demo-reader"), "{}", added.stderr);
    let added: Value = serde_json::from_str(added.line()).unwrap();
    assert_eq!(added["username"], "carla");

    let people = listed(&home).await;
    let names: Vec<&str> = people.iter().map(|person| person["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "bob", "carla"]);
    assert_eq!(people[0]["password"], "set");
    assert_eq!(people[2]["password"], "generated");
    assert_eq!(people[2]["id"], added["id"]);
    assert_eq!(people[2]["roles"], serde_json::json!(["demo-reader", "editor"]));
    assert_eq!(people[2]["unknown_roles"], serde_json::json!(["editor"]));
    let text = home.run(&["user", "list"]).await.expect(0).stdout;
    assert!(text.contains("editor?") && text.contains("demo-reader ") && text.starts_with("USERNAME"), "{text}");
}

#[tokio::test]
async fn roles_are_replaced() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    home.run(&["user", "set-roles", "BOB@example.test", "demo-admin", "demo-admin"]).await.expect(0);
    let token = ["token", "--client", "first-party", "--username", "bob", "--scope", "write:posts"];
    home.run_with(&token, &dev.password("bob")).await.expect(0);
    home.run(&["user", "set-roles", "bob", "--none"]).await.expect(0);
    assert_eq!(listed(&home).await[1]["roles"], serde_json::json!([]));
    home.run_with(&token, &dev.password("bob")).await.refuses(1, &["invalid_scope"]);
    home.run(&["user", "set-roles", "bob"]).await.refuses(2, &["ROLE"]);
    home.run(&["user", "set-roles", "nobody", "demo-admin"]).await.refuses(5, &["nobody", "user list"]);
}

/// E05, D09: from another process, while the server runs.
#[tokio::test]
async fn somebody_who_is_disabled_is_out_and_may_be_let_in_again() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let token = ["token", "--client", "first-party", "--username", "ada"];
    home.run_with(&token, &dev.password("ada")).await.expect(0);
    let told = home.run(&["user", "disable", "ADA@example.test"]).await.expect(0);
    assert!(told.stderr.contains("ada is shut out"), "{}", told.stderr);
    home.run_with(&token, &dev.password("ada")).await.refuses(1, &["invalid_grant"]);
    home.run(&["user", "disable", "ada"]).await.expect(0);
    home.run(&["user", "enable", "ada"]).await.expect(0);
    home.run_with(&token, &dev.password("ada")).await.expect(0);
    for command in ["disable", "enable"] {
        home.run(&["user", command, "nobody"]).await.refuses(5, &["nobody", "user list"]);
        home.run(&["user", command]).await.refuses(2, &["NAME"]);
    }
}

#[tokio::test]
async fn a_name_or_address_is_given_once() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    home.run(&["user", "add", "ADA"]).await.refuses(1, &["ada"]);
    home.run(&["user", "add", "eve", "--email", "ADA@EXAMPLE.TEST"]).await.refuses(1, &["e-mail"]);
    home.run(&["user", "add", "not a name"]).await.refuses(2, &["NAME"]);
    home.run(&["user", "add", "eve", "--email", "eve"]).await.refuses(2, &["e-mail"]);
    assert_eq!(listed(&home).await.len(), 2);
}

#[tokio::test]
async fn without_a_server_the_folder_must_be_named() {
    let home = Home::new();
    home.run(&["user", "list"]).await.refuses(5, &["vestibule dev", "--data DIR", "--config DIR"]);
    home.dev(&[]).await.stop("TERM").await.expect(0);
    home.run(&["user", "list"]).await.refuses(5, &["--data DIR"]);
    let data = home.data();
    let list = home.run(&["user", "list", "--data", data.to_str().unwrap()]).await.expect(0);
    assert!(list.stdout.contains("ada"), "{}", list.stdout);
    let mut command = home.command(&["user", "list", "--data", data.to_str().unwrap()]);
    command.env("VESTIBULE_CONFIG", "/nowhere");
    super::program::run(command, "").await.expect(0);
    home.run(&["user", "list", "--data", "/nowhere"]).await.refuses(5, &["/nowhere"]);
    home.run(&["user", "list", "--config", "/nowhere"]).await.refuses(3, &["/nowhere"]);
}
