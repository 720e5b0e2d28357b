//! SIGHUP: the built binary reads its configuration again (threat X18).

use std::time::Duration;

use reqwest::Method;
use tokio::time::sleep;

use super::program::Home;
use super::serving::{ISSUER, Serving, configuration};

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";

fn client(id: &str) -> String {
    format!(
        "[[clients]]\nclient_id = \"{id}\"\nclient_secret_file = \"secret\"\ngrant_types = [\"client_credentials\"]\n\
         scope = \"read:things\"\ndefault_scope = \"read:things\"\n"
    )
}

const API: &str = "[[apis]]\naudience = \"https://things.example\"\nscopes = [{ name = \"read:things\", description = \"things\" }]\n";

async fn token(serving: &Serving, id: &str) -> crate::support::Answer {
    let request = serving.http.request(Method::POST, &format!("{ISSUER}/token"));
    request.basic(id, SECRET).field("grant_type", "client_credentials").send().await
}

fn home() -> Home {
    let home = Home::new();
    home.write(
        "config/vestibule.toml",
        &format!("{}[database]\nurl = \"sqlite:data\"\n", configuration("drain = \"0s\"")),
    );
    home.write("config/things.toml", API);
    home.write("config/clients/secret", SECRET);
    home.write("config/clients/one.toml", &client("one"));
    home
}

