//! Where a provider is: URLs that this server will talk to, and issuers that it compares.
//!
//! Owns: what such a URL must be. Does not own: connecting, where the same is checked again with the address that a
//! name has then (`upstream`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::config::outbound::Outbound;
use crate::config::section::{Found, Section};
use crate::protocol::host;

/// Why a text is not such a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error("must be an absolute https URL")]
    Shape,
    #[error("must not have a user name, a password or a fragment")]
    Extra,
    #[error("must have a host of letters, digits, '-', '.' and '_'")]
    Host,
    #[error("must begin with https://: http is only for this machine")]
    PlainHttp,
    #[error("is at a private address that [outbound] allow does not cover")]
    Private(IpAddr),
}

impl Unfit {
    fn help(self, text: &str) -> String {
        match self {
            Self::Shape => "write it in full: \"https://id.example.com/…\"".to_owned(),
            Self::Extra => "remove what stands between // and @, and behind '#'".to_owned(),
            Self::Host => "write the name as it is looked up; an international one in its xn-- form".to_owned(),
            Self::PlainHttp => format!("write \"{}\"", text.replacen("http://", "https://", 1)),
            Self::Private(address) if address.is_loopback() => {
                "write [outbound] allow = [\"127.0.0.0/8\", \"::1\"]; nothing is needed for `vestibule dev`".to_owned()
            }
            Self::Private(address) => format!("write [outbound] allow = [\"{address}\"], or the range that it is in"),
        }
    }
}

/// A URL of a provider.
pub(super) fn url(section: &mut Section<'_, '_>, key: &str, found: &Found<String>, outbound: &Outbound) -> Option<Url> {
    match check(&found.value, outbound) {
        Ok(url) => Some(url),
        Err(unfit) => {
            section.fault(&found.place, format!("`{key}` {unfit}"), unfit.help(&found.value));
            None
        }
    }
}

/// An issuer (OpenID Connect Core 2): what ID tokens have to say, byte for byte, with or without a slash at the end.
pub(super) fn issuer(
    section: &mut Section<'_, '_>,
    key: &str,
    found: &Found<String>,
    outbound: &Outbound,
) -> Option<String> {
    let url = url(section, key, found, outbound)?;
    let text = found.value.as_str();
    let (message, help) = if let Some((issuer, _)) = text.split_once("/.well-known/") {
        (
            "is the address of a document, not an issuer",
            format!("write what \"issuer\" says in it, perhaps \"{issuer}\""),
        )
    } else if url.query().is_some() {
        ("must not have a query", format!("cut it at the '?': \"{}\"", text.split('?').next().unwrap_or_default()))
    } else if url.as_str().trim_end_matches('/') != text.trim_end_matches('/') {
        ("is not in normal form", format!("write \"{}\"", url.as_str().trim_end_matches('/')))
    } else {
        return Some(text.to_owned());
    };
    section.fault(&found.place, format!("`{key}` {message}"), help);
    None
}

/// Whether it is on this machine, by its name or its address.
pub(super) fn is_loopback(url: &Url) -> bool {
    addresses(url).iter().any(IpAddr::is_loopback)
}

fn check(text: &str, outbound: &Outbound) -> Result<Url, Unfit> {
    let url = Url::parse(text).map_err(|_| Unfit::Shape)?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Unfit::Shape);
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(Unfit::Extra);
    }
    if !host::is_plain(&url) {
        return Err(Unfit::Host);
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Unfit::PlainHttp);
    }
    let known = addresses(&url);
    let private = known.iter().map(IpAddr::to_canonical).find(|address| is_private(*address));
    match private {
        Some(address) if !known.iter().any(|address| outbound.allows(*address)) => Err(Unfit::Private(address)),
        _ => Ok(url),
    }
}

/// The addresses that it is known to have without asking anybody.
fn addresses(url: &Url) -> Vec<IpAddr> {
    match url.host() {
        Some(Host::Domain(name)) if name.trim_end_matches('.') == "localhost" => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(_)) | None => Vec::new(),
    }
}

/// Addresses that no provider on the internet has.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified() || v4.is_multicast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast()
        }
    }
}
