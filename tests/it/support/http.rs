//! Requests to the server under test, whatever host its issuer names.
//!
//! Owns: sending, and that no answer is a 5xx unless a test expects the server to be in trouble. Does
//! not own: cookies and redirects (`agent`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

use super::answer::Answer;

/// Speaks to one listener.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    /// Where it really listens, `http://127.0.0.1:PORT`.
    base: String,
    /// What requests name, `http://localhost:PORT`.
    origin: String,
    in_trouble: Arc<AtomicBool>,
}

impl Http {
    pub fn new(base: String, origin: String) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(20))
            .tls_danger_accept_invalid_certs(true)
            .build()
            .expect("a client");
        Self { client, base, origin, in_trouble: Arc::default() }
    }

    /// From now on the server is expected to be in trouble (or well again).
    pub fn in_trouble(&self, trouble: bool) {
        self.in_trouble.store(trouble, Ordering::SeqCst);
    }

    /// The origin that requests name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where it really listens, `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A request to an absolute URL under the origin.
    #[track_caller]
    pub fn request(&self, method: Method, url: &str) -> Request {
        assert!(url.starts_with(&self.origin), "{url} is not under {}", self.origin);
        Request { http: self.clone(), method, url: url.to_owned(), headers: Vec::new(), fields: Vec::new(), body: None }
    }
}

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Request {
    http: Http,
    method: Method,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    fields: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Adds a header; the same name may stand twice.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Adds a form field; the same name may stand twice.
    pub fn field(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds form fields.
    pub fn fields<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        fields.into_iter().fold(self, |request, (name, value)| request.field(name, value))
    }

    /// Replaces a form field, or removes it where there is no value.
    pub fn but(mut self, name: &str, value: Option<&str>) -> Self {
        self.fields.retain(|(known, _)| known != name);
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// HTTP Basic, taken as it is.
    pub fn basic(self, id: &str, secret: &str) -> Self {
        let value = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        self.header("authorization", value)
    }

    /// A bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// The body as it is; its content type is a header of the caller's.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The fields as a form body.
    fn form(&self) -> Vec<u8> {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish().into_bytes()
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        let path = self.url.strip_prefix(self.http.origin.as_str()).expect("under the origin");
        let mut request = self.http.client.request(self.method.clone(), format!("{}{path}", self.http.base));
        let named = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !named("host") {
            request = request.header("host", self.http.origin.split_once("://").expect("an origin").1);
        }
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            request = request.header(name, HeaderValue::from_bytes(value).expect("a header value"));
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        } else if self.method == Method::POST {
            if !named("content-type") {
                request = request.header("content-type", "application/x-www-form-urlencoded");
            }
            request = request.body(self.form());
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{} {}: {error:?}", self.method, self.url));
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            url: self.url.parse().unwrap_or_else(|_| self.http.origin.parse().expect("an origin")),
            body: response.bytes().await.expect("a body").to_vec(),
        };
        let trouble = self.http.in_trouble.load(Ordering::SeqCst);
        assert!(answer.status < 500 || trouble, "{} {}: {}\n{}", self.method, self.url, answer.status, answer.text());
        answer
    }
}
