//! Requests to an instance that may be in trouble: every answer or what came instead of it, measured.
//!
//! Owns: sending, and telling trouble from answers. Does not own: what an answer means (`visitor`).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use tokio::time::Instant;

use super::meter::{Asked, Meter, Outcome};
use crate::support::Answer;
use crate::support::configuration::secret;

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came instead of an answer: nobody knows what became of the request.
#[derive(Debug, Clone, Copy)]
pub struct Trouble;

/// Speaks to one instance, on connections that are kept.
#[derive(Debug, Clone)]
pub struct Wire {
    client: reqwest::Client,
    base: String,
    origin: String,
    pub instance: usize,
    meter: Arc<Meter>,
}

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Sent {
    pub asked: Asked,
    pub method: Method,
    /// Absolute, or a path.
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub fields: Vec<(String, String)>,
}

impl Sent {
    pub fn get(asked: Asked, url: &str) -> Self {
        Self { asked, method: Method::GET, url: url.to_owned(), headers: Vec::new(), fields: Vec::new() }
    }

    pub fn post(asked: Asked, url: &str, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { method: Method::POST, fields, ..Self::get(asked, url) }
    }

    /// Authenticated as a client of the tests, which has a secret.
    pub fn by(self, client: &str) -> Self {
        let value = format!("{client}:{}", secret(client).expect("a secret"));
        self.header("authorization", format!("Basic {}", STANDARD.encode(value)))
    }

    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Wire {
    pub fn new(port: u16, origin: &str, instance: usize, meter: Arc<Meter>) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        Self { client, base: format!("http://127.0.0.1:{port}"), origin: origin.to_owned(), instance, meter }
    }

    /// Sends it once.
    pub async fn send(&self, sent: Sent) -> Result<Answer, Trouble> {
        let path = sent.url.strip_prefix(self.origin.as_str()).unwrap_or(&sent.url);
        let host = self.origin.split_once("://").expect("an origin").1;
        let mut request = self.client.request(sent.method.clone(), format!("{}{path}", self.base)).header("host", host);
        for (name, value) in &sent.headers {
            request = request.header(*name, value);
        }
        if sent.method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&sent.fields).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let begun = Instant::now();
        let answer = self.receive(request, path).await;
        let outcome = match &answer {
            Ok(answer) if matches!(answer.status, 429 | 503) => Outcome::Unavailable,
            Ok(answer) if answer.status >= 500 => Outcome::Failed,
            Ok(_) => Outcome::Answered,
            Err(error) if error.is_timeout() => Outcome::Late,
            Err(_) => Outcome::Cut,
        };
        self.meter.note(sent.asked, self.instance, begun, outcome);
        match answer {
            Ok(answer) if outcome == Outcome::Answered => Ok(answer),
            _ => Err(Trouble),
        }
    }

    async fn receive(&self, request: reqwest::RequestBuilder, path: &str) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        let url = format!("{}{path}", self.origin).parse().expect("a URL");
        Ok(Answer { status, headers, body, url })
    }
}
