//! A client of the fakes for their own tests.
//!
//! Owns: one authorization request and its redemption, right but for what a test changes. Does not own: anything of
//! Vestibule's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const VERIFIER: &str = "the-verifier-of-a-test-the-verifier-of-a-test-0";
const REDIRECT_URI: &str = "http://localhost/callback";

/// A registered client.
pub(super) struct Ours {
    id: &'static str,
    secret: &'static str,
}

impl Ours {
    pub(super) const fn at(id: &'static str, secret: &'static str) -> Self {
        Self { id, secret }
    }

    /// An authorization request.
    pub(super) fn url(&self, endpoint: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", self.id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile email"),
            ("state", "a-state-that-is-long-enough"),
            ("nonce", "a-nonce-that-is-long-enough"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        url::Url::parse_with_params(endpoint, parameters).expect("a URL").to_string()
    }

    /// Redeems a code, with these parameters changed; status and JSON.
    pub(super) async fn redeem_but(&self, endpoint: &str, code: &str, changed: &[(&str, &str)]) -> (u16, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", self.id),
            ("client_secret", self.secret),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in &mut form {
            if let Some((_, other)) = changed.iter().find(|(known, _)| known == name) {
                *value = other;
            }
        }
        let post = client().post(endpoint).header("accept", "application/json").form(&form);
        let answer = post.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Redeems a code, with the secret in the Basic scheme; status and JSON.
    pub(super) async fn redeem_basic(&self, endpoint: &str, code: &str) -> (u16, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let post = client().post(endpoint).basic_auth(self.id, Some(self.secret)).form(&form);
        let answer = post.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Refreshes; status and JSON.
    pub(super) async fn refresh(&self, endpoint: &str, token: &str) -> (u16, Value) {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", self.id),
            ("client_secret", self.secret),
        ];
        let post = client().post(endpoint).header("accept", "application/json").form(&form);
        let answer = post.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// A document.
    pub(super) async fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> T {
        client().get(url).send().await.expect("an answer").json().await.expect("JSON")
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client")
}
