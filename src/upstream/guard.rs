//! The one way out to providers (threats L01, L02).
//!
//! Owns: where a connection may go, that the address which was checked is the one that is dialled, no redirects, no
//! proxy, time, length and kind of an answer. Does not own: which addresses are public (`address`), what an answer
//! means, or how many are under way at once (`lanes`).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::config::Outbound;
use crate::upstream::address::is_public;
use crate::upstream::error::{Reason, UpstreamError};

/// The longest answer that is read.
const LONGEST: usize = 256 * 1024;
/// For one request; whoever makes several has a shorter time for all of them (`Upstream`).
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A request as the `oauth2` crate makes it.
pub(super) type Request = http::Request<Vec<u8>>;
/// An answer, whole.
pub(super) type Answer = http::Response<Vec<u8>>;

/// Connects to providers.
pub(super) struct Guard {
    outbound: Arc<Outbound>,
    /// Made at the first use: a server without providers needs no trusted certificates.
    client: OnceLock<Result<reqwest::Client, UpstreamError>>,
}

impl Guard {
    pub(super) fn new(outbound: Outbound) -> Self {
        Self { outbound: Arc::new(outbound), client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, UpstreamError> {
        let made = self.client.get_or_init(|| {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                // Each request dials anew: a connection that was kept may be closed by the provider just when a code
                // is sent, which nobody may send again; and an address counts as long as a name has it.
                .pool_max_idle_per_host(0)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TIMEOUT)
                .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(CheckedNames { outbound: Arc::clone(&self.outbound) }))
                .build()
                .map_err(|error| UpstreamError::new(Reason::Configuration, causes(&error)))
        });
        made.as_ref().map_err(UpstreamError::clone)
    }

    /// Sends a request and reads the whole answer: JSON, where it is a success.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, UpstreamError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| UpstreamError::new(Reason::Malformed, causes(&error.without_url())))?;
        check(request.url(), &self.outbound)?;
        let shown = shown(request.url());
        let failed = |error: reqwest::Error| failure(&shown, error);
        let mut response = self.client()?.execute(request).await.map_err(failed)?;
        let refuse = |reason, what: &str| UpstreamError::new(reason, format!("{shown} {what}"));
        let status = response.status();
        if status.is_redirection() {
            return Err(refuse(Reason::Redirect, "answered with a redirect"));
        }
        if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
            return Err(refuse(Reason::NotNow, &format!("answered {}", status.as_u16())));
        }
        if is_encoded(response.headers()) {
            return Err(refuse(Reason::Encoded, "answered with a compressed body, which was not asked for"));
        }
        let json = is_json(response.headers());
        if status.is_success() && !json {
            return Err(refuse(Reason::ContentType, "answered something else than JSON"));
        }
        let too_large = || refuse(Reason::TooLarge, "answered more than is read");
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |length| length > LONGEST) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        // An error page of some proxy on the way says nothing.
        let mut answer = Answer::new(if json { body } else { Vec::new() });
        *answer.status_mut() = status;
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    /// GET of a JSON document.
    pub(super) async fn get(&self, url: &Url, headers: &[(&'static str, &str)]) -> Result<Answer, UpstreamError> {
        let mut request = http::Request::get(url.as_str()).header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Vec::new()).map_err(|error| {
            let cause = format!("a request to {} cannot be made: {error}", shown(url));
            UpstreamError::new(Reason::Malformed, cause)
        })?;
        self.send(request).await
    }

    /// GET of a JSON object by the holder of a token; 200 only.
    pub(super) async fn get_object(&self, url: &Url, token: &str) -> Result<Map<String, Value>, UpstreamError> {
        let answer = self.get(url, &[("authorization", &format!("Bearer {token}"))]).await?;
        match read_ok(url, &answer)? {
            Value::Object(members) => Ok(members),
            _ => Err(UpstreamError::new(Reason::Malformed, format!("{} answered no JSON object", shown(url)))),
        }
    }
}

/// The JSON of an answer that has to be a success.
pub(super) fn read_ok(url: &Url, answer: &Answer) -> Result<Value, UpstreamError> {
    if answer.status() != http::StatusCode::OK {
        return Err(UpstreamError::new(
            Reason::Status,
            format!("{} answered {}", shown(url), answer.status().as_u16()),
        ));
    }
    serde_json::from_slice(answer.body()).map_err(|error| {
        let place = format!("{} answered no JSON: {:?} at column {}", shown(url), error.classify(), error.column());
        UpstreamError::new(Reason::Malformed, place)
    })
}

/// A URL for the log: its query may hold secrets.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Whether a URL may be connected to, as far as it tells: a name is resolved and checked by [`CheckedNames`].
fn check(url: &Url, outbound: &Outbound) -> Result<(), UpstreamError> {
    let refuse = |why: &str| Err(UpstreamError::new(Reason::Address, format!("{}: {why}", shown(url))));
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("a URL with a user name is not asked");
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
        None => return refuse("a URL without a host is not asked"),
    };
    if address.is_some_and(|address| !may_dial(address, outbound)) {
        return refuse("the address is not of the public internet, and [outbound] allow does not name it");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => refuse("only https is asked, or http on the loopback"),
    }
}

/// Whether a browser may be sent there: to https, or to this machine.
pub(super) fn check_sent_to(url: &Url) -> Result<(), UpstreamError> {
    if url.scheme() == "https" || is_loopback(url) {
        return Ok(());
    }
    Err(UpstreamError::new(Reason::Metadata, format!("{}: people are sent to https only", shown(url))))
}

/// Whether a URL leads to this machine by its text: `localhost` resolves to nothing else here.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}

fn is_localhost(name: &str) -> bool {
    name.trim_end_matches('.').eq_ignore_ascii_case("localhost")
}

fn may_dial(address: IpAddr, outbound: &Outbound) -> bool {
    is_public(address) || outbound.allows(address)
}

/// Resolves names to addresses that may be dialled. The client dials what comes from here and nothing else, so that
/// a name which answers differently a moment later changes nothing.
struct CheckedNames {
    outbound: Arc<Outbound>,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let outbound = Arc::clone(&self.outbound);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let checked = dialled(name.as_str(), found, &outbound);
            if checked.is_empty() {
                return Err(AddressRefused.into());
            }
            let addresses: Addrs = Box::new(checked.into_iter());
            Ok(addresses)
        })
    }
}

/// Of the addresses of a name, those that may be dialled.
fn dialled(name: &str, found: impl Iterator<Item = SocketAddr>, outbound: &Outbound) -> Vec<SocketAddr> {
    let local = is_localhost(name);
    found.filter(|address| may_dial(address.ip(), outbound) && (!local || address.ip().is_loopback())).collect()
}

/// A name that has no address which may be dialled.
#[derive(Debug)]
struct AddressRefused;

impl fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address of the name is of the public internet or in [outbound] allow")
    }
}

impl std::error::Error for AddressRefused {}

fn failure(shown: &str, error: reqwest::Error) -> UpstreamError {
    let error = error.without_url();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut refused = false;
    while let Some(inner) = source {
        refused |= inner.is::<AddressRefused>();
        source = inner.source();
    }
    let reason = if refused {
        Reason::Address
    } else if error.is_timeout() {
        Reason::Timeout
    } else {
        Reason::Unreachable
    };
    UpstreamError::new(reason, format!("{shown}: {}", causes(&error)))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// `application/json`, or a type that is written in it (`application/jwk-set+json`).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests;
