//! `vestibule dev` starts, says what it is, starts again the same, and ends.

use std::time::{Duration, Instant};

use super::program::Home;

#[tokio::test]
async fn a_second_start_has_the_same_people_clients_and_keys() {
    let home = Home::new();
    let first = home.dev(&[]).await;
    let keys = first.http().request(reqwest::Method::GET, &format!("{}/jwks", first.issuer())).send().await.json();
    let (facts, issuer) = (first.facts.clone(), first.issuer().to_owned());
    first.stop("TERM").await.expect(0);

    let second = home.dev(&[]).await;
    assert_eq!(second.facts["users"], facts["users"]);
    let same_clients =
        serde_json::from_str::<serde_json::Value>(&facts["clients"].to_string().replace(&issuer, second.issuer()));
    assert_eq!(second.facts["clients"], same_clients.unwrap());
    let again = second.http().request(reqwest::Method::GET, &format!("{}/jwks", second.issuer())).send().await.json();
    assert_eq!(again, keys);
    let token = home
        .run_with(&["token", "--client", "first-party", "--username", "ada"], &second.password("ada"))
        .await
        .expect(0);
    assert_eq!(token.line().split('.').count(), 3);
}

#[tokio::test]
async fn the_first_line_has_every_fact_and_comes_when_connections_are_accepted() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    dev.http().request(reqwest::Method::GET, &format!("{}/readyz", dev.issuer())).send().await.expect(200);
    let mut names: Vec<&str> = dev.facts.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["apis", "clients", "issuer", "users"]);
    assert_eq!(dev.issuer(), format!("http://localhost:{}", dev.port()));
    assert!(dev.password("ada").chars().count() >= 15 && dev.password("bob") != dev.password("ada"));
    assert_eq!(dev.client("service")["client_secret"].as_str().unwrap().len(), 43);
    assert_eq!(dev.client("service")["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(dev.client("cli")["token_endpoint_auth_method"], "none");
    assert!(dev.client("cli").get("client_secret").is_none());
    assert_eq!(dev.client("cli")["grant_types"], serde_json::json!(["authorization_code"]));
    assert!(dev.client("web")["redirect_uris"].as_array().unwrap().len() >= 2);
    assert_eq!(dev.client("service")["scope"], "read:users write:posts");
    let api = &dev.facts["apis"][0];
    assert_eq!(api["audience"], "https://api.example.test");
    assert_eq!(api["scopes"], serde_json::json!(["read:users", "write:posts"]));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "how long the end takes is what is tested, with much slack")]
async fn ctrl_c_and_sigterm_end_it_at_once() {
    let home = Home::new();
    for (signal, code) in [("INT", 130), ("TERM", 0)] {
        let dev = home.dev(&[]).await;
        let begun = Instant::now();
        let stopped = dev.stop(signal).await.expect(code);
        // A second is promised; the slack is for machines that are busy with other tests.
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(stopped.stdout, "", "nothing but the facts");
    }
}

#[tokio::test]
async fn the_text_for_people_names_everything_that_is_needed() {
    let home = Home::new();
    let mut command = home.command(&["dev", "--port", "0"]);
    let mut child = command.spawn().expect("the binary");
    let mut text = String::new();
    let mut stdout = tokio::io::BufReader::new(child.stdout.take().expect("stdout"));
    while !text.contains("Ctrl-C") {
        use tokio::io::AsyncBufReadExt as _;
        let read = tokio::time::timeout(super::program::PATIENCE, stdout.read_line(&mut text)).await;
        assert_ne!(read.expect("in time").expect("a line"), 0, "{text}");
    }
    for part in ["http://localhost:", "ada", "bob", "service", "first-party", "vestibule token", "curl -u service:"] {
        assert!(text.contains(part), "'{part}' is missing:\n{text}");
    }
    // The curl line works as it is printed.
    let line = text.lines().find(|line| line.contains("curl -u")).expect("a curl line");
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["curl", "-u", credentials, "-d", form, url] = words[..] else { panic!("{line}") };
    let (id, secret) = credentials.split_once(':').expect("both");
    let (name, value) = form.split_once('=').expect("a parameter");
    let origin = url.trim_end_matches("/token").to_owned();
    let http = crate::support::http::Http::new(origin.replace("localhost", "127.0.0.1"), origin);
    let answer = http.request(reqwest::Method::POST, url).basic(id, secret).field(name, value).send().await;
    assert_eq!(answer.expect(200).member("token_type"), "Bearer");
}

#[tokio::test]
async fn a_taken_port_says_which_flag_to_use() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    home.run(&["dev", "--port", &port]).await.refuses(4, &[&port, "--port"]);
}

#[tokio::test]
async fn a_missing_configuration_folder_is_a_fault_only_when_it_was_named() {
    let home = Home::new();
    home.run(&["dev", "--port", "0", "--config", "nowhere"]).await.refuses(3, &["nowhere", "does not exist"]);
    home.dev(&[]).await.stop("TERM").await.expect(0);
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_shown_and_the_server_does_not_start() {
    let home = Home::new();
    home.write("config/clients.toml", "[[clients]]\nclient_id = \"shop\"\nredirect_urls = []\n");
    home.run(&["dev", "--port", "0"]).await.refuses(3, &["config/clients.toml", "redirect_urls", "redirect_uris"]);
}

#[tokio::test]
async fn a_client_added_to_the_configuration_is_there_after_a_restart() {
    let home = Home::new();
    home.dev(&[]).await.stop("TERM").await.expect(0);
    home.write(
        "config/shop.toml",
        "[[clients]]\nclient_id = \"shop\"\ntoken_endpoint_auth_method = \"none\"\n\
         redirect_uris = [\"http://localhost:4000/callback\"]\n",
    );
    let dev = home.dev(&[]).await;
    assert_eq!(dev.client("shop")["redirect_uris"][0], "http://localhost:4000/callback");
    assert_eq!(dev.client("cli")["client_id"], "cli");
}

#[tokio::test]
async fn a_client_that_takes_the_id_of_a_demo_client_is_not_shown_with_the_demo_secret() {
    let home = Home::new();
    let made = home.run(&["client", "secret"]).await.expect(0);
    let hash = made.stdout.lines().nth(1).expect("the line with the hash");
    home.write(
        "config/service.toml",
        &format!(
            "[[clients]]\nclient_id = \"service\"\n{hash}\n\
             grant_types = [\"client_credentials\"]\nscope = \"read:users\"\n"
        ),
    );
    let dev = home.dev(&[]).await;
    assert!(dev.client("service").get("client_secret").is_none(), "{}", dev.client("service"));
    assert_eq!(dev.client("service")["scope"], "read:users");
    assert!(dev.client("web").get("client_secret").is_some());
}
