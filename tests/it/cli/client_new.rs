//! `vestibule client new` and `list`.

use serde_json::Value;

use super::program::Home;

/// A server of no kind runs; the configuration is named.
async fn home() -> Home {
    let home = Home::new();
    home.run(&["init"]).await.expect(0);
    home
}

/// The line of stderr that is the secret.
fn secret(stderr: &str) -> &str {
    stderr.lines().find(|line| line.len() == 43 && !line.contains(' ')).unwrap_or_else(|| panic!("no secret: {stderr}"))
}

#[tokio::test]
async fn each_type_is_a_table_that_loads_when_it_is_pasted() {
    let home = home().await;
    let uri = ["--redirect-uri", "https://app.example.com/callback"];
    for (kind, more) in [
        ("web", &uri[..]),
        ("spa", &uri[..]),
        ("native", &[]),
        ("service", &["--scope", "read:users"]),
        ("first-party", &[]),
        ("api", &[]),
    ] {
        let id = format!("my-{kind}");
        let arguments = [&["client", "new", &id, "--type", kind, "--config", "config"], more].concat();
        let made = home.run(&arguments).await.expect(0);
        assert!(made.stdout.starts_with("[[clients]]\nclient_id = "), "{made:?}");
        let has_secret = ["web", "service", "api"].contains(&kind);
        assert_eq!(made.stdout.contains("client_secret_hash = \"sha256:"), has_secret, "{made:?}");
        assert_eq!(made.stderr.contains("shown this once"), has_secret, "{made:?}");
        if has_secret {
            assert!(!made.stdout.contains(secret(&made.stderr)), "stdout is for the configuration");
        }
        home.write(&format!("config/{id}.toml"), &made.stdout);
        home.run(&["check"]).await.expect(0);
    }
    let list = home.run(&["client", "list", "--config", "config"]).await.expect(0).stdout;
    assert!(list.starts_with("CLIENT_ID ") && list.contains("config/my-spa.toml:1"), "{list}");
    assert_eq!(list.lines().count(), 8, "{list}");
}

#[tokio::test]
async fn a_written_client_works_with_its_secret() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let file = "config/jobs.toml";
    let first = ["client", "new", "job", "--type", "service", "--scope", "read:users", "--write", file];
    let made = home.run(&first).await;
    // The folder is made by whoever keeps the configuration.
    made.refuses(1, &["cannot be written"]);
    home.write(file, "# jobs");
    let made = home.run(&first).await.expect(0);
    assert!(made.stdout.is_empty() && made.stderr.contains("written to config/jobs.toml"), "{made:?}");
    let other = ["client", "new", "other", "--type", "service", "--scope", "read:users", "--write", file, "--json"];
    let object: Value = serde_json::from_str(&home.run(&other).await.expect(0).stdout).expect("an object");
    assert_eq!((object["client_id"].as_str(), object["written_to"].as_str()), (Some("other"), Some(file)));
    assert_eq!(object["grant_types"][0], "client_credentials");
    let text = std::fs::read_to_string(home.path().join(file)).unwrap();
    assert!(
        text.starts_with("# jobs\n\n[[clients]]\nclient_id = \"job\"")
            && text.ends_with(object["toml"].as_str().unwrap())
    );
    dev.stop("TERM").await.expect(0);

    let _dev = home.dev(&[]).await;
    home.run_with(&["token", "--client", "job"], secret(&made.stderr)).await.expect(0);
    home.run_with(&["token", "--client", "other"], object["client_secret"].as_str().unwrap()).await.expect(0);
    home.run_with(&["token", "--client", "job"], "wrong").await.refuses(1, &["invalid_client"]);
    home.run(&first).await.refuses(1, &["a client job already", "config/jobs.toml:3"]);
}

#[tokio::test]
async fn what_the_configuration_would_refuse_is_not_printed() {
    let home = home().await;
    let new = |more: &[&str]| {
        let arguments: Vec<String> =
            ["client", "new", "x", "--config", "config"].iter().chain(more).map(|word| (*word).to_owned()).collect();
        let home = &home;
        async move { home.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    new(&[]).await.refuses(2, &["--redirect-uri https://app.example.com/callback"]);
    new(&["--redirect-uri", "http://app.example.com/cb"]).await.refuses(3, &["refused", "https://app.example.com/cb"]);
    new(&["--redirect-uri", "https://a.example/*"]).await.refuses(3, &["every URI"]);
    new(&["--type", "service"]).await.refuses(2, &["read:users read:posts write:posts"]);
    new(&["--type", "service", "--scope", "read:uses"]).await.refuses(3, &["did you mean read:users"]);
    new(&["--type", "native", "--default-scope", "write:posts"]).await.refuses(3, &["not in `scope`"]);
    new(&["--type", "native", "--write", "config/x.json"]).await.refuses(2, &[".toml"]);
    let uuid = ["client", "new", "018f4d2e-0000-7000-8000-000000000000", "--type", "native", "--config", "config"];
    home.run(&uuid).await.refuses(3, &["UUID"]);
    assert_eq!(std::fs::read_dir(home.path().join("config/clients")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_client_may_take_the_id_of_a_demo_entry() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let made = home.run(&["client", "new", "cli", "--type", "native"]).await.expect(0);
    assert!(made.stdout.contains("client_id = \"cli\""));
    let list = home.run(&["client", "list", "--json"]).await.expect(0).stdout;
    let list: Vec<Value> = serde_json::from_str(&list).expect("an array");
    let cli = list.iter().find(|client| client["client_id"] == "cli").expect("cli");
    assert_eq!((&cli["token_endpoint_auth_method"], &cli["application_type"]), (&"none".into(), &"native".into()));
    assert!(cli["defined_at"].is_null());
}
