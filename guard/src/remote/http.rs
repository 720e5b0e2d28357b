//! The wire to the issuer (threat L02).
//!
//! Owns: no redirects, no proxy, no compression, time, length and kind of an answer, and how long it says it is good
//! for. Does not own: what an answer means.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Request, Response, StatusCode, Url};

/// The longest answer that is read.
const LONGEST: usize = 256 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For one request, its answer included.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How long a connection waits for another request: shorter than servers keep one (actix-web: 5 s), so that none is used
/// just when it is closed.
const IDLE: Duration = Duration::from_secs(4);

/// Whatever the headers say: not asked for all the time, and a key that was revoked does not live on for long.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST_LIFE: Duration = Duration::from_hours(1);
/// Where they say nothing.
const USUAL: Duration = Duration::from_mins(5);

/// Why there is no answer to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    cause: String,
    elsewhere: bool,
    retry_after: Option<Duration>,
}

impl Trouble {
    pub(super) fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), elsewhere: false, retry_after: None }
    }

    /// The issuer answered, but what is asked for is not there.
    pub(super) const fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// When the issuer wants to be asked again.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

/// A JSON document.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) lifetime: Duration,
}

/// Speaks to the issuer. The client is made at the first use: it needs the trusted certificates of the machine.
#[derive(Default)]
pub(super) struct Http(OnceLock<Result<Client, Trouble>>);

impl Http {
    fn client(&self) -> Result<&Client, Trouble> {
        let made = self.0.get_or_init(|| {
            Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TIMEOUT)
                .pool_idle_timeout(IDLE)
                .user_agent(concat!("vestibule-guard/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| Trouble::new(causes(&error)))
        });
        made.as_ref().map_err(Trouble::clone)
    }

    /// GET of a JSON document.
    pub(super) async fn get(&self, url: &Url) -> Result<Answer, Trouble> {
        let request = self.client()?.get(url.clone()).header(ACCEPT, "application/json");
        self.send(request.build().map_err(|error| failure(url, error))?).await
    }

    /// POST of a form, as a client.
    pub(super) async fn post(&self, url: &Url, authorization: HeaderValue, form: String) -> Result<Answer, Trouble> {
        let request = self
            .client()?
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        self.send(request.build().map_err(|error| failure(url, error))?).await
    }

    async fn send(&self, request: Request) -> Result<Answer, Trouble> {
        let url = request.url().clone();
        let mut response = self.client()?.execute(request).await.map_err(|error| failure(&url, error))?;
        usable(&url, &response)?;
        let lifetime = lifetime(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&url, error))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Trouble::new(format!("{url} answered more than is read")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { body, lifetime })
    }
}

fn usable(url: &Url, response: &Response) -> Result<(), Trouble> {
    let headers = response.headers();
    let status = response.status();
    if status != StatusCode::OK {
        let seconds = headers.get(RETRY_AFTER).and_then(number);
        return Err(Trouble {
            elsewhere: status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS,
            retry_after: seconds.map(Duration::from_secs),
            cause: format!("{url} answered {status}"),
        });
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Trouble::new(format!("{url} answered with a compressed body, which was not asked for")));
    }
    if !is_json(headers) {
        let cause = format!("{url} answered something else than JSON");
        return Err(Trouble { elsewhere: true, ..Trouble::new(cause) });
    }
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > LONGEST)) {
        return Err(Trouble::new(format!("{url} answered more than is read")));
    }
    Ok(())
}

/// `application/json`, or a kind of it such as `application/jwk-set+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn number(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.trim().parse().ok()
}

/// How long an answer is good for (RFC 9111 4.2.1, 4.2.3), within bounds.
fn lifetime(headers: &HeaderMap) -> Duration {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let mut said = None;
    for directive in directives {
        if matches!(directive.as_str(), "no-store" | "no-cache") {
            return SHORTEST;
        }
        let seconds = directive.strip_prefix("max-age=").and_then(|text| text.trim_matches('"').parse::<u64>().ok());
        said = said.or(seconds);
    }
    let age = headers.get(AGE).and_then(number).unwrap_or(0);
    let said = said.map(|seconds| Duration::from_secs(seconds.saturating_sub(age)));
    said.unwrap_or(USUAL).clamp(SHORTEST, LONGEST_LIFE)
}

fn failure(url: &Url, error: reqwest::Error) -> Trouble {
    Trouble::new(format!("{url}: {}", causes(&error.without_url())))
}

/// An error with what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (name.parse::<reqwest::header::HeaderName>().expect("a name"), HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn a_document_is_kept_as_long_as_it_says_within_bounds() {
        let of = |value: &'static str| lifetime(&headers(&[("cache-control", value)])).as_secs();
        assert_eq!(lifetime(&HeaderMap::new()), USUAL);
        assert_eq!(of("public, max-age=300"), 300);
        assert_eq!(of("max-age=\"600\""), 600);
        for (value, seconds) in [
            ("max-age=0", 60),
            ("no-store", 60),
            ("max-age=900, no-cache", 60),
            ("max-age=31536000, immutable", 3600),
            ("max-age=99999999999999999999999", 300),
            ("private", 300),
        ] {
            assert_eq!(of(value), seconds, "{value}");
        }
        let aged = |age| lifetime(&headers(&[("cache-control", "max-age=600"), ("age", age)])).as_secs();
        assert_eq!((aged("200"), aged("9999"), aged("x")), (400, 60, 600));
    }

    #[test]
    fn json_is_told_by_its_type() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"] {
            assert!(is_json(&headers(&[("content-type", good)])), "{good}");
        }
        for bad in ["text/html", "text/json", "application/jsonp", ""] {
            assert!(!is_json(&headers(&[("content-type", bad)])), "{bad}");
        }
    }
}
