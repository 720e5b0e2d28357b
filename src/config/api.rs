//! `[[apis]]`: the protected APIs and their scopes.
//!
//! Owns: one such table. Does not own: what it refers to (`registry`).

use url::Url;

use crate::config::document::{Data, Table, Value};
use crate::config::lifetimes;
use crate::config::note::Shape;
use crate::config::section::{Found, Reader, Section};
use crate::config::source::Place;
use crate::config::values::ScopeList;
use crate::model::registry::{Api, ApiScope};
use crate::model::shared_secret::{AccessTokenSigning, SharedSecret};
use crate::model::signing_key::Algorithm;
use crate::protocol::ids::ClientId;
use crate::protocol::scope::Scope;

/// An API as written, with the places that references need.
#[derive(Debug, Clone)]
pub(super) struct WrittenApi {
    pub(super) audience: Found<String>,
    pub(super) scopes: Vec<WrittenScope>,
    pub(super) introspection_clients: Vec<Found<ClientId>>,
    pub(super) signing: AccessTokenSigning,
    /// Where the secret of HS256 stands.
    pub(super) secret: Option<Place>,
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
                .map(|scope| ApiScope {
                    name: scope.name.value,
                    description: scope.description,
                    implies: scope.implies.scopes.iter().cloned().collect(),
                })
                .collect(),
            access_token_lifetime: self.access_token_lifetime,
            signing: self.signing,
            introspection_clients: self.introspection_clients.into_iter().map(|client| client.value).collect(),
        }
    }
}

/// A scope of an API as written.
#[derive(Debug, Clone)]
pub(super) struct WrittenScope {
    pub(super) name: Found<Scope>,
    description: String,
    pub(super) implies: ScopeList,
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
    let signing = signing(&mut section, audience.as_ref().map_or("", |found| found.value.as_str()));
    let access_token_lifetime = section.duration("access_token_lifetime", lifetimes::ACCESS_TOKEN);
    let introspection_clients = client_ids(&mut section);
    section.finish();
    Some(WrittenApi {
        audience: audience?,
        scopes,
        introspection_clients,
        signing: signing.0,
        secret: signing.1,
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
pub(super) fn algorithm(section: &mut Section<'_, '_>, key: &'static str, default: Algorithm) -> Algorithm {
    let found = section.word(key, Algorithm::ALL.map(Algorithm::as_str));
    section.default_is(key, default.as_str());
    found.and_then(|found| read_algorithm(section, key, &found)).unwrap_or(default)
}

fn read_algorithm(
    section: &mut Section<'_, '_>,
    key: &str,
    Found { value, place }: &Found<String>,
) -> Option<Algorithm> {
    let algorithm = Algorithm::parse(value);
    if algorithm.is_none() {
        let names = Algorithm::ALL.map(|algorithm| format!("\"{}\"", algorithm.as_str()));
        let message = if value == "HS256" {
            format!("`{key}` cannot be \"HS256\": only an API has tokens signed with a shared secret")
        } else {
            format!("`{key}` cannot be \"{value}\"")
        };
        section.fault(place, message, format!("write {key} = {}", names.join(" or ")));
    }
    algorithm
}

/// The algorithm, and for HS256 the secret with its place.
fn signing(section: &mut Section<'_, '_>, audience: &str) -> (AccessTokenSigning, Option<Place>) {
    const HELP: &str = "write signing_secret_file = \"PATH\" or signing_secret = { env = \"NAME\" }, with at least 32 bytes \
                        that no other API has: head -c 32 /dev/urandom | base64";
    let default = || AccessTokenSigning::Key(Algorithm::ES256);
    let found = section.word("signing_alg", Algorithm::ALL.map(Algorithm::as_str).into_iter().chain(["HS256"]));
    section.default_is("signing_alg", Algorithm::ES256.as_str());
    let secrets = section.secrets("signing_secret", "signing_secret_file");
    let Some(shared) = found.as_ref().filter(|found| found.value == "HS256") else {
        if let Some(place) = &secrets.place {
            section.fault(
                place,
                "`signing_secret` is only for signing_alg = \"HS256\"",
                "remove it: keys are made here",
            );
        }
        let algorithm = found.and_then(|found| read_algorithm(section, "signing_alg", &found));
        return (algorithm.map_or_else(default, AccessTokenSigning::Key), None);
    };
    if secrets.place.is_none() {
        section.fault(&shared.place, "`signing_alg` = \"HS256\" needs a secret that the API shares", HELP);
    }
    let mut read = Vec::new();
    for secret in &secrets.found {
        if secret.in_the_open {
            section.fault(&secret.place, "`signing_secret` shows the secret to all who read this file", HELP);
        } else if let Some(shared) = SharedSecret::new(secret.text.clone(), audience) {
            read.push((shared, secret.place.clone()));
        } else {
            section.fault(&secret.place, "`signing_secret` has fewer than 32 bytes", HELP);
        }
    }
    if let [_, (_, place), ..] = read.as_slice() {
        section.fault(place, "`signing_secret` takes one secret", "keep the one that the API verifies with");
    }
    // Where there is none, there is a fault.
    read.into_iter()
        .next()
        .map_or_else(|| (default(), None), |(shared, place)| (AccessTokenSigning::Secret(shared), Some(place)))
}

/// `scopes = [{ name = "read:users", description = "…" }]`.
fn scopes(section: &mut Section<'_, '_>) -> (Vec<WrittenScope>, bool) {
    let help = "write scopes = [{ name = \"read:users\", description = \"See the list of users\" }]";
    let items = match section.take("scopes", Shape::Tables) {
        None => {
            if section.reader.is_probing() {
                scope(section.reader, Table::default());
            }
            return (Vec::new(), true);
        }
        Some(Value { data: Data::Array(items), .. }) => items,
        Some(other) => {
            section.wrong("scopes", &other, "a list of tables", help);
            return (Vec::new(), false);
        }
    };
    let count = items.len();
    let mut scopes = Vec::with_capacity(count);
    for item in items {
        match item {
            Value { data: Data::Table(table), .. } => scopes.extend(scope(section.reader, table)),
            other => section.wrong("scopes", &other, "a list of tables", help),
        }
    }
    let complete = scopes.len() == count;
    (scopes, complete)
}

fn scope(reader: &mut Reader<'_>, table: Table) -> Option<WrittenScope> {
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
    let implies = section.scopes("implies").unwrap_or_default();
    section.finish();
    Some(WrittenScope { name: name?, description, implies })
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
