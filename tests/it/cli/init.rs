//! `vestibule init`: what it writes is complete, is valid, serves, and replaces nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::program::{Ended, Home, PATIENCE};

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Every file under a folder, with its text and mode.
fn files(folder: &Path) -> BTreeMap<String, (String, u32)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let mode = std::fs::metadata(&entry).unwrap().permissions().mode() & 0o777;
                let name = entry.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                all.insert(name, (std::fs::read_to_string(&entry).unwrap(), mode));
            }
        }
    }
    all
}

#[tokio::test]
async fn check_passes_on_it_serve_starts_on_it_and_the_printed_commands_work() {
    let home = Home::new();
    let port = free_port();
    let issuer = format!("http://localhost:{port}");
    let made = home.run(&["init", "--issuer", &issuer, "--json"]).await.expect(0);
    let made: Value = serde_json::from_str(&made.stdout).expect("an object");
    assert_eq!((made["config"].as_str(), made["issuer"].as_str()), (Some("config"), Some(issuer.as_str())));
    let written = files(&home.path().join("config"));
    let listed: Vec<&str> = made["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    for (name, (_, mode)) in &written {
        assert!(listed.contains(&format!("config/{name}").as_str()), "{name} is not told");
        assert_eq!(*mode, if name == "encryption.key" { 0o600 } else { 0o640 }, "{name}");
    }
    assert_eq!(written.len(), listed.len());

    home.run(&["check"]).await.expect(0);
    let mut server = home.command(&["serve"]).spawn().expect("the binary");
    while home.run(&["healthcheck", "--config", "config"]).await.code != Some(0) {
        assert!(server.try_wait().unwrap().is_none(), "it ended");
    }
    // Each printed command that ends by itself, as it is printed.
    let next: Vec<&str> = made["next"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let mut run = Vec::new();
    for line in next {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        if words[0] == "serve" || words[0] == "token" {
            continue;
        }
        home.run(&words).await.expect(0);
        run.push(words[0]);
    }
    assert_eq!(run, ["check", "user", "client"]);
    let facts: Value =
        serde_json::from_str(&home.run(&["client", "list", "--config", "config", "--json"]).await.expect(0).stdout)
            .unwrap();
    assert_eq!(facts[0]["client_id"], "cli");
    let pid = server.id().expect("running");
    assert!(std::process::Command::new("sh").arg("-c").arg(format!("kill -TERM {pid}")).status().unwrap().success());
    let output = tokio::time::timeout(PATIENCE, server.wait_with_output()).await.unwrap().unwrap();
    Ended::from(output).expect(0);
}

#[tokio::test]
async fn nothing_is_overwritten_and_what_is_there_is_said() {
    let home = Home::new();
    home.write("config/mine.toml", "# mine\n");
    home.run(&["init"]).await.refuses(1, &["config is not empty", "mine.toml", "vestibule init DIR"]);
    assert_eq!(files(&home.path().join("config")).len(), 1, "nothing beside it");

    home.run(&["init", "other"]).await.expect(0);
    let before = files(&home.path().join("other"));
    home.run(&["init", "other"]).await.refuses(1, &["vestibule.toml"]);
    assert_eq!(files(&home.path().join("other")), before);

    home.write("file", "");
    home.run(&["init", "file"]).await.refuses(1, &["file"]);
}

#[tokio::test]
async fn an_empty_folder_is_filled_and_hidden_files_stay() {
    let home = Home::new();
    home.write("etc/vestibule/.gitignore", "mine\n");
    let folder = home.path().join("etc/vestibule");
    home.run(&["init", "etc/vestibule", "--issuer", "https://id.example.com", "--data", "/var/lib/vestibule"])
        .await
        .expect(0);
    let written = files(&folder);
    assert_eq!(written[".gitignore"].0, "mine\n");
    assert!(written.contains_key("clients/cli.toml") && !written.keys().any(|name| name.contains(".init-")));
    let shown = home.run(&["config", "show", "--config", "etc/vestibule"]).await.expect(0).stdout;
    for line in
        ["issuer = \"https://id.example.com\"", "url = \"sqlite:///var/lib/vestibule\"", "trusted = [\"127.0.0.1\""]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_left_without_a_trace() {
    let home = Home::new();
    // A file where a folder must be: the same for root, who may write anywhere.
    home.write("taken", "");
    home.run(&["init", "taken/config"]).await.refuses(1, &["taken"]);
    assert_eq!(files(home.path()).len(), 1, "{:?}", files(home.path()));
}

#[tokio::test]
async fn no_two_keys_are_alike_and_none_is_shown() {
    let home = Home::new();
    let mut keys = Vec::new();
    for folder in ["one", "two"] {
        let made = home.run(&["init", folder]).await.expect(0);
        let key = std::fs::read_to_string(home.path().join(folder).join("encryption.key")).unwrap();
        assert!(!made.stdout.contains(key.trim()) && !made.stderr.contains(key.trim()));
        assert!(made.stderr.contains("Next:") && made.stderr.contains("Keep a copy of"), "{}", made.stderr);
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);
}
