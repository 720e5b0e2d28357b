//! RFC 8414 and OpenID Connect Discovery 4: what an issuer tells of itself.
//!
//! Owns: where it stands, that it is of this very issuer, and which URLs may be asked. Does not own: fetching (`http`).

use serde_json::Value;
use url::{Host, Url};

use super::http::Trouble;
use crate::json;

/// The part of it that a guard needs.
pub(super) struct Metadata {
    pub(super) jwks_uri: Url,
    pub(super) introspection_endpoint: Option<Url>,
}

impl Metadata {
    /// Reads the document of an issuer, whose name must be the same character by character (RFC 8414 3.3).
    pub(super) fn read(issuer: &str, text: &[u8]) -> Result<Self, Trouble> {
        let document = json::object(text).ok_or_else(|| Trouble::new("the metadata is no JSON object"))?;
        if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(Trouble::new("the metadata is of another issuer"));
        }
        let url = |name: &str| match document.get(name) {
            None => Ok(None),
            Some(value) => match value.as_str().and_then(|text| Url::parse(text).ok()).filter(may_be_asked) {
                Some(url) => Ok(Some(url)),
                None => Err(Trouble::new(format!("{name} of the metadata is no URL that may be asked"))),
            },
        };
        let jwks_uri = url("jwks_uri")?.ok_or_else(|| Trouble::new("the metadata has no jwks_uri"))?;
        Ok(Self { jwks_uri, introspection_endpoint: url("introspection_endpoint")? })
    }
}

/// Where the metadata of an issuer may be: RFC 8414 3.1 first, then OpenID Connect Discovery 4.1.
pub(super) fn places(issuer: &str) -> Result<Vec<Url>, &'static str> {
    let url = Url::parse(issuer).map_err(|_| "is no URL")?;
    if !may_be_asked(&url) {
        return Err("is neither https nor http on the loopback, or has a user name");
    }
    if issuer.contains(['?', '#']) {
        return Err("has a query or a fragment");
    }
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut place = url.clone();
        place.set_path(&path);
        place
    };
    Ok(vec![
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ])
}

/// https, or http to this very machine; no user name in it.
fn may_be_asked(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let named = !url.username().is_empty() || url.password().is_some();
    !named && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.com";

    fn read(text: &str) -> Result<Metadata, Trouble> {
        Metadata::read(ISSUER, text.as_bytes())
    }

    #[test]
    fn metadata_stands_where_the_two_standards_say() {
        let at = |issuer: &str| places(issuer).expect(issuer).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(
            at(ISSUER),
            [
                "https://id.example.com/.well-known/oauth-authorization-server",
                "https://id.example.com/.well-known/openid-configuration"
            ]
        );
        for tenant in ["https://id.example.com/a/b", "https://id.example.com/a/b/"] {
            assert_eq!(
                at(tenant),
                [
                    "https://id.example.com/.well-known/oauth-authorization-server/a/b",
                    "https://id.example.com/a/b/.well-known/openid-configuration"
                ]
            );
        }
    }

    #[test]
    fn what_is_no_issuer_is_refused() {
        for good in ["http://localhost:9400", "http://127.0.0.1:1/a", "http://[::1]:1", ISSUER] {
            assert!(places(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "id.example.com",
            "http://id.example.com",
            "http://localhost.example.com",
            "ftp://id.example.com",
            "https://ada@id.example.com",
            "https://id.example.com?a",
            "https://id.example.com#",
        ] {
            assert!(places(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_metadata_of_this_very_issuer_counts() {
        let good = r#"{"issuer":"https://id.example.com","jwks_uri":"https://keys.example.com/jwks"}"#;
        let metadata = read(good).expect("metadata");
        assert_eq!(metadata.jwks_uri.as_str(), "https://keys.example.com/jwks");
        assert!(metadata.introspection_endpoint.is_none());
        for bad in [
            "[]",
            r#"{"issuer":"https://id.example.com"}"#,
            r#"{"jwks_uri":"https://id.example.com/jwks"}"#,
            r#"{"issuer":"https://id.example.com/","jwks_uri":"https://id.example.com/jwks"}"#,
            r#"{"issuer":"https://ID.example.com","jwks_uri":"https://id.example.com/jwks"}"#,
            r#"{"issuer":"https://id.example.com","jwks_uri":"http://id.example.com/jwks"}"#,
            r#"{"issuer":"https://id.example.com","jwks_uri":"file:///etc/passwd"}"#,
            r#"{"issuer":"https://id.example.com","jwks_uri":7}"#,
            r#"{"issuer":"https://evil.example","issuer":"https://id.example.com","jwks_uri":"https://a/jwks"}"#,
            r#"{"issuer":"https://id.example.com","jwks_uri":"https://a/jwks","introspection_endpoint":"http://b"}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
