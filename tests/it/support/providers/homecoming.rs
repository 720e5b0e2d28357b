//! How a browser leaves a fake provider.
//!
//! Owns: one request, and reading where it leads: a redirect, or a form that sends itself. Does not
//! own: going there (`agent`).

use url::Url;

use crate::support::forms::forms;

/// An authorization response on its way back.
#[derive(Debug, Clone)]
pub struct Homecoming {
    /// Where the browser goes; the parameters of a redirect are in its query.
    pub url: Url,
    /// Of a form that is posted there (`form_post`).
    pub fields: Option<Vec<(String, String)>>,
}

impl Homecoming {
    /// Opens an authorization request. Whatever is neither redirect nor form fails the test.
    pub(super) async fn of(url: &str) -> Self {
        Self::with(url, "").await
    }

    /// The same, with cookies.
    pub(super) async fn with(url: &str, cookies: &str) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let client = client.build().expect("a client");
        let answer =
            client.get(url).header("cookie", cookies).send().await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
        let status = answer.status().as_u16();
        let location = answer.headers().get("location").map(|value| value.to_str().expect("ASCII").to_owned());
        if let Some(location) = location {
            let url = Url::parse(url).and_then(|base| base.join(&location)).expect("a URL");
            return Self { url, fields: None };
        }
        let page = answer.text().await.expect("a body");
        let form = forms(&page).into_iter().find(|form| form.method == "post");
        let form = form.unwrap_or_else(|| panic!("{url}: {status}: {page}"));
        Self { url: form.action.parse().expect("a URL"), fields: Some(form.fields()) }
    }

    /// A parameter of the response, which stands there once.
    #[track_caller]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = match &self.fields {
            Some(fields) => fields.clone(),
            None => self.url.query_pairs().into_owned().collect(),
        };
        let mut found = pairs.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value);
        let value = found.next();
        assert!(found.next().is_none(), "{name} stands twice: {self:?}");
        value
    }
}
