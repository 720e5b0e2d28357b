//! `vestibule config show`.

use serde_json::Value;

use super::program::{Ended, Home, random_key, run};

const FILE: &str = "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n\
                    [log]\nlevel = \"warn\"\n[redis]\nurl_file = \"redis.url\"\n\
                    [[apis]]\naudience = \"https://api.example.com\"\n\
                    scopes = [{ name = \"read:a\", description = \"A\" }]\n";

/// Runs it with a key and an override, over a configuration with a secret file.
async fn show(home: &Home, arguments: &[&str]) -> (Ended, String) {
    home.write("config/vestibule.toml", FILE);
    home.write("config/redis.url", "redis://:hunter2@127.0.0.1:6379/0\n");
    let key = random_key();
    let mut command = home.command(&[["config", "show"].as_slice(), arguments].concat());
    command.env("KEY", &key).env("VESTIBULE__LOG__LEVEL", "debug");
    command.env("VESTIBULE__DATABASE__URL", "postgres://v:hunter3@127.0.0.1/v");
    (run(command, "").await, key)
}

#[tokio::test]
async fn each_value_is_shown_with_its_origin_and_secrets_are_not() {
    let home = Home::new();
    let (ended, key) = show(&home, &["--origin"]).await;
    let ended = ended.expect(0);
    let lines: Vec<String> =
        ended.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        "issuer = \"https://id.example.com\" # ./config/vestibule.toml:2",
        "listen = \"127.0.0.1:9400\" # default",
        "# admin_listen is not set",
        "level = \"debug\" # environment variable VESTIBULE__LOG__LEVEL, instead of ./config/vestibule.toml:6",
        "url = \"postgres://v:********@127.0.0.1/v\" # environment variable VESTIBULE__DATABASE__URL",
        "url_file = \"redis.url\" # ./config/vestibule.toml:8",
        "encryption_key = { env = \"KEY\" } # ./config/vestibule.toml:4",
        "[[apis]]",
        "signing_alg = \"ES256\" # default",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected}\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("hunter") && !ended.stdout.contains(&key) && ended.stderr.is_empty());
    let document: toml::Table = ended.stdout.parse().expect("TOML");
    assert_eq!(document["apis"][0]["scopes"][0]["name"].as_str(), Some("read:a"));
}

#[tokio::test]
async fn programs_get_an_array() {
    let home = Home::new();
    let (ended, key) = show(&home, &["--json"]).await;
    let ended = ended.expect(0);
    assert!(!ended.stdout.contains("hunter") && !ended.stdout.contains(&key));
    let shown: Vec<Value> = serde_json::from_str(&ended.stdout).expect("an array");
    let of = |table: &str, key: &str| {
        shown.iter().find(|one| one["table"] == table && one["key"] == key).unwrap_or_else(|| panic!("{table}.{key}"))
    };
    assert_eq!(of("server", "issuer")["origin"]["line"], 2);
    assert_eq!(of("lifetimes", "session_idle")["origin"], "default");
    assert_eq!(of("log", "level")["origin"]["environment"], "VESTIBULE__LOG__LEVEL");
    assert_eq!(of("apis", "audience")["index"], 0);
}

#[tokio::test]
async fn an_invalid_configuration_is_exit_3_with_every_mistake() {
    let home = Home::new();
    home.write("config/a.toml", "[server]\nisuer = 1\n");
    home.run(&["config", "show"]).await.refuses(3, &["isuer", "did you mean `issuer`"]);
}