#[tokio::test]
async fn sighup_gives_a_running_server_what_its_configuration_says_now() {
    let home = home();
    let mut serving = Serving::start(&home, None).await;
    token(&serving, "one").await.expect(200);
    token(&serving, "two").await.expect_error(401, "invalid_client");

    home.write("config/clients/two.toml", &client("two"));
    std::fs::remove_file(home.path().join("config/clients/one.toml")).unwrap();
    home.write("config/lifetimes.toml", "[lifetimes]\naccess_token = \"2m\"\n[database]\nmax_connections = 3\n");
    serving.signal("HUP");
    let line = serving.logged(&["configuration reloaded"]).await;
    assert_eq!((&line["clients_added"], &line["clients_removed"]), (&"two".into(), &"one".into()), "{line}");
    assert_eq!(line["settings"], "lifetimes.access_token");
    assert_eq!(token(&serving, "two").await.expect(200).json()["expires_in"], 120);
    token(&serving, "one").await.expect_error(401, "invalid_client");
    serving.logged(&["a client is no longer served", "\"client_id\":\"one\""]).await;

    home.write("config/server.toml", "[server]\nshutdown_timeout = \"3s\"\n");
    serving.signal("HUP");
    let line = serving.logged(&["restart to apply"]).await;
    assert_eq!((&line["keys"], &line["level"]), (&"server.shutdown_timeout".into(), &"WARN".into()));
    serving.signal("TERM");
    assert_eq!(serving.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_mistake_is_logged_as_check_shows_it_and_changes_nothing() {
    let home = home();
    let mut serving = Serving::start(&home, Some(&super::program::random_key())).await;
    home.write("config/clients/one.toml", &client("one").replace("grant_types", "grant_typs"));
    home.write("config/late.toml", "[lifetimes]\ncode = \"2h\"\n");
    serving.signal("HUP");
    let line = serving.logged(&["the one before stays"]).await;
    assert_eq!((&line["level"], &line["mistakes"]), (&"ERROR".into(), &3.into()), "{line}");
    let mut check = home.command(&["check", "--config", "config"]);
    check.env("KEY", super::program::random_key());
    let shown = super::program::run(check, "").await.expect(3).stdout;
    let logged = line["message"].as_str().expect("a message");
    assert!(logged.contains(shown.trim_end()), "{logged}\n---\n{shown}");
    for part in ["config/clients/one.toml:4:1", "did you mean `grant_types`?", "config/late.toml:2:8"] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
    token(&serving, "one").await.expect(200);
    // A secret file that is gone, and then everything mended.
    home.write("config/clients/one.toml", &client("one"));
    home.write("config/late.toml", "");
    std::fs::remove_file(home.path().join("config/clients/secret")).unwrap();
    serving.signal("HUP");
    serving.logged(&["the one before stays", "clients/secret cannot be read"]).await;
    token(&serving, "one").await.expect(200);
    home.write("config/clients/secret", SECRET);
    home.write("config/clients/two.toml", &client("two"));
    serving.signal("HUP");
    serving.logged(&["configuration reloaded", "\"clients_added\":\"two\""]).await;
    token(&serving, "two").await.expect(200);
    serving.signal("TERM");
    assert_eq!(serving.ended().await.code(), Some(0));
}

#[tokio::test]
async fn providers_come_and_go_with_a_reload_and_a_wrong_one_changes_nothing() {
    let home = home();
    let mut serving = Serving::start(&home, Some(&super::program::random_key())).await;
    let provider = |id: &str, more: &str| {
        format!("[[providers]]\nid = \"{id}\"\nclient_id = \"v\"\nclient_secret_file = \"clients/secret\"\n{more}\n")
    };
    home.write("config/providers.toml", &provider("google", ""));
    serving.signal("HUP");
    let line = serving.logged(&["configuration reloaded", "added google"]).await;
    assert_eq!(
        (&line["providers"], &line["clients_changed"]),
        (&"added google".into(), &serde_json::Value::Null),
        "{line}"
    );

    home.write("config/providers.toml", &provider("google", "tenant = \"common\""));
    serving.signal("HUP");
    let line = serving.logged(&["the one before stays"]).await;
    let logged = line["message"].as_str().expect("a message");
    assert!(
        logged.contains("config/providers.toml:5:1") && logged.contains("`tenant` is not a key of preset"),
        "{logged}"
    );

    home.write("config/clients/secret", "0123456789abcdefghijklmnopqrstuvwxyz-._WXYZ");
    home.write("config/providers.toml", &[provider("google", ""), provider("github", "order = -1")].concat());
    serving.signal("HUP");
    let line = serving.logged(&["configuration reloaded", "github"]).await;
    assert_eq!(line["providers"], "added github; changed google", "the secret is another one: {line}");
    home.write("config/providers.toml", "[outbound]\nallow = [\"10.0.0.0/8\"]\n");
    serving.signal("HUP");
    let line = serving.logged(&["configuration reloaded", "outbound.allow"]).await;
    assert_eq!(line["providers"], "removed github, google", "{line}");
    assert!(!serving.log().contains("_WXYZ"), "no secret in the log");
    serving.signal("TERM");
    assert_eq!(serving.ended().await.code(), Some(0));
}

/// However many, one at a time; and what stands there at the last is what counts.
#[tokio::test]
async fn any_number_of_hangups_is_survived_and_the_last_configuration_counts() {
    let home = home();
    let mut serving = Serving::start(&home, None).await;
    for round in 0..40 {
        home.write("config/clients/two.toml", &client(&format!("round-{round}")));
        serving.signal("HUP");
    }
    while token(&serving, "round-39").await.status != 200 {
        sleep(Duration::from_millis(10)).await;
    }
    token(&serving, "one").await.expect(200);
    token(&serving, "round-38").await.expect_error(401, "invalid_client");
    let times = serving.log().matches("configuration reloaded").count();
    assert!((1..=40).contains(&times), "{times}");
    serving.signal("TERM");
    assert_eq!(serving.ended().await.code(), Some(0));
}

/// The commands that look for it are told, too.
#[tokio::test]
async fn dev_reloads_and_vestibule_token_knows_the_new_client() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    home.run(&["token", "--client", "late"]).await.refuses(5, &["late"]);
    // The folder was not there when it started.
    home.write("config/secret", SECRET);
    home.write("config/late.toml", &format!("{API}{}", client("late")));
    dev.signal("HUP");
    while !std::fs::read_to_string(home.data().join("dev.json")).unwrap().contains("\"late\"") {
        sleep(Duration::from_millis(10)).await;
    }
    let request = dev.http().request(Method::POST, &format!("{}/token", dev.issuer())).basic("late", SECRET);
    request.field("grant_type", "client_credentials").send().await.expect(200);
    home.write("config/late.toml", "[[clients]\n");
    dev.signal("HUP");
    let request = dev.http().request(Method::POST, &format!("{}/token", dev.issuer())).basic("late", SECRET);
    request.field("grant_type", "client_credentials").send().await.expect(200);
    let stopped = dev.stop("TERM").await.expect(0);
    assert!(stopped.stderr.contains("\"clients_added\":\"late\""), "{}", stopped.stderr);
}
