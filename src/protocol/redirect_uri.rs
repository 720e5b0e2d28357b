//! RFC 6749 3.1.2, RFC 8252 7 and 8, RFC 9700 2.1: redirect URIs, registered and requested.
//!
//! Owns: what may be registered and the one comparison. Does not own: what is sent there (`reply`).

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::protocol::host;

/// OpenID Connect Registration 2: which kind of redirect URI a client may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationType {
    /// https, or http on loopback with the registered port.
    #[default]
    Web,
    /// Also loopback with any port, and private-use schemes that contain a dot.
    Native,
}

/// A redirect URI as it stands in a client's registration: absolute, no fragment, no userinfo.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Why a redirect URI may not be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Not an absolute URI, too long, or with a character that browsers would rewrite.
    #[error("must be an absolute URI of at most 2000 visible ASCII characters without backslash")]
    Shape,
    /// RFC 6749 3.1.2.
    #[error("must not have a fragment ('#')")]
    Fragment,
    /// Confuses readers about the host.
    #[error("must not have a user name or password before the host")]
    Userinfo,
    /// Would end the policy that names it.
    #[error("must have a host of letters, digits, '-', '.' and '_' (an international name in its xn-- form)")]
    Host,
    /// Only exact matches exist here.
    #[error("wildcards are not supported: register each URI in full")]
    Wildcard,
    /// RFC 9700 2.6.
    #[error("http is only allowed on loopback (127.0.0.1, [::1], localhost): use https")]
    PlainHttp,
    /// A `web` client's loopback URI names its port.
    #[error("a loopback http URI of a web client needs its port, or set application_type = \"native\"")]
    LoopbackWithoutPort,
    /// RFC 8252 7.1.
    #[error(
        "a private-use scheme must contain a dot (com.example.app:/callback) and needs application_type = \"native\""
    )]
    Scheme,
    /// `/../` and the like, which the parser of a browser would rewrite.
    #[error("must be in normal form: no dot segments, no upper-case host, no default port")]
    NotNormal,
}

impl RedirectUri {
    /// Reads a URI for registration.
    ///
    /// # Errors
    /// When a client of that type must not have it.
    pub fn parse(text: &str, application_type: ApplicationType) -> Result<Self, RedirectUriError> {
        let visible = text.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !b"\\\"<>^`{|}".contains(&byte));
        if text.is_empty() || text.len() > 2000 || !visible {
            return Err(RedirectUriError::Shape);
        }
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::Shape)?;
        if text.contains('*') {
            return Err(RedirectUriError::Wildcard);
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(RedirectUriError::Userinfo);
        }
        match url.scheme() {
            "http" if !is_loopback(&url) => return Err(RedirectUriError::PlainHttp),
            "http" if application_type == ApplicationType::Web && url.port().is_none() => {
                return Err(RedirectUriError::LoopbackWithoutPort);
            }
            "http" | "https" => {}
            scheme if application_type == ApplicationType::Native && scheme.contains('.') => {
                return Ok(Self(text.to_owned()));
            }
            _ => return Err(RedirectUriError::Scheme),
        }
        if !host::is_plain(&url) {
            return Err(RedirectUriError::Host);
        }
        // `https://app.example` is what people write for `https://app.example/`; it stays as written.
        if url.as_str() != text && url.as_str() != format!("{text}/") {
            return Err(RedirectUriError::NotNormal);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a port may vary: http on loopback (RFC 8252 7.3, and `localhost` for the clients that use it).
    fn is_loopback_http(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
    }

    /// The web origin it stands for (`https://app.example`), for CORS; `None` for private-use schemes.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let origin = Url::parse(&self.0).ok()?.origin();
        origin.is_tuple().then(|| origin.ascii_serialization())
    }
}

fn authority(text: &str) -> &str {
    let after = text.split_once("://").map_or("", |(_, rest)| rest);
    after.split(['/', '?']).next().unwrap_or_default()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// A requested redirect URI that is on this client's list: the only thing an answer may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegisteredRedirectUri(String);

/// Why no redirect URI could be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// None was sent and the client does not have exactly one.
    #[error("redirect_uri is missing")]
    Missing,
    /// The one sent is not on the list.
    #[error("redirect_uri is not registered for this client")]
    NotRegistered,
}

impl RegisteredRedirectUri {
    /// Finds the requested URI on the client's list: byte for byte, but for the port of a native
    /// client's loopback URI. Without a request, the only one registered.
    ///
    /// # Errors
    /// When there is no such URI.
    pub fn choose(
        registered: &[RedirectUri],
        application_type: ApplicationType,
        requested: Option<&str>,
    ) -> Result<Self, ChooseError> {
        let Some(requested) = requested else {
            return match registered {
                [only] => Ok(Self(only.0.clone())),
                _ => Err(ChooseError::Missing),
            };
        };
        let exact = registered.iter().any(|uri| uri.0 == requested);
        let any_port = application_type == ApplicationType::Native
            && registered.iter().any(|uri| uri.is_loopback_http() && same_but_port(&uri.0, requested));
        if exact || any_port { Ok(Self(requested.to_owned())) } else { Err(ChooseError::NotRegistered) }
    }

    /// The text as requested.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host a person recognises, for the consent page; a private-use URI gives its scheme.
    #[must_use]
    pub fn shown_host(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => url.host_str().map_or_else(|| format!("{}:", url.scheme()), str::to_owned),
            Err(_) => String::new(),
        }
    }

    /// Whether a form can be posted there: an application on a private-use scheme is only ever opened.
    #[must_use]
    pub fn takes_post(&self) -> bool {
        ["https://", "http://"].iter().any(|scheme| {
            self.0.split_at_checked(scheme.len()).is_some_and(|(head, _)| head.eq_ignore_ascii_case(scheme))
        })
    }

    /// What CSP `form-action` must name so that a form may end there: the origin, or the bare scheme
    /// for a private-use scheme and for IP literals other than 127.0.0.1, which CSP cannot express.
    #[must_use]
    pub fn form_action(&self) -> String {
        let Ok(url) = Url::parse(&self.0) else { return String::new() };
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => ip != std::net::Ipv4Addr::LOCALHOST,
            Some(Host::Ipv6(_)) => true,
            _ => false,
        };
        if literal || !url.origin().is_tuple() {
            return format!("{}:", url.scheme());
        }
        url.origin().ascii_serialization()
    }
}

impl fmt::Display for RegisteredRedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether two raw URIs are the same text but for the port behind the host.
fn same_but_port(registered: &str, requested: &str) -> bool {
    match (split_port(registered), split_port(requested)) {
        (Some((host, rest)), Some((other_host, other_rest))) => host == other_host && rest == other_rest,
        _ => false,
    }
}

/// `http://host[:port]rest` as (`host`, `rest`), read from the raw text so that nothing is normalised.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let after = text.strip_prefix("http://")?;
    let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.ends_with(']') => {
            let digits = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
            (digits && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some(host)?
        }
        _ => authority,
    };
    Some((host, rest))
}
