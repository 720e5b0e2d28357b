//! A forum that speaks plain OAuth 2: a code, a token, and JSON for whoever has one.
//!
//! Owns: being that. Does not own: what Vestibule makes of it (`mod`).

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use crate::support::app::ENCRYPTION_KEY;

const CODE: &str = "the-code";
const TOKEN: &str = "the-token";

/// One that runs.
pub struct Forum {
    base: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    person: Value,
    challenge: String,
    redirect_uri: String,
    complaints: Vec<String>,
}

impl Forum {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://127.0.0.1:{}", listener.local_addr().expect("an address").port());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { base, state, task }
    }

    /// Its table; the secret is what the tests have in their environment.
    pub fn toml(&self, claims: &str) -> String {
        let base = &self.base;
        format!(
            "\n[[providers]]\nid = \"forum\"\npreset = \"oauth2\"\nclient_id = \"v\"\nclient_secret = {{ env = \"TEST_KEY\" }}\n\
             scopes = [\"profile\"]\nauthorization_endpoint = \"{base}/authorize\"\ntoken_endpoint = \"{base}/token\"\n\
             userinfo_endpoint = \"{base}/me\"\nclaims = {claims}\n"
        )
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// What it says of whoever signs in from now on.
    pub fn person(&self, person: Value) {
        self.state.lock().expect("the state").person = person;
    }

    /// Where it sends somebody who came with that request.
    pub fn visit(&self, request: &Url) -> String {
        let get = |name: &str| {
            let value = request.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
            value.unwrap_or_else(|| panic!("no {name}: {request}"))
        };
        assert!(request.as_str().starts_with(&format!("{}/authorize?", self.base)), "{request}");
        assert_eq!(
            (get("client_id"), get("response_type"), get("scope")),
            ("v".to_owned(), "code".to_owned(), "profile".to_owned())
        );
        assert_eq!(get("code_challenge_method"), "S256");
        assert!(
            !request.query_pairs().any(|(name, _)| name == "nonce"),
            "an ID token has one, and here is none: {request}"
        );
        let mut state = self.state.lock().expect("the state");
        (state.challenge, state.redirect_uri) = (get("code_challenge"), get("redirect_uri"));
        format!("{}?code={CODE}&state={}", state.redirect_uri, get("state"))
    }

    /// What it found wrong.
    pub fn complaints(&self) -> Vec<String> {
        self.state.lock().expect("the state").complaints.clone()
    }
}

impl Drop for Forum {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let (mut text, mut part) = (String::new(), [0; 8192]);
    let whole = |text: &str| {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        (body.len() >= length.map_or(0, |length| length.parse().expect("a length"))).then_some(())
    };
    while whole(&text).is_none() {
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => text.push_str(&String::from_utf8_lossy(&part[..read])),
            _ => return,
        }
    }
    let (status, body) = answer(&text, &mut state.lock().expect("the state"));
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

fn answer(request: &str, state: &mut State) -> (u16, Value) {
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value.to_owned())
    };
    let refuse = |state: &mut State, why: String| {
        state.complaints.push(why);
        (400, json!({ "error": "invalid_request" }))
    };
    match head.split(' ').nth(1) {
        Some("/token") => {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let get = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
            // RFC 6749 2.3.1: both halves are form-encoded first.
            let encoded: String = url::form_urlencoded::byte_serialize(ENCRYPTION_KEY.as_bytes()).collect();
            let basic = format!("Basic {}", STANDARD.encode(format!("v:{encoded}")));
            if header("authorization").as_deref() != Some(&basic) {
                return refuse(state, format!("authorization: {:?}", header("authorization")));
            }
            if !get("client_secret").is_empty() || get("code") != CODE || get("redirect_uri") != state.redirect_uri {
                return refuse(state, format!("{form:?}"));
            }
            if URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier"))) != state.challenge {
                return refuse(state, format!("code_verifier of another challenge: {form:?}"));
            }
            (200, json!({ "access_token": TOKEN, "token_type": "bearer" }))
        }
        Some("/me") if header("authorization").as_deref() == Some(&format!("Bearer {TOKEN}")) => {
            (200, state.person.clone())
        }
        path => refuse(state, format!("{path:?} {:?}", header("authorization"))),
    }
}
