//! `[[apis]]`: the protected APIs and their scopes.
//!
//! Owns: one such table. Does not own: what it refers to (`registry`).

use url::Url;

use crate::config::document::{Data, Table, Value};
use crate::config::lifetimes;
use crate::config::section::{Found, Reader, Section};
use crate::model::registry::{Api, ApiScope};
use crate::model::signing_key::Algorithm;
use crate::protocol::ids::ClientId;
use crate::protocol::scope::Scope;

/// An API as written, with the places that references need.
#[derive(Debug, Clone)]
pub(super) struct WrittenApi {
    pub(super) audience: Found<String>,
    pub(super) scopes: Vec<(Found<Scope>, String)>,
    pub(super) introspection_clients: Vec<Found<ClientId>>,
    pub(super) signing_alg: Algorithm,
    pub(super) access_token_lifetime: Option<std::time::Duration>,
    /// Whether every scope could be read: else a scope that nobody has may be one of these.
    pub(super) complete: bool,
}

impl WrittenApi {
    /// Without the places.
    pub(super) fn into_api(self) -> Api {
        Api {
            audience: self.audience.value,
            scopes: self
                .scopes
                .into_iter()
                .map(|(name, description)| ApiScope { name: name.value, description })
                .collect(),
            access_token_lifetime: self.access_token_lifetime,
            signing_alg: self.signing_alg,
            introspection_clients: self.introspection_clients.into_iter().map(|client| client.value).collect(),
        }
    }
}

/// Reads one table; `None` when it has no audience that could name it.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Option<WrittenApi> {
    let mut section = reader.entry("apis", table);
    if !section.is_set("audience") {
        section
            .missing("audience", "write the URI that names the API in tokens: audience = \"https://api.example.com\"");
    }
    let audience = section.parsed("audience", parse_audience, |_| {
        "write an absolute URI, usually the base URL of the API: audience = \"https://api.example.com\"".to_owned()
    });
    let (scopes, complete) = scopes(&mut section);
    let signing_alg = algorithm(&mut section, "signing_alg").unwrap_or(Algorithm::ES256);
    let access_token_lifetime = section.duration("access_token_lifetime", lifetimes::ACCESS_TOKEN);
    let introspection_clients = client_ids(&mut section);
    section.finish();
    Some(WrittenApi {
        audience: audience?,
        scopes,
        introspection_clients,
        signing_alg,
        access_token_lifetime: access_token_lifetime.map(|found| found.value),
        complete,
    })
}

fn parse_audience(text: &str) -> Result<String, &'static str> {
    let visible = text.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !b"\"\\<>^`{|}".contains(&byte));
    if text.len() > 2000 || !visible || Url::parse(text).is_err() {
        return Err("must be an absolute URI of at most 2000 visible ASCII characters");
    }
    if text.contains('#') {
        return Err("must not have a fragment ('#')");
    }
    Ok(text.to_owned())
}

/// The algorithms that this version signs with; others get a fault that says which there are.
pub(super) fn algorithm(section: &mut Section<'_, '_>, key: &'static str) -> Option<Algorithm> {
    let Found { value, place } = section.string(key)?;
    let algorithm = Algorithm::parse(&value);
    if algorithm.is_none() {
        let names = Algorithm::ALL.map(|algorithm| format!("\"{}\"", algorithm.as_str()));
        let planned = value == "HS256";
        let message = if planned {
            format!("`{key}` = \"{value}\" is not supported in this version")
        } else {
            format!("`{key}` cannot be \"{value}\"")
        };
        section.fault(&place, message, format!("write {key} = {}", names.join(" or ")));
    }
    algorithm
}

/// `scopes = [{ name = "read:users", description = "…" }]`.
fn scopes(section: &mut Section<'_, '_>) -> (Vec<(Found<Scope>, String)>, bool) {
    let help = "write scopes = [{ name = \"read:users\", description = \"See the list of users\" }]";
    let items = match section.take("scopes") {
        None => return (Vec::new(), true),
        Some(Value { data: Data::Array(items), .. }) => items,
        Some(other) => {
            section.wrong("scopes", &other, "a list of tables", help);
            return (Vec::new(), false);
        }
    };
    let count = items.len();
    let mut scopes: Vec<(Found<Scope>, String)> = Vec::with_capacity(count);
    for item in items {
        match item {
            Value { data: Data::Table(table), .. } => scopes.extend(scope(section.reader, table)),
            other => section.wrong("scopes", &other, "a list of tables", help),
        }
    }
    let complete = scopes.len() == count;
    (scopes, complete)
}

fn scope(reader: &mut Reader<'_>, table: Table) -> Option<(Found<Scope>, String)> {
    let mut section = reader.entry("apis.scopes", table);
    if !section.is_set("name") {
        section.missing("name", "write what clients ask for: name = \"read:users\"");
    }
    if !section.is_set("description") {
        section.missing(
            "description",
            "write what it means to a person who is asked for consent: description = \"See the list of users\"",
        );
    }
    let name = section.parsed(
        "name",
        |text| match Scope::parse(text) {
            None => {
                Err("is not a scope: 1 to 128 visible ASCII characters without space, quote and backslash".to_owned())
            }
            Some(scope) if scope.is_openid() => {
                Err(format!("\"{scope}\" is a scope of OpenID Connect, which no API can own"))
            }
            Some(scope) => Ok(scope),
        },
        |_| "choose a name of the API's own, such as \"read:users\"".to_owned(),
    );
    let description = section.string("description").map(|found| found.value).unwrap_or_default();
    section.finish();
    Some((name?, description))
}

fn client_ids(section: &mut Section<'_, '_>) -> Vec<Found<ClientId>> {
    let mut ids = Vec::new();
    for Found { value, place } in section.strings("introspection_clients").unwrap_or_default() {
        match ClientId::parse(&value) {
            Ok(value) => ids.push(Found { value, place }),
            Err(error) => {
                section.fault(
                    &place,
                    format!("`introspection_clients`: {error}"),
                    "write the client_id of a [[clients]] entry",
                );
            }
        }
    }
    ids
}
