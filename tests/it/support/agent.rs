//! A scripted browser: a cookie jar, redirects followed by hand, forms filled in and sent.
//!
//! Owns: what a browser does by itself, and the rules that every cookie of ours keeps. Does not own:
//! reading forms (`forms`) or what a test does with the pages.

use std::collections::BTreeMap;

use reqwest::Method;
use url::Url;

use super::answer::Answer;
use super::app::TestApp;
use super::ask::Ask;
use super::forms::{Form, forms};
use super::http::Http;
use super::people::Person;

/// Where following redirects ended.
#[derive(Debug)]
pub enum Arrival {
    /// On a page of ours.
    Page(Answer),
    /// On its way to somebody else.
    Away(Url),
}

impl Arrival {
    /// It must be a page.
    #[track_caller]
    pub fn page(self) -> Answer {
        match self {
            Self::Page(answer) => answer,
            Self::Away(url) => panic!("left for {url}"),
        }
    }

    /// It must be the client's redirect URI.
    #[track_caller]
    pub fn callback(self) -> Callback {
        match self {
            Self::Away(url) => Callback { url },
            Self::Page(answer) => panic!("{} {}: {}", answer.url, answer.status, answer.text()),
        }
    }
}

/// An authorization response on its way to the client.
#[derive(Debug, Clone)]
pub struct Callback {
    pub url: Url,
}

impl Callback {
    /// A parameter of it.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut found = self.url.query_pairs().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.into_owned());
        assert!(found.next().is_none(), "{name} stands twice: {}", self.url);
        value
    }

    /// The code that it must carry.
    #[track_caller]
    pub fn code(&self) -> String {
        self.get("code").unwrap_or_else(|| panic!("no code: {}", self.url))
    }

    /// It must be this error, and an authorization response in every way: for the asking client, with
    /// state and issuer (RFC 9207), without a code.
    #[track_caller]
    pub fn expect_error(&self, app: &TestApp, ask: &Ask, code: &str) -> String {
        assert_eq!(self.get("error").as_deref(), Some(code), "{}", self.url);
        assert_eq!(self.get("code"), None);
        self.expect_response_to(app, ask);
        self.get("error_description").unwrap_or_default()
    }

    /// It goes to the redirect URI of the request, with its state and our issuer, in the query.
    #[track_caller]
    pub fn expect_response_to(&self, app: &TestApp, ask: &Ask) {
        assert!(self.url.as_str().starts_with(&ask.redirect_uri), "{} for {}", self.url, ask.redirect_uri);
        assert_eq!(self.get("state"), ask.get("state").map(str::to_owned));
        assert_eq!(self.get("iss").as_deref(), Some(app.issuer()));
        assert_eq!(self.url.fragment(), None);
    }
}

/// One browser.
#[derive(Debug, Clone)]
pub struct UserAgent {
    http: Http,
    pub cookies: BTreeMap<String, String>,
    /// Every `Set-Cookie` seen.
    pub set_cookies: Vec<String>,
    /// What a proxy says of where it is (`X-Forwarded-For`).
    pub forwarded_for: Option<String>,
}

impl UserAgent {
    pub fn new(http: &Http) -> Self {
        Self { http: http.clone(), cookies: BTreeMap::new(), set_cookies: Vec::new(), forwarded_for: None }
    }

    /// The value of the `Cookie` header.
    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The session cookie's value.
    pub fn session(&self) -> Option<&str> {
        self.cookies.iter().find(|(name, _)| name.contains("session")).map(|(_, value)| value.as_str())
    }

