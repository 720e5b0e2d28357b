//! `vestibule serve`: what it refuses, and that it serves.

use super::program::{Ended, Home, random_key, run};
use super::serving::free_port;
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

fn configuration(issuer: &str, listen: &str, folder: &str) -> String {
    format!(
        "[server]\nissuer = \"{issuer}\"\nlisten = \"{listen}\"\ndrain = \"0s\"\n[database]\nurl = \"sqlite:{folder}\"\n\
         [keys]\nencryption_key = {{ env = \"KEY\" }}\n"
    )
}

async fn serve(home: &Home, key: Option<&str>) -> Ended {
    let mut command = home.command(&["serve"]);
    command.envs(key.map(|key| ("KEY", key)));
    run(command, "").await
}

#[tokio::test]
async fn without_a_key_encryption_key_it_prints_the_line_that_makes_one() {
    let home = Home::new();
    home.write("config/vestibule.toml", "[server]\nissuer = \"https://id.example.com\"\n");
    let ended = serve(&home, None).await.refuses(3, &["key-encryption key"]);
    let line = ended.stderr.lines().find(|line| line.starts_with("(umask 077;")).expect("the line");
    let made = std::process::Command::new("sh").arg("-c").arg(line).current_dir(home.path()).status().unwrap();
    assert!(made.success(), "{line}");
    let key = std::fs::read_to_string(home.path().join("config/encryption.key")).expect("the key file");
    assert_eq!(key.trim_end().len(), 44);
}

#[tokio::test]
async fn the_data_folder_of_a_development_server_is_refused() {
    let home = Home::new();
    home.dev(&["--data", "data"]).await.stop("TERM").await.expect(0);
    let folder = home.path().join("data");
    let text = configuration("http://localhost:9400", &format!("127.0.0.1:{}", free_port()), folder.to_str().unwrap());
    home.write("config/vestibule.toml", &text);
    serve(&home, Some(&random_key())).await.refuses(3, &["development server", "[database]"]);
}

#[tokio::test]
async fn plain_http_is_only_for_this_machine() {
    let home = Home::new();
    home.write("config/vestibule.toml", &configuration("http://id.example.com", "127.0.0.1:0", "data"));
    serve(&home, Some(&random_key())).await.refuses(3, &["https"]);
}

#[tokio::test]
async fn a_taken_address_says_what_to_change() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    home.write("config/vestibule.toml", &configuration("http://localhost:9400", &listen, "data"));
    serve(&home, Some(&random_key())).await.refuses(4, &[&listen, "listen"]);
}

#[tokio::test]
async fn it_serves_is_healthy_and_ends_gracefully() {
    let home = Home::new();
    let key = random_key();
    let port = free_port();
    home.write(
        "config/vestibule.toml",
        &configuration(&format!("http://localhost:{port}"), &format!("127.0.0.1:{port}"), "data"),
    );
    let healthcheck = || {
        let mut command = home.command(&["healthcheck", "--config", "config"]);
        command.env("KEY", &key);
        run(command, "")
    };
    healthcheck().await.refuses(4, &["/readyz"]);
    let mut command = home.command(&["serve"]);
    command.env("KEY", &key);
    let mut child = command.spawn().expect("the binary");
    while healthcheck().await.code != Some(0) {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
    }
    home.run(&["healthcheck", "--url", &format!("http://127.0.0.1:{port}/nowhere")]).await.refuses(1, &["404"]);

    // An admin adds a person meanwhile, to the same database.
    let mut command = home.command(&["user", "add", "ada", "--config", "config"]);
    command.env("KEY", &key);
    run(command, "").await.expect(0);

    let pid = child.id().expect("running");
    assert!(std::process::Command::new("sh").arg("-c").arg(format!("kill -TERM {pid}")).status().unwrap().success());
    let output = tokio::time::timeout(super::program::PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let ended = Ended::from(output).expect(0);
    assert_eq!(ended.stdout, "");
    for line in ended.stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON on a pipe");
        assert!(line["level"].is_string() && line["message"].is_string() && line["timestamp"].is_string(), "{line}");
    }
}

/// X35: it starts before its database: alive and not ready, then ready by itself.
#[tokio::test]
async fn it_waits_for_a_postgres_that_is_not_there_yet() {
    let (mut postgres, redis) = (Postgres::start("on"), Redis::start());
    let database = postgres.database();
    postgres.crash();
    let home = Home::new();
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    home.write(
        "config/vestibule.toml",
        &format!(
            "[server]\nissuer = \"{issuer}\"\nlisten = \"127.0.0.1:{port}\"\n[database]\nurl = \"{}\"\n\
             [redis]\nurl = \"{}\"\n[keys]\nencryption_key = {{ env = \"KEY\" }}\n",
            database.url(),
            redis.url()
        ),
    );
    let mut command = home.command(&["serve"]);
    command.env("KEY", random_key()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut server = command.spawn().expect("the binary");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let status =
        async |path: &str| http.get(format!("{issuer}{path}")).send().await.map(|answer| answer.status().as_u16());
    until(async || status("/livez").await.ok() == Some(200)).await;
    assert_eq!(status("/readyz").await.ok(), Some(503));
    let answer = http.post(format!("{issuer}/token")).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    assert!(server.try_wait().expect("a child").is_none(), "it ended");
    postgres.begin();
    until(async || status("/readyz").await.ok() == Some(200)).await;
    assert_eq!(status("/jwks").await.ok(), Some(200));
}

/// Asks until it is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(super::program::PATIENCE, asking).await.expect("in the end");
}
