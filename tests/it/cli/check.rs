//! `vestibule check`.

use serde_json::Value;

use super::program::{Home, random_key};
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

/// Five different mistakes; the line and column of each, and what its help names.
const MISTAKES: &str = r#"[server]
issuer = "http://id.example.com"
lisen = "127.0.0.1:9400"

[keys]
encryption_key = { env = "KEY" }

[lifetimes]
code = "2h"

[[clients]]
client_id = "shop"
token_endpoint_auth_method = "none"
redirect_uris = ["https://shop.example/*"]

[[roles]]
name = "reader"
scopes = ["read:nothing"]
"#;

#[tokio::test]
async fn five_mistakes_are_five_diagnostics_each_with_place_and_fix() {
    let home = Home::new();
    home.write("config/vestibule.toml", MISTAKES);
    let mut command = home.command(&["check", "--json"]);
    command.env("KEY", random_key());
    let ended = super::program::run(command, "").await.expect(3);
    let found: Vec<Value> = serde_json::from_str(&ended.stdout).expect("an array");
    assert_eq!(found.len(), 5, "{}", ended.stdout);
    let places: Vec<(u64, u64)> = found
        .iter()
        .map(|fault| (fault["line"].as_u64().expect("a line"), fault["column"].as_u64().expect("a column")))
        .collect();
    assert_eq!(places, [(2, 10), (3, 1), (9, 8), (14, 18), (18, 12)], "{}", ended.stdout);
    for (fault, fix) in found.iter().zip(["https", "listen", "10m", "", "read:nothing"]) {
        assert!(fault["file"].as_str().unwrap().ends_with("config/vestibule.toml"), "{fault}");
        let (message, help) = (fault["message"].as_str().unwrap(), fault["help"].as_str().unwrap());
        assert!(!help.is_empty() && format!("{message} {help}").contains(fix), "{fault}");
    }

    let mut command = home.command(&["check"]);
    command.env("KEY", random_key());
    let ended = super::program::run(command, "").await.expect(3);
    assert_eq!(ended.stdout.matches("help: ").count(), 5, "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'), "no colours on a pipe");
    assert!(ended.stderr.contains("5 mistakes"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_valid_configuration_is_said_to_be_valid() {
    let home = Home::new();
    let text = "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n";
    home.write("config/vestibule.toml", text);
    for (arguments, expected) in [(vec!["check"], "no mistakes"), (vec!["check", "--json"], "[]")] {
        let mut command = home.command(&arguments);
        let key = random_key();
        command.env("KEY", &key);
        let ended = super::program::run(command, "").await.expect(0);
        assert!(ended.stdout.contains(expected), "{ended:?}");
        assert!(!ended.stdout.contains(&key) && !ended.stderr.contains(&key));
    }
}

#[tokio::test]
async fn a_missing_folder_is_said() {
    let home = Home::new();
    home.run(&["check", "--config", "nowhere"]).await.refuses(3, &["nowhere", "does not exist"]);
    home.run(&["check"]).await.refuses(3, &["--config DIR", "vestibule dev"]);
}

/// A provider, what is wrong with it, and what its help names.
const PROVIDERS: &str = r#"[[providers]]
id = "google"
client_id = "1234567890-abcdef.apps.googleusercontent.com"
client_secret = { env = "KEY" }
tenant = "common"

[[providers]]
id = "staff"
preset = "oidc"
issuer = "https://login.example.org/.well-known/openid-configuration"
client_id = "vestibule"
client_secret = "hunter2hunter2hunter2"

[[providers]]
id = "apple"
client_id = "com.example.signin"
team_id = "ABCDE12345"
key_id = "FGHIJ67890"
key_file = "AuthKey.p8"
"#;

#[tokio::test]
async fn a_wrong_provider_is_shown_with_its_line_and_what_to_write_and_without_its_secret() {
    let home = Home::new();
    home.write(
        "config/vestibule.toml",
        "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n",
    );
    home.write("config/providers.toml", PROVIDERS);
    home.write("config/AuthKey.p8", "-----BEGIN CERTIFICATE-----\nAAECAw==\n-----END CERTIFICATE-----\n");
    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("KEY", random_key());
        super::program::run(command, "")
    };
    let ended = run(&["check", "--json"]).await.expect(3);
    let found: Vec<Value> = serde_json::from_str(&ended.stdout).expect("an array");
    let expected = [
        (5, 1, "is not a key of preset = \"google\"", "preset = microsoft"),
        (10, 10, "is the address of a document", "\"https://login.example.org\""),
        (12, 17, "shows the secret", "client_secret_file"),
        (19, 12, "holds no private key", "AuthKey_"),
    ];
    assert_eq!(found.len(), expected.len(), "{}", ended.stdout);
    for (fault, (line, column, message, help)) in found.iter().zip(expected) {
        assert!(fault["file"].as_str().unwrap().ends_with("config/providers.toml"), "{fault}");
        assert_eq!((fault["line"].as_u64(), fault["column"].as_u64()), (Some(line), Some(column)), "{fault}");
        assert!(fault["message"].as_str().unwrap().contains(message), "{fault}");
        assert!(fault["help"].as_str().unwrap().contains(help), "{fault}");
    }
    let shown = run(&["check"]).await.expect(3).stdout;
    assert!(shown.contains("config/providers.toml:5:1]") && shown.contains("help: "), "{shown}");
    for text in [&ended.stdout, &shown] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn providers_are_counted_and_shown_without_their_secrets() {
    let home = Home::new();
    home.write(
        "config/vestibule.toml",
        "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n\
         [[providers]]\nid = \"google\"\nclient_id = \"v\"\nclient_secret = { env = \"GOOGLE\" }\n",
    );
    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("KEY", random_key()).env("GOOGLE", "GOCSPX-hunter2");
        super::program::run(command, "")
    };
    let said = run(&["check"]).await.expect(0).stdout;
    assert!(said.contains("1 provider)"), "{said}");
    let shown = run(&["config", "show"]).await.expect(0).stdout;
    assert!(
        shown.contains("[[providers]]") && shown.contains("client_secret") && !shown.contains("hunter2"),
        "{shown}"
    );
    assert!(shown.contains("create") && shown.contains("\"always\""), "defaults too: {shown}");
}

/// The servers a configuration names are asked only with `--online`, and no password of theirs is shown.
#[tokio::test]
async fn online_says_whether_the_servers_can_be_used() {
    let home = Home::new();
    let postgres = Postgres::start("off");
    let database = postgres.database();
    let toml = format!(
        "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = {{ env = \"KEY\" }}\n\
         [database]\nurl = {{ env = \"DATABASE_URL\" }}\n[redis]\nurl = \"{}\"\n",
        Redis::shared().url()
    );
    home.write("config/vestibule.toml", &toml);
    let command = |arguments: &[&str], url: &str| {
        let mut command = home.command(arguments);
        command.env("KEY", random_key()).env("DATABASE_URL", url);
        super::program::run(command, "")
    };
    let url = database.url().replace("vestibule@", "vestibule:hunter2@");
    command(&["check"], "postgres://vestibule:hunter2@127.0.0.1:1/none").await.expect(0);
    let ended = command(&["check", "--online"], &url).await.expect(0);
    assert!(ended.stderr.contains("synchronous_commit = off"), "{}", ended.stderr);
    assert_eq!(database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0", "it changes nothing");
    let nobody = "postgres://vestibule:hunter2@127.0.0.1:1/none";
    let ended = command(&["check", "--online"], nobody).await.expect(4);
    assert!(ended.stderr.contains("127.0.0.1:1") && !ended.stderr.contains("hunter2"), "{}", ended.stderr);
    let ended = command(&["check", "--online", "--json"], nobody).await.expect(4);
    let found: Vec<Value> = serde_json::from_str(&ended.stdout).expect("an array");
    let [fault] = &found[..] else { panic!("{}", ended.stdout) };
    assert!(fault["file"].is_null() && fault["help"].as_str().unwrap().contains("[database]"), "{fault}");
    let message = fault["message"].as_str().unwrap();
    assert!(message.contains("127.0.0.1:1") && !message.contains("hunter2"), "{fault}");

    for _ in 0..2 {
        command(&["migrate"], &url).await.expect(0);
    }
    assert_eq!(database.run("SELECT count(*) FROM users"), "0");
    command(&["user", "add", "ada", "--config", "config"], &url).await.expect(0);
    assert_eq!(database.run("SELECT username FROM users"), "ada");
    command(&["migrate"], nobody).await.refuses(1, &["127.0.0.1:1"]);
}
