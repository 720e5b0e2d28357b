//! What Chromium sent and received, from its DevTools network log.
//!
//! Owns reading that log. Does not own the rules that tests hold it against.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::Browser;

/// One request of a page; a redirect is a request of its own.
#[derive(Debug)]
pub struct Request {
    pub url: Url,
    /// What came over the wire, head and body, if the answer was read to its end.
    pub bytes: f64,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// Everything since the last look, in the order in which it was sent.
pub async fn drain(browser: &Browser) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut latest = BTreeMap::new();
    for entry in browser.driver().get_log("performance").await.expect("the network log") {
        let entry: Value = serde_json::from_str(&entry.message).expect("an entry of the network log");
        let (method, event) = (&entry["message"]["method"], &entry["message"]["params"]);
        let id = event["requestId"].as_str().unwrap_or_default().to_owned();
        match method.as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let url = Url::parse(event["request"]["url"].as_str().unwrap_or_default());
                let Ok(url) = url else { continue };
                // An empty tab is a page of the browser's own, and `data:` goes nowhere.
                if !url.has_host() || url.scheme().starts_with("chrome") {
                    continue;
                }
                latest.insert(id, requests.len());
                requests.push(Request { url, bytes: 0.0, headers: BTreeMap::new() });
            }
            "Network.responseReceived" => {
                let request = latest.get(&id).and_then(|index| requests.get_mut(*index));
                if let (Some(request), Some(headers)) = (request, event["response"]["headers"].as_object()) {
                    let header = |(name, value): (&String, &Value)| {
                        (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned())
                    };
                    request.headers = headers.iter().map(header).collect();
                }
            }
            "Network.loadingFinished" => {
                let request = latest.get(&id).and_then(|index| requests.get_mut(*index));
                if let (Some(request), Some(bytes)) = (request, event["encodedDataLength"].as_f64()) {
                    request.bytes = bytes;
                }
            }
            _ => {}
        }
    }
    requests
}

/// What pages complained about since the last look: refusals by CSP, failed loads, exceptions.
pub async fn complaints(browser: &Browser) -> Vec<String> {
    let entries = browser.driver().browser_log().await.expect("the browser's log");
    entries
        .into_iter()
        .filter(|entry| entry.level == "SEVERE" || entry.message.contains("Content Security Policy"))
        .map(|entry| entry.message)
        .collect()
}
