//! An issuer on a port of its own: what it answers is the test's to say, and it counts who asks.
//!
//! Owns: just enough HTTP. Does not own: what a guard makes of the answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use vestibule_guard::{Guard, GuardBuilder};

use crate::forge::{AUDIENCE, Forge, NOW, claims};

pub const METADATA: &str = "/.well-known/oauth-authorization-server";
pub const OPENID: &str = "/.well-known/openid-configuration";
pub const JWKS: &str = "/jwks";
pub const INTROSPECT: &str = "/introspect";

/// What is sent back, byte for byte.
#[derive(Clone)]
pub enum Answer {
    Text(String),
    /// A beginning, and then nothing for long.
    Stuck(String),
    /// The head, and then a body without end.
    Endless,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub head: String,
    pub body: String,
}

#[derive(Default)]
struct State {
    answers: Mutex<BTreeMap<String, Answer>>,
    seen: Mutex<Vec<Seen>>,
    down: AtomicBool,
    now: AtomicI64,
}

#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    state: Arc<State>,
}

/// 200 with JSON.
pub fn json_answer(value: &Value) -> Answer {
    with_head("200 OK", "content-type: application/json\r\ncache-control: max-age=300\r\n", &value.to_string())
}

/// Any answer with a body.
pub fn with_head(status: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Text(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"))
}

impl Issuer {
    /// Listening, with metadata and these keys.
    pub async fn start(keys: &[&Forge]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = Self { url, state: Arc::default() };
        issuer.state.now.store(NOW, Ordering::SeqCst);
        issuer.set(METADATA, json_answer(&issuer.metadata()));
        issuer.publish(keys);
        let state = Arc::clone(&issuer.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        issuer
    }

    pub fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.url);
        json!({ "issuer": self.url, "jwks_uri": at(JWKS), "introspection_endpoint": at(INTROSPECT) })
    }

    /// The keys from now on.
    pub fn publish(&self, keys: &[&Forge]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.set(JWKS, json_answer(&json!({ "keys": keys })));
    }

    pub fn set(&self, path: &str, answer: Answer) {
        self.state.answers.lock().expect("answers").insert(path.to_owned(), answer);
    }

    /// Whether connections are dropped.
    pub fn down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// How often somebody asked there.
    pub fn asked(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path == path).count()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().expect("requests").clone()
    }

    pub fn pass(&self, seconds: i64) {
        self.state.now.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A guard that trusts it, with its clock.
    pub fn builder(&self) -> GuardBuilder {
        let state = Arc::clone(&self.state);
        Guard::builder(&self.url).audience(AUDIENCE).clock(move || state.now.load(Ordering::SeqCst))
    }

    pub fn guard(&self) -> Guard {
        self.builder().build().expect("a guard")
    }

    /// A good token of this issuer at this moment.
    pub fn token(&self, key: &Forge) -> String {
        key.token(&self.claims())
    }

    pub fn claims(&self) -> Value {
        let now = self.state.now.load(Ordering::SeqCst);
        let mut claims = claims();
        claims["iss"] = json!(self.url);
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + 600);
        claims
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    if state.down.load(Ordering::SeqCst) {
        return;
    }
    let mut request = Vec::new();
    let (head, mut body) = loop {
        let mut chunk = [0; 4096];
        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            break (head.to_ascii_lowercase(), body.to_owned());
        }
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a number"));
    while body.len() < length {
        let mut chunk = [0; 4096];
        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
        body.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
    let path = head.split(' ').nth(1).expect("a path").to_owned();
    let answer = state.answers.lock().expect("answers").get(&path).cloned();
    let head = String::from_utf8_lossy(&request).split("\r\n\r\n").next().expect("a head").to_owned();
    state.seen.lock().expect("requests").push(Seen { path, head, body });
    match answer.unwrap_or_else(|| with_head("404 Not Found", "content-type: text/html\r\n", "<h1>")) {
        Answer::Text(text) => drop(stream.write_all(text.as_bytes()).await),
        Answer::Stuck(text) => {
            drop(stream.write_all(text.as_bytes()).await);
            tokio::time::sleep(Duration::from_hours(1)).await;
        }
        Answer::Endless => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"keys\":[";
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(&[b' '; 4096]).await;
            }
        }
    }
}
