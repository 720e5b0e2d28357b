//! An application that sends people to Vestibule and redeems the code it gets back.
//!
//! Owns the client's half of code + PKCE, by hand, so that a test can look at each step. Does not own
//! checking ID tokens (the `openidconnect` relying party of the black-box suite does).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::receiver::Arrival;
use super::{DevServer, Receiver, http};

/// A secret for `client_secret`, which only `dev` takes literally.
const SECRET: &str = "only-for-tests-0123456789-abcdefghijklmnopq";

pub struct Application {
    issuer: String,
    client_id: String,
    secret: Option<String>,
    redirect_uri: String,
    scope: String,
}

/// An authorization request that is under way.
pub struct Request {
    pub url: Url,
    pub state: String,
    verifier: String,
}

impl Application {
    /// The demo's command-line client: public, native, any loopback port.
    pub fn cli(dev: &DevServer, receiver: &Receiver) -> Self {
        Self {
            issuer: dev.issuer().to_owned(),
            client_id: dev.client("cli").client_id.clone(),
            secret: None,
            redirect_uri: receiver.redirect_uri(),
            scope: "openid profile email read:users".to_owned(),
        }
    }

    /// A confidential web application that the test registered by [`registration`].
    pub fn web(dev: &DevServer, receiver: &Receiver, client_id: &str) -> Self {
        Self { client_id: client_id.to_owned(), secret: Some(SECRET.to_owned()), ..Self::cli(dev, receiver) }
    }

    /// A public application that nobody registered yet, or not with this redirect URI.
    pub fn public(dev: &DevServer, receiver: &Receiver, client_id: &str) -> Self {
        Self { client_id: client_id.to_owned(), ..Self::cli(dev, receiver) }
    }

    /// The same application, asking for this scope.
    pub fn asking(self, scope: &str) -> Self {
        Self { scope: scope.to_owned(), ..self }
    }

    /// A new authorization request with its own state and PKCE verifier.
    pub fn request(&self) -> Request {
        self.request_with(&[])
    }

    pub fn request_with(&self, more: &[(&str, &str)]) -> Request {
        let (state, verifier) = (unguessable(), unguessable());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut url = Url::parse(&format!("{}/authorize", self.issuer)).expect("the issuer is a URL");
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.scope)
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(more);
        Request { url, state, verifier }
    }

    /// The code of a successful answer; fails the test for any other answer.
    pub fn code(&self, request: &Request, arrival: &Arrival) -> String {
        let code = arrival.parameter("code").unwrap_or_else(|| panic!("no code in {}", arrival.url));
        self.check_answer(request, arrival);
        code
    }

    /// The error of a refusal; fails the test for any other answer.
    pub fn error(&self, request: &Request, arrival: &Arrival) -> String {
        let error = arrival.parameter("error").unwrap_or_else(|| panic!("no error in {}", arrival.url));
        self.check_answer(request, arrival);
        error
    }

    fn check_answer(&self, request: &Request, arrival: &Arrival) {
        assert_eq!(arrival.parameter("state").as_ref(), Some(&request.state), "state in {}", arrival.url);
        assert_eq!(arrival.parameter("iss").as_ref(), Some(&self.issuer), "iss in {}", arrival.url);
    }

    /// Redeems the code of this answer.
    pub async fn tokens(&self, request: &Request, arrival: &Arrival) -> Value {
        let (status, tokens) = self.redeem(request, &self.code(request, arrival)).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    /// Status and body of the token endpoint's answer.
    pub async fn redeem(&self, request: &Request, code: &str) -> (u16, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &request.verifier),
        ];
        if self.secret.is_none() {
            form.push(("client_id", &self.client_id));
        }
        let mut post = http().post(format!("{}/token", self.issuer)).form(&form);
        if let Some(secret) = &self.secret {
            post = post.basic_auth(&self.client_id, Some(secret));
        }
        let answer = post.send().await.expect("an answer of the token endpoint");
        (answer.status().as_u16(), answer.json().await.expect("JSON from the token endpoint"))
    }

    /// Claims about the person whose token this is.
    pub async fn userinfo(&self, tokens: &Value) -> Value {
        let token = tokens["access_token"].as_str().expect("an access token");
        let get = http().get(format!("{}/userinfo", self.issuer)).bearer_auth(token);
        let answer = get.send().await.expect("an answer of userinfo");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON from userinfo")
    }
}

/// TOML for a confidential web client with this redirect URI; `more` may add lines to it.
pub fn registration(client_id: &str, name: &str, receiver: &Receiver, more: &str) -> String {
    format!(
        r#"
        [[clients]]
        client_id = "{client_id}"
        client_name = "{name}"
        client_secret = "{SECRET}"
        redirect_uris = ["{}"]
        post_logout_redirect_uris = ["{}"]
        scope = "openid profile email read:users write:posts"
        {more}
        "#,
        receiver.redirect_uri(),
        receiver.redirect_uri()
    )
}

fn unguessable() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
