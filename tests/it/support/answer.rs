//! An answer of the server, and the assertions that are made of answers everywhere.
//!
//! Owns: status, headers, body and what an OAuth error must look like. Does not own: asking (`http`).

use reqwest::header::HeaderMap;
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Where it came from, under the issuer's origin.
    pub url: url::Url,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; a failure shows the answer.
    #[track_caller]
    pub fn json(&self) -> Value {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "not JSON: {self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A text member of the JSON body.
    #[track_caller]
    pub fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no text member {name}: {}", self.text())).to_owned()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where it sends to, absolute.
    #[track_caller]
    pub fn location(&self) -> url::Url {
        let text = self.header("location").unwrap_or_else(|| panic!("no Location: {} {}", self.status, self.text()));
        self.url.join(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// It has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {:?}\n{}", self.url.path(), self.headers, self.text());
        self
    }

    /// It is an OAuth error with this status and code, as RFC 6749 5.2 and RFC 6750 3 want it.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}: {}", self.url.path(), self.text());
        let body = self.json();
        assert_eq!(body["error"], code, "{body}");
        self.expect_no_store();
        if code == "invalid_client" {
            assert_eq!(self.header("www-authenticate"), Some("Basic realm=\"vestibule\""), "{:?}", self.headers);
        }
        let description = body["error_description"].as_str().unwrap_or_default();
        assert!(description.len() > 8, "says nothing: {body}");
        assert!(description.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\'), "RFC 6749 5.2: {body}");
        for (name, value) in body.as_object().expect("an object") {
            assert!(!value.is_null() && value != "", "empty member {name}: {body}");
        }
        description.to_owned()
    }

    /// No cache may keep it.
    #[track_caller]
    pub fn expect_no_store(&self) {
        let control = self.header("cache-control").unwrap_or_default();
        assert!(control.contains("no-store"), "{} may be stored: {:?}", self.url.path(), self.headers);
    }

    /// It is a page of ours with that status that goes nowhere by itself.
    #[track_caller]
    pub fn expect_page(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}: {}", self.url.path(), self.text());
        assert!(self.header("location").is_none(), "{:?}", self.headers);
        assert!(self.header("content-type").unwrap_or_default().starts_with("text/html"), "{:?}", self.headers);
        self.text()
    }
}
