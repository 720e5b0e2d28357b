//! `vestibule user` beside a running server, and without one.

use sea_orm::ConnectionTrait as _;
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

#[tokio::test]
async fn one_person_is_shown_with_what_their_roles_permit() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let shown = home.run(&["user", "show", "BOB@example.test", "--json"]).await.expect(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((shown["username"].as_str(), shown["scopes"].as_str()), (Some("bob"), Some("read:users")));
    assert_eq!((shown["disabled"].as_bool(), shown["password"].as_str()), (Some(false), Some("set")));
    assert!(shown["id"].as_str().is_some() && shown["valid_from"].as_i64().is_some(), "{shown}");
    let text = home.run(&["user", "show", "ada"]).await.expect(0).stdout;
    for line in ["username", "Ada Lovelace", "read:users write:posts", "may sign in  yes"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    home.run(&["user", "disable", "ada"]).await.expect(0);
    let text = home.run(&["user", "show", "ada"]).await.expect(0).stdout;
    assert!(text.contains("may sign in  no"), "{text}");
    home.run(&["user", "show", "nobody"]).await.refuses(5, &["nobody", "user list"]);
    home.run(&["user", "show"]).await.refuses(2, &["NAME"]);
}

/// What opens an account from outside, and nothing of it after the person.
#[tokio::test]
async fn the_identities_of_a_person_are_shown_and_go_with_them() {
    let home = Home::new();
    home.write(
        "config/providers.toml",
        "[[providers]]\nid = \"google\"\nclient_id = \"us\"\nclient_secret = \"for-tests\"\n",
    );
    let _dev = home.dev(&["--config", home.path().join("config").to_str().unwrap()]).await;
    let text = home.run(&["user", "show", "ada"]).await.expect(0).stdout;
    assert!(!text.contains("identity"), "{text}");
    let path = home.data().join("vestibule.db");
    let database = sea_orm::Database::connect(format!("sqlite:{}", path.display())).await.unwrap();
    for (provider, label) in [("google", "'ada@example.org'"), ("gone", "NULL")] {
        let insert = format!(
            "INSERT INTO identities (provider, issuer, subject, user_id, label, created_at, used_at) \
             SELECT '{provider}', 'https://{provider}.example', 'subject-1', id, {label}, 1000, 2000 FROM users \
             WHERE username = 'ada'"
        );
        database.execute_unprepared(&insert).await.unwrap();
    }
    let text = home.run(&["user", "show", "ada"]).await.expect(0).stdout;
    assert!(text.contains("google ada@example.org (subject-1 at https://google.example), used"), "{text}");
    assert!(text.contains("gone? (subject-1 at https://gone.example), used"), "{text}");
    let shown = home.run(&["user", "show", "ada", "--json"]).await.expect(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let first = serde_json::json!({
        "provider": "google", "issuer": "https://google.example", "subject": "subject-1", "label": "ada@example.org",
        "created_at": 1, "used_at": 2, "tokens": null,
    });
    assert_eq!((&shown["identities"][0], shown["identities"].as_array().map(Vec::len)), (&first, Some(2)));
    home.run(&["user", "delete", "ada", "--yes"]).await.expect(0);
    let left = database.query_one_raw(sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        "SELECT count(*) AS n FROM identities",
    ));
    assert_eq!(left.await.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), 0);
    database.close().await.unwrap();
}

/// E06: from another process, while the server runs.
#[tokio::test]
async fn a_reset_prints_a_password_that_leads_to_ones_own() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let token = ["token", "--client", "first-party", "--username", "ada"];
    home.run_with(&token, &dev.password("ada")).await.expect(0);
    let reset = home.run(&["user", "reset", "ada"]).await.expect(0);
    assert!(
        reset.stderr.contains("ada has a new password") && !reset.stderr.contains(reset.line()),
        "{}",
        reset.stderr
    );
    home.run_with(&token, &dev.password("ada")).await.refuses(1, &["invalid_grant"]);
    home.run_with(&token, reset.line()).await.refuses(1, &["invalid_grant", "generated"]);

    let mut browser = dev.browser();
    let page = browser.open(&format!("{}/login", dev.issuer())).await.page();
    let page = browser.submit(&page, "/login", &[("username", "ada"), ("password", reset.line())]).await.page();
    assert_eq!(page.url.path(), "/password", "{}", page.text());
    let own = "three quiet horses 7";
    browser.submit(&page, "/password", &[("password", own), ("repeated", own)]).await.page();
    home.run_with(&token, own).await.expect(0);

    let again = home.run(&["user", "reset", "ada", "--json"]).await.expect(0);
    let again: Value = serde_json::from_str(again.line()).unwrap();
    assert!(again["password_expires_at"].as_i64().is_some() && again["id"].as_str().is_some());
    assert_ne!(again["password"].as_str().unwrap(), reset.line());
    home.run_with(&token, own).await.refuses(1, &["invalid_grant"]);
    home.run(&["user", "disable", "ada"]).await.expect(0);
    let shut_out = home.run(&["user", "reset", "ada"]).await.expect(0);
    assert!(shut_out.stderr.contains("vestibule user enable ada"), "{}", shut_out.stderr);
    home.run(&["user", "reset", "nobody"]).await.refuses(5, &["nobody", "user list"]);
}

/// E05, P4: from another process, while the server runs.
#[tokio::test]
async fn somebody_who_is_deleted_is_gone_and_their_name_is_free() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let token = ["token", "--client", "first-party", "--username", "ada"];
    home.run_with(&token, &dev.password("ada")).await.expect(0);
    let before = listed(&home).await[0]["id"].clone();
    // Nobody is at a terminal to confirm it.
    home.run_with(&["user", "delete", "ada"], "y\n").await.refuses(2, &["--yes"]);
    assert_eq!(listed(&home).await.len(), 2);
    let told = home.run(&["user", "delete", "ADA@example.test", "--yes"]).await.expect(0);
    assert!(told.stderr.contains("ada was deleted"), "{}", told.stderr);
    home.run_with(&token, &dev.password("ada")).await.refuses(1, &["invalid_grant"]);
    assert_eq!(listed(&home).await.len(), 1);
    home.run(&["user", "delete", "ada", "--yes"]).await.refuses(5, &["nobody named ada", "user list"]);

    let again = home.run(&["user", "add", "ada", "--email", "ada@example.test", "--json"]).await.expect(0);
    let again: Value = serde_json::from_str(again.line()).unwrap();
    assert_ne!(again["id"], before);
    home.run_with(&token, &dev.password("ada")).await.refuses(1, &["invalid_grant"]);
}

/// The question, at a terminal.
#[tokio::test]
async fn deleting_somebody_is_asked_about_at_a_terminal() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    for (answer, code, left) in [("n", 1, 2), ("", 1, 2), ("yes", 0, 1)] {
        let asked = home.at_a_terminal(&["user", "delete", "ada"], answer).await;
        assert!(asked.stdout.contains("Delete ada (Ada Lovelace) for good? [y/N]"), "{}", asked.stdout);
        asked.expect(code);
        assert_eq!(listed(&home).await.len(), left, "{answer}");
    }
}