    /// One request with our cookies, whose cookies are kept.
    async fn ask(&mut self, method: Method, url: &str, fields: Option<&[(String, String)]>) -> Answer {
        let mut request = self.http.request(method, url);
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookie_header());
        }
        if let Some(address) = &self.forwarded_for {
            request = request.header("x-forwarded-for", address);
        }
        request = match fields {
            // What Chromium sends from a page with `Referrer-Policy: no-referrer`.
            Some(fields) => fields.iter().fold(
                request.header("origin", "null").header("sec-fetch-site", "same-origin"),
                |request, (name, value)| request.field(name, value),
            ),
            None => request.header("sec-fetch-site", "none"),
        };
        let answer = request.send().await;
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for header in answer.headers.get_all("set-cookie") {
            let text = header.to_str().expect("ASCII").to_owned();
            self.set_cookies.push(text.clone());
            check_cookie(&text, self.http.origin().starts_with("https://"));
            let (name, rest) = text.split_once('=').expect("a name");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() || text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// GET, nothing followed.
    pub async fn get(&mut self, url: &str) -> Answer {
        self.ask(Method::GET, url, None).await
    }

    /// POST of a form, nothing followed.
    pub async fn post(&mut self, url: &str, fields: &[(String, String)]) -> Answer {
        self.ask(Method::POST, url, Some(fields)).await
    }

    /// GET, and then wherever it leads.
    pub async fn open(&mut self, url: &str) -> Arrival {
        let answer = self.get(url).await;
        self.follow(answer).await
    }

    /// Follows redirects within our origin, as GET and with nothing carried along.
    pub async fn follow(&mut self, mut answer: Answer) -> Arrival {
        for _ in 0..12 {
            // RFC 9700 4.12: 307 and 308 would send the password along.
            assert!(!matches!(answer.status, 301 | 307 | 308), "{} for {}", answer.status, answer.url);
            if !matches!(answer.status, 302 | 303) {
                return Arrival::Page(answer);
            }
            let next = answer.location();
            if next.origin().ascii_serialization() != self.http.origin() {
                return Arrival::Away(next);
            }
            answer = self.get(next.as_str()).await;
        }
        panic!("a redirect loop at {}", answer.url);
    }

    /// The form of a page that goes to that path.
    #[track_caller]
    pub fn form(page: &Answer, path: &str) -> (Url, Form) {
        let html = page.text();
        for form in forms(&html) {
            let action = page.url.join(&form.action).expect("an action");
            if action.path().ends_with(path) && form.method == "post" {
                return (action, form);
            }
        }
        panic!("no form for {path} at {} {}:\n{html}", page.url, page.status);
    }

    /// Fills in and sends the form of a page; nothing followed.
    pub async fn send(&mut self, page: &Answer, path: &str, typed: &[(&str, &str)]) -> Answer {
        let (action, form) = Self::form(page, path);
        let mut fields = form.fields();
        for (name, value) in typed {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.post(action.as_str(), &fields).await
    }

    /// Fills in and sends the form of a page, and follows.
    pub async fn submit(&mut self, page: &Answer, path: &str, typed: &[(&str, &str)]) -> Arrival {
        let answer = self.send(page, path, typed).await;
        self.follow(answer).await
    }

    /// Signs in on a sign-in page.
    pub async fn sign_in(&mut self, page: &Answer, person: &Person) -> Arrival {
        self.submit(page, "/login", &[("username", &person.username), ("password", &person.password)]).await
    }

    /// Allows, where the page asks.
    pub async fn allow(&mut self, arrival: Arrival) -> Arrival {
        match arrival {
            Arrival::Page(page) if page.url.path().ends_with("/consent") => {
                self.submit(&page, "/consent", &[("decision", "allow")]).await
            }
            other => other,
        }
    }

    /// The whole way: opens the request, signs in where asked, allows where asked.
    pub async fn authorize(&mut self, app: &TestApp, ask: &Ask, person: &Person) -> Callback {
        let mut arrival = self.open(&ask.url(app)).await;
        if let Arrival::Page(page) = &arrival
            && page.url.path().ends_with("/login")
        {
            let page = page.clone();
            arrival = self.sign_in(&page, person).await;
        }
        let callback = self.allow(arrival).await.callback();
        callback.expect_response_to(app, ask);
        callback
    }
}

/// H06: what every cookie of ours keeps to.
fn check_cookie(text: &str, https: bool) {
    let attributes: Vec<String> = text.split(';').skip(1).map(|part| part.trim().to_lowercase()).collect();
    let has = |name: &str| attributes.iter().any(|attribute| attribute == name);
    assert!(has("httponly") && has("samesite=lax") && has("path=/"), "{text}");
    assert!(!attributes.iter().any(|attribute| attribute.starts_with("domain")), "{text}");
    assert_eq!((text.starts_with("__Host-"), has("secure")), (https, https), "{text}");
}
