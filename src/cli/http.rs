//! The one HTTP client of the command line.
//!
//! Owns: its limits: https or loopback only (or a listener of the configuration), no redirects, no proxy
//! from the environment, 10 s, 1 MiB. Does not own: what is asked.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Host, Url};

use crate::cli::exit::{Exit, Stop, causes};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST: usize = 1024 * 1024;

/// Asks servers. One for a command.
pub struct Http {
    client: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body; may be secret.
    body: Vec<u8>,
}

/// RFC 6749 2.3.1: how a client shows itself in a form POST.
pub enum Credentials<'a> {
    /// `client_id` in the form.
    Public(&'a str),
    /// The Basic scheme, both parts form-encoded.
    Basic(&'a str, &'a SecretString),
}

impl Http {
    /// A client for https and loopback http.
    ///
    /// # Errors
    /// When TLS cannot be set up, for example without any trusted certificates.
    pub fn new() -> Result<Self, Stop> {
        Self::build(Client::builder())
    }

    /// A client for one URL: on plain http it does without the machine's trusted certificates, which a
    /// bare container may lack.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn for_url(url: &str) -> Result<Self, Stop> {
        let plain = url.starts_with("http://");
        Self::build(if plain { Client::builder().tls_certs_only([]) } else { Client::builder() })
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, Stop> {
        let client = builder
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Stop::failure(format!("the HTTP client did not start: {}", causes(&error))))?;
        Ok(Self { client })
    }

    /// GET.
    ///
    /// # Errors
    /// When the URL may not be asked or does not answer (exit 4).
    pub async fn get(&self, url: &str) -> Result<Answer, Stop> {
        let url = allowed(url)?;
        send(self.client.get(url.clone()), &url).await
    }

    /// GET of a path on a listener that this machine's own configuration names: plain http on any of its
    /// addresses.
    ///
    /// # Errors
    /// When it does not answer (exit 4).
    pub async fn get_from_listener(&self, address: SocketAddr, path: &str) -> Result<Answer, Stop> {
        let url = format!("http://{address}{path}");
        let url = Url::parse(&url).map_err(|error| Stop::failure(format!("{url}: {error}")))?;
        send(self.client.get(url.clone()), &url).await
    }

    /// GET of a JSON document.
    ///
    /// # Errors
    /// Also when the status is not 200 or the body not JSON.
    pub async fn get_json(&self, url: &str) -> Result<Value, Stop> {
        let answer = self.get(url).await?;
        if answer.status != 200 {
            return Err(Stop::failure(format!("{url} answered {}", answer.status)));
        }
        answer.json().ok_or_else(|| Stop::failure(format!("{url} answered something else than JSON")))
    }

    /// POST of a form by a client.
    ///
    /// # Errors
    /// When the URL may not be asked or does not answer (exit 4).
    pub async fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        credentials: &Credentials<'_>,
    ) -> Result<Answer, Stop> {
        let url = allowed(url)?;
        let mut form = form.to_vec();
        let mut request = self.client.post(url.clone());
        match credentials {
            Credentials::Public(client_id) => form.push(("client_id", client_id)),
            Credentials::Basic(client_id, secret) => {
                request = request.basic_auth(form_encode(client_id), Some(form_encode(secret.expose_secret())));
            }
        }
        send(request.form(&form), &url).await
    }
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

async fn send(request: RequestBuilder, url: &Url) -> Result<Answer, Stop> {
    // The query may hold secrets of somebody: an error shows the URL without it, and once.
    let shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let failed = |error: reqwest::Error| {
        Stop::new(Exit::Unreachable, format!("{shown} cannot be reached: {}", causes(&error.without_url())))
    };
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Stop::failure(format!("{shown} answered more than {LONGEST} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// https anywhere, http on this machine: what the issuer itself is held to.
fn allowed(text: &str) -> Result<Url, Stop> {
    let url = Url::parse(text).map_err(|error| Stop::new(Exit::Usage, format!("{text} is not a URL: {error}")))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(Stop::new(Exit::Usage, format!("{text}: only https is asked, or http on this machine"))),
    }
}

fn form_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_asked_on_this_machine_only() {
        for url in ["https://id.example.com/x", "http://localhost:9400/", "http://127.0.0.1/", "http://[::1]:1/"] {
            assert!(allowed(url).is_ok(), "{url}");
        }
        for url in ["http://id.example.com/", "http://localhost.example.com/", "file:///etc/passwd", "id", "ftp://x/"] {
            assert_eq!(allowed(url).unwrap_err().exit, Exit::Usage, "{url}");
        }
    }

    /// A server may listen on one address of the network alone; its own health check must reach it.
    #[tokio::test]
    async fn a_configured_listener_is_asked_on_any_address() {
        let http = Http::for_url("http://").unwrap();
        let address = SocketAddr::from(([0, 0, 0, 0], 1));
        assert_eq!(http.get(&format!("http://{address}/readyz")).await.unwrap_err().exit, Exit::Usage);
        assert_eq!(http.get_from_listener(address, "/readyz").await.unwrap_err().exit, Exit::Unreachable);
    }

    #[test]
    fn both_kinds_of_client_can_be_made() {
        Http::for_url("http://localhost:1/").unwrap();
    }
}
