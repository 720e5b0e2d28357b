//! An authorization request of one of the test clients, to be bent by tests.
//!
//! Owns: a request that works, and ways to break it. Does not own: sending it (`agent`).

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use super::app::TestApp;
use super::configuration::{redirect_uri, secret};
use super::http::Request;

/// A request and what belongs to it.
#[derive(Debug, Clone)]
pub struct Ask {
    pub client: String,
    pub redirect_uri: String,
    pub verifier: Option<String>,
    params: Vec<(String, String)>,
}

/// Text that no other request of this run has.
pub fn unique(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{what}-{}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed), rand::random::<u64>())
}

impl Ask {
    /// Everything a client should send.
    pub fn of(client: &str) -> Self {
        let verifier = format!("{:~<64}", unique("verifier").replace(' ', "-"));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let redirect_uri = redirect_uri(client).to_owned();
        Self {
            client: client.to_owned(),
            redirect_uri: redirect_uri.clone(),
            verifier: Some(verifier),
            params: Vec::new(),
        }
        .set("response_type", "code")
        .set("client_id", client)
        .set("redirect_uri", &redirect_uri)
        .set("scope", "openid profile email read:users")
        .set("state", &unique("state"))
        .set("nonce", &unique("nonce"))
        .set("code_challenge", &challenge)
        .set("code_challenge_method", "S256")
    }

    /// Sets a parameter, replacing it where it stands.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.params.retain(|(known, _)| known != name);
        self.add(name, value)
    }

    /// Adds a parameter even where it stands already.
    pub fn add(mut self, name: &str, value: &str) -> Self {
        if name == "redirect_uri" {
            value.clone_into(&mut self.redirect_uri);
        }
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|(known, _)| known != name);
        self
    }

    /// The same in the hands of another client.
    pub fn by(&self, client: &str) -> Self {
        let mut ask = self.clone();
        client.clone_into(&mut ask.client);
        ask
    }

    /// Without PKCE.
    pub fn without_pkce(mut self) -> Self {
        self.verifier = None;
        self.without("code_challenge").without("code_challenge_method")
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The parameters.
    pub fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// As a query.
    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish()
    }

    /// The URL to open.
    pub fn url(&self, app: &TestApp) -> String {
        format!("{}?{}", app.url("/authorize"), self.query())
    }

    /// The token request for a code of this request, by its own client, to be bent.
    pub fn token_request(&self, app: &TestApp, code: &str) -> Request {
        let request = app.token(&self.client).fields([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
        ]);
        match &self.verifier {
            Some(verifier) => request.field("code_verifier", verifier),
            None => request,
        }
    }

    /// Redeems a code.
    pub async fn redeem(&self, app: &TestApp, code: &str) -> Answer {
        self.token_request(app, code).send().await
    }
}

impl TestApp {
    /// A token request authenticated as that client.
    pub fn token(&self, client: &str) -> Request {
        self.client_request("/token", client)
    }

    /// A POST authenticated as that client: Basic where it has a secret, else by name.
    pub fn client_request(&self, path: &str, client: &str) -> Request {
        let request = self.request(Method::POST, path);
        match secret(client) {
            Some(secret) => request.basic(client, secret),
            None => request.field("client_id", client),
        }
    }
}
