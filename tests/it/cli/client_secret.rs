//! `vestibule client secret`.

use sha2::{Digest as _, Sha256};

use super::program::Home;

#[tokio::test]
async fn the_hash_is_that_of_the_secret_and_the_pair_works() {
    let home = Home::new();
    let made = home.run(&["client", "secret"]).await.expect(0);
    let (secret, line) = made.stdout.trim_end().split_once('\n').expect("two lines");
    let hash = Sha256::digest(secret.as_bytes()).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(line, format!("client_secret_hash = \"sha256:{hash}\""));
    assert!(secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)));

    home.write(
        "config/job.toml",
        &format!("[[clients]]\nclient_id = \"job\"\n{line}\ngrant_types = [\"client_credentials\"]\nscope = \"read:users\"\ndefault_scope = \"read:users\"\n"),
    );
    let _dev = home.dev(&[]).await;
    home.run_with(&["token", "--client", "job"], secret).await.expect(0);
    home.run_with(&["token", "--client", "job"], "wrong").await.refuses(1, &["invalid_client"]);
}

#[tokio::test]
async fn no_two_secrets_are_alike() {
    let home = Home::new();
    let (one, other) =
        (home.run(&["client", "secret", "--json"]).await, home.run(&["client", "secret", "--json"]).await);
    assert_ne!(one.line(), other.line());
}
