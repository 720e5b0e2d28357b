//! `vestibule token` and `token inspect` without a browser.

use serde_json::Value;

use super::program::Home;

#[tokio::test]
async fn a_demo_service_gets_a_token_with_the_secret_of_the_data_folder() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let token = home.run(&["token", "--client", "service"]).await.expect(0);
    assert_eq!(token.line().split('.').count(), 3);
    assert_eq!(token.stderr, "");

    let shown = home.run_with(&["token", "inspect", "--json", "-"], &token.stdout).await.expect(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["signature"]["verified"], true, "{shown}");
    assert_eq!(shown["header"]["typ"], "at+jwt");
    assert_eq!(shown["claims"]["iss"], dev.issuer());
    assert_eq!(shown["claims"]["aud"], "https://api.example.test");
    assert_eq!(shown["claims"]["scope"], "read:users write:posts");

    let narrow = home.run(&["token", "--client", "service", "--scope", "read:users"]).await.expect(0);
    let text = home.run_with(&["token", "inspect"], narrow.line()).await.expect(0).stdout;
    assert!(text.contains("scope      read:users\n"), "{text}");
    // Ten minutes to the second in the token; in words they are nine once a second has passed.
    let claims = home.run_with(&["token", "inspect", "--json"], narrow.line()).await.expect(0);
    let claims: Value = serde_json::from_str(&claims.stdout).unwrap();
    let claim = |name: &str| claims["claims"][name].as_i64().expect("seconds");
    assert_eq!(claim("exp") - claim("iat"), 600, "{claims}");
    assert!(["(in 10 minutes)", "(in 9 minutes)"].iter().any(|words| text.contains(words)), "{text}");
    home.run(&["token", "--client", "service", "--scope", "nope"]).await.refuses(1, &["invalid_scope", "nope"]);
    home.run(&["token", "--client", "service", "--resource", "https://other.test"])
        .await
        .refuses(1, &["invalid_target"]);
}

#[tokio::test]
async fn a_password_is_read_from_stdin() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let token = home
        .run_with(&["token", "--client", "first-party"], &format!("ada\n{}\n", dev.password("ada")))
        .await
        .expect(0);
    let shown = home.run_with(&["token", "inspect", "--json"], token.line()).await.expect(0);
    assert!(shown.stdout.contains("\"pwd\""), "{}", shown.stdout);
    home.run_with(&["token", "--client", "first-party", "--username", "ada"], "wrong")
        .await
        .refuses(1, &["invalid_grant"]);
    home.run(&["token", "--client", "first-party", "--username", "ada"]).await.refuses(2, &["password", "stdin"]);
    home.run(&["token", "--client", "service", "--grant", "password", "--username", "x"]).await.expect(2);
    home.run_with(&["token", "--client", "service", "--grant", "password", "--username", "ada"], &dev.password("ada"))
        .await
        .refuses(1, &["unauthorized_client"]);
}

#[tokio::test]
async fn another_server_is_named_by_its_issuer_and_the_secret_by_a_file() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let elsewhere = Home::new();
    let secret = dev.client("service")["client_secret"].as_str().unwrap();
    elsewhere.write("secret", &format!("{secret}\n"));
    let common = ["token", "--issuer", dev.issuer(), "--client", "service", "--grant", "client_credentials"];
    let with_file: Vec<&str> = common.iter().chain(&["--client-secret-file", "secret"]).copied().collect();
    elsewhere.run(&with_file).await.expect(0);
    elsewhere.run_with(&common, secret).await.expect(0);
    elsewhere.run_with(&common, "wrong").await.refuses(1, &["invalid_client"]);
    let slash = format!("{}/", dev.issuer());
    elsewhere.run(&["token", "--issuer", &slash]).await.refuses(2, &["slash"]);
    elsewhere.run(&["token", "--issuer", "http://id.example.com"]).await.refuses(2, &["https"]);
    elsewhere.run(&["token", "--client", "service"]).await.refuses(5, &["vestibule dev", "--issuer"]);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    home.run(&["token", "--client", "shop"]).await.refuses(5, &["shop", "first-party"]);
    home.run(&["token", "--client", "api"]).await.refuses(2, &["api", "--client"]);
    let issuer = dev.issuer().to_owned();
    dev.stop("TERM").await.expect(0);
    home.run(&["token", "--issuer", &issuer, "--client", "cli"]).await.refuses(4, &[&issuer]);
}

#[tokio::test]
async fn a_forged_token_is_not_valid_and_an_unknown_issuer_leaves_it_unchecked() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let token = home.run(&["token", "--client", "service"]).await.expect(0).line().to_owned();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{flipped}{}", &signature[1..]);
    let shown = home.run_with(&["token", "inspect"], &forged).await.expect(1);
    assert!(shown.stdout.contains("NOT VALID"), "{}", shown.stdout);
    home.run_with(&["token", "inspect", "--offline"], &forged).await.expect(0);
    dev.stop("TERM").await.expect(0);
    let shown = home.run(&["token", "inspect", &token]).await.expect(0);
    assert!(shown.stdout.contains("not checked"), "{}", shown.stdout);
    home.run_with(&["token", "inspect"], "garbage").await.refuses(1, &["no JWT"]);
}
