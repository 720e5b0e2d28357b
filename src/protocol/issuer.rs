//! RFC 8414 2 and OpenID Connect Discovery 3: the issuer and the URLs under it.
//!
//! Owns: its normal form, byte-identical everywhere. Does not own: which URLs exist (`web/urls`).

use std::fmt;

use serde::Serialize;
use url::{Host, Url};

use crate::protocol::host;

/// The issuer: an http(s) URL without query, fragment, userinfo or trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Issuer {
    text: String,
    #[serde(skip)]
    origin: String,
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    loopback: bool,
}

/// Why a text is not an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Not an absolute http or https URL.
    #[error("must be an absolute https URL, for example https://id.example.com")]
    Shape,
    /// RFC 8414 2.
    #[error("must not have a query, fragment, user name or password")]
    Extra,
    /// Clients compare it byte for byte.
    #[error("must not end with a slash and must be in normal form (lower-case host, no default port, no dot segments)")]
    NotNormal,
    /// Would end what it is quoted in.
    #[error("must have a host of letters, digits, '-', '.' and '_' (an international name in its xn-- form)")]
    Host,
    /// RFC 8414 2; http only where nobody else can listen.
    #[error("http is only allowed on loopback: use https")]
    PlainHttp,
}

impl Issuer {
    /// Reads an issuer.
    ///
    /// # Errors
    /// When the text is not the normal form of an https URL, or of an http URL on loopback.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).map_err(|_| IssuerError::Shape)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(IssuerError::Shape);
        }
        let userinfo = !url.username().is_empty() || url.password().is_some();
        if url.query().is_some() || url.fragment().is_some() || userinfo {
            return Err(IssuerError::Extra);
        }
        if !host::is_plain(&url) {
            return Err(IssuerError::Host);
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !loopback {
            return Err(IssuerError::PlainHttp);
        }
        if url.as_str().trim_end_matches('/') != text {
            return Err(IssuerError::NotNormal);
        }
        let origin = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { text: text.to_owned(), origin, path, loopback })
    }

    /// The issuer, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path, empty or beginning with a slash, never ending with one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is an https issuer: then cookies are `__Host-` and Secure.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Whether its host is this machine alone.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
