//! Every algorithm, and a key that was replaced in a hurry, in the eyes of PyJWT and npm jose.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::Value;

use super::{verify_by_jose, verify_by_pyjwt};
use crate::cli::program::{Dev, Home, PATIENCE};

const SECRET: &str = "a-secret-of-the-tests-0123456789-ABCDEFGHIJ";

fn configuration() -> String {
    let mut toml = format!(
        "[[clients]]\nclient_id = \"reader\"\nclient_secret = \"{SECRET}\"\ngrant_types = [\"client_credentials\"]\n\
         scope = \"read:eddsa read:ps256 read:rs256 read:es256\"\n"
    );
    for algorithm in ["EdDSA", "PS256", "RS256", "ES256"] {
        let name = algorithm.to_lowercase();
        let scope = format!("[{{ name = \"read:{name}\", description = \"read\" }}]");
        write!(
            toml,
            "[[apis]]\naudience = \"https://{name}.example.test\"\nsigning_alg = \"{algorithm}\"\nscopes = {scope}\n"
        )
        .unwrap();
    }
    toml
}

async fn token(dev: &Dev, scope: &str) -> String {
    let request = dev.http().request(Method::POST, &format!("{}/token", dev.issuer())).basic("reader", SECRET);
    let request = request.field("grant_type", "client_credentials").field("scope", scope);
    request.send().await.expect(200).member("access_token")
}

/// What both read of it.
async fn verified(dev: &Dev, audience: &str, token: &str) -> Value {
    let pyjwt = verify_by_pyjwt(dev.issuer(), audience, token).await.unwrap();
    let jose = verify_by_jose(dev.issuer(), audience, token).await.unwrap();
    assert_eq!(pyjwt, jose);
    pyjwt
}

#[tokio::test]
async fn pyjwt_and_jose_verify_eddsa_ps256_rs256_and_es256() {
    let home = Home::new();
    home.write("config/algorithms.toml", &configuration());
    let dev = home.dev(&[]).await;
    for algorithm in ["EdDSA", "PS256", "RS256", "ES256"] {
        let name = algorithm.to_lowercase();
        let token = token(&dev, &format!("read:{name}")).await;
        let read = verified(&dev, &format!("https://{name}.example.test"), &token).await;
        assert_eq!((&read["header"]["alg"], &read["claims"]["client_id"]), (&algorithm.into(), &"reader".into()));
    }
}

#[tokio::test]
async fn pyjwt_and_jose_take_the_new_key_and_refuse_the_revoked_one() {
    let home = Home::new();
    home.write("config/algorithms.toml", &configuration());
    let dev = home.dev(&[]).await;
    let audience = "https://es256.example.test";
    let stolen = token(&dev, "read:es256").await;
    let kid = verified(&dev, audience, &stolen).await["header"]["kid"].as_str().unwrap().to_owned();
    home.run(&["keys", "revoke", &kid, "--yes"]).await.expect(0);
    let fresh = tokio::time::timeout(PATIENCE, async {
        loop {
            let token = token(&dev, "read:es256").await;
            if crate::support::jwt::header(&token)["kid"] != kid.as_str() {
                break token;
            }
        }
    });
    let fresh = fresh.await.expect("another key");
    verified(&dev, audience, &fresh).await;
    verify_by_pyjwt(dev.issuer(), audience, &stolen).await.expect_err("PyJWT takes a token of a revoked key");
    verify_by_jose(dev.issuer(), audience, &stolen).await.expect_err("jose takes a token of a revoked key");
}
