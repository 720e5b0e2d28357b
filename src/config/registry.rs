//! Clients, APIs, roles and providers together: unique names and no dangling one.
//!
//! Owns: what those tables say of each other. Does not own: one table alone (`client`, `api`, `role`, `provider`), or
//! what concerns providers (`provider/references`).

use std::collections::HashMap;

use crate::config::api::{self, WrittenApi};
use crate::config::client::{self, WrittenClient};
use crate::config::document::Table;
use crate::config::fault::{Fault, Kind};
use crate::config::nearest::nearest;
use crate::config::outbound::Outbound;
use crate::config::provider::{self, WrittenProvider, references};
use crate::config::role::{self, WrittenRole};
use crate::config::section::{Found, Reader, Section};
use crate::config::source::Place;
use crate::config::values::ScopeList;
use crate::model::registry::Registry;
use crate::model::shared_secret::{AccessTokenSigning, SharedSecret};
use crate::protocol::issuer::Issuer;
use crate::protocol::scope::Scope;

/// The tables that there may be many of, not yet read.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) clients: Vec<Table>,
    pub(super) apis: Vec<Table>,
    pub(super) roles: Vec<Table>,
    pub(super) providers: Vec<Table>,
}

impl Lists {
    /// Takes them off the top level.
    pub(super) fn take(section: &mut Section<'_, '_>) -> Self {
        Self {
            clients: section.tables("clients"),
            apis: section.tables("apis"),
            roles: section.tables("roles"),
            providers: section.tables("providers"),
        }
    }
}

/// Every table as written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) clients: Vec<WrittenClient>,
    pub(super) apis: Vec<WrittenApi>,
    pub(super) roles: Vec<WrittenRole>,
    pub(super) providers: Vec<WrittenProvider>,
}

impl Written {
    /// Reads the tables, each by itself.
    pub(super) fn read(reader: &mut Reader<'_>, lists: Lists, outbound: &Outbound) -> Self {
        Self {
            clients: lists.clients.into_iter().filter_map(|table| client::read(reader, table)).collect(),
            apis: lists.apis.into_iter().filter_map(|table| api::read(reader, table)).collect(),
            roles: lists.roles.into_iter().filter_map(|table| role::read(reader, table)).collect(),
            providers: lists
                .providers
                .into_iter()
                .filter_map(|table| provider::read(reader, table, outbound))
                .collect(),
        }
    }

    /// Adds the tables of another, behind these.
    pub(super) fn extend(&mut self, other: Self) {
        self.clients.extend(other.clients);
        self.apis.extend(other.apis);
        self.roles.extend(other.roles);
        self.providers.extend(other.providers);
    }

    /// Records what is wrong between the tables.
    pub(super) fn check(&self, reader: &mut Reader<'_>, issuer: Option<&Issuer>) {
        let ids = self.clients.iter().map(|client| (client.client.client_id.as_str(), &client.place));
        unique(reader, "client_id", ids);
        unique(reader, "audience", self.apis.iter().map(|api| (api.audience.value.as_str(), &api.audience.place)));
        unique(reader, "role", self.roles.iter().map(|role| (role.name.value.as_str(), &role.name.place)));
        unique(reader, "scope", self.scopes().map(|scope| (scope.value.as_str(), &scope.place)));
        self.check_audiences(reader, issuer);
        self.check_secrets(reader);
        self.check_introspection(reader);
        self.check_scopes(reader);
        self.apis.iter().filter(|api| api.complete).for_each(|api| check_implied(reader, api));
        references::check(reader, self, issuer);
    }

    /// Every scope of every API.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &Found<Scope>> {
        self.apis.iter().flat_map(|api| api.scopes.iter().map(|scope| &scope.name))
    }

    fn check_audiences(&self, reader: &mut Reader<'_>, issuer: Option<&Issuer>) {
        for api in &self.apis {
            let audience = api.audience.value.as_str();
            if issuer.is_some_and(|issuer| issuer.as_str() == audience.trim_end_matches('/')) {
                let help = "name the API by a URI of its own: a token for it must not open this server";
                reader.faults.push(Fault::at(&api.audience.place, "`audience` is the issuer", help));
            }
        }
        for client in &self.clients {
            let (Some(audience), Some(place)) = (&client.client.default_audience, &client.default_audience) else {
                continue;
            };
            let audiences = || self.apis.iter().map(|api| api.audience.value.as_str());
            if !audiences().any(|known| known == audience) {
                let help = dangling("write the `audience` of an [[apis]] entry", audience, audiences());
                let fault = Fault::at(place, format!("no API has the audience \"{audience}\""), help);
                reader.faults.push(fault.kind(Kind::Absent));
            }
        }
    }

    /// An API that shares its secret must not be able to make tokens for another, and is asked for by
    /// name: what was not meant for it stays with keys of ours.
    fn check_secrets(&self, reader: &mut Reader<'_>) {
        let mut seen: Vec<(&WrittenApi, &SharedSecret)> = Vec::new();
        for api in &self.apis {
            let AccessTokenSigning::Secret(secret) = &api.signing else { continue };
            let known = seen.iter().find(|(_, known)| known.is_same(secret)).and_then(|(api, _)| api.secret.as_ref());
            if let (Some(known), Some(place)) = (known, &api.secret) {
                let help = "make another: whoever has it could make tokens for both APIs";
                let fault = Fault::at(place, "two APIs have the same `signing_secret`", help);
                reader.faults.push(fault.and(known, "the other one"));
            }
            seen.push((api, secret));
            for client in &self.clients {
                let default = client.client.default_audience.as_deref() == Some(api.audience.value.as_str());
                if let (true, Some(place)) = (default, &client.default_audience) {
                    let message = "`default_audience` cannot be an API whose tokens are signed with HS256";
                    let help = "remove it: such an API is named by `resource` or by its scopes";
                    reader.faults.push(Fault::at(place, message, help).and(&api.audience.place, "the API"));
                }
            }
        }
    }

    fn check_introspection(&self, reader: &mut Reader<'_>) {
        for Found { value: id, place } in self.apis.iter().flat_map(|api| &api.introspection_clients) {
            match self.clients.iter().find(|client| client.client.client_id == *id) {
                None => {
                    let known = self.clients.iter().map(|client| client.client.client_id.as_str());
                    let help = dangling("write the `client_id` of a [[clients]] entry", id.as_str(), known);
                    let fault = Fault::at(place, format!("there is no client \"{id}\""), help);
                    reader.faults.push(fault.kind(Kind::Absent));
                }
                Some(client) if client.client.is_public() => {
                    let help = "name a client with a secret: tokens are told only to callers that prove who they are";
                    let fault = Fault::at(place, format!("the public client \"{id}\" cannot introspect"), help);
                    reader.faults.push(fault.and(&client.place, "the client"));
                }
                Some(_) => {}
            }
        }
    }

    fn check_scopes(&self, reader: &mut Reader<'_>) {
        if self.apis.iter().any(|api| !api.complete) {
            return;
        }
        let known: Vec<&str> = self.scopes().map(|scope| scope.value.as_str()).collect();
        for client in &self.clients {
            // `default_scope` is within `scope`, or has a fault of its own.
            check_list(reader, &client.scope, &known, true);
        }
        for role in &self.roles {
            check_list(reader, &role.scopes, &known, false);
        }
    }

    /// Without the places.
    pub(super) fn into_registry(self, dev: bool) -> Registry {
        let clients = self.clients.into_iter().map(|client| client.client).collect();
        let apis = self.apis.into_iter().map(WrittenApi::into_api).collect();
        let roles = self.roles.into_iter().map(WrittenRole::into_role).collect();
        let mut providers = self.providers;
        providers.sort_by_key(|provider| provider.order);
        let providers = providers.into_iter().filter_map(|written| written.provider).collect();
        Registry::new(clients, apis, roles, dev).with_providers(providers)
    }
}

/// What a scope implies is of the same API, and no ring.
fn check_implied(reader: &mut Reader<'_>, api: &WrittenApi) {
    let known = || api.scopes.iter().map(|scope| &scope.name.value);
    for scope in &api.scopes {
        let name = &scope.name.value;
        for implied in &scope.implies.scopes {
            let Some(place) = scope.implies.place_of(implied, &reader.sources) else { continue };
            if implied == name {
                let help = "remove it: whoever has a scope has it";
                reader.faults.push(Fault::at(&place, format!("the scope {name} implies itself"), help));
            } else if !known().any(|known| known == implied) {
                let names = known().map(Scope::as_str);
                let help = dangling("write the name of another scope of this API", implied.as_str(), names);
                let fault = Fault::at(&place, format!("this API has no scope {implied}"), help);
                reader.faults.push(fault.kind(Kind::Absent));
            } else if leads_to(implied, name, api) {
                let help = "remove one of the two: scopes that imply each other are one scope";
                let fault = Fault::at(&place, format!("{implied} implies {name}, too"), help);
                reader.faults.push(fault.and(&scope.name.place, "the other one"));
            }
        }
    }
}

/// Whether a scope implies another, by however many steps.
fn leads_to(from: &Scope, to: &Scope, api: &WrittenApi) -> bool {
    let mut reached = vec![from];
    let mut next = 0;
    while let Some(name) = reached.get(next).copied() {
        next += 1;
        let found = api.scopes.iter().find(|scope| scope.name.value == *name);
        for implied in found.into_iter().flat_map(|scope| &scope.implies.scopes) {
            if implied == to {
                return true;
            }
            if !reached.contains(&implied) {
                reached.push(implied);
            }
        }
    }
    false
}

fn check_list(reader: &mut Reader<'_>, list: &ScopeList, known: &[&str], openid: bool) {
    for scope in &list.scopes {
        let Some(place) = list.place_of(scope, &reader.sources) else { continue };
        if scope.is_openid() {
            if !openid {
                let help = "remove it: scopes of OpenID Connect need no role";
                reader.faults.push(Fault::at(&place, format!("a role cannot hold {scope}"), help));
            }
        } else if !known.contains(&scope.as_str()) {
            let help = dangling(
                "add it to the `scopes` of an [[apis]] entry, or remove it here",
                scope.as_str(),
                known.iter().copied(),
            );
            reader.faults.push(Fault::at(&place, format!("no API has the scope {scope}"), help).kind(Kind::Absent));
        }
    }
}

/// The help for a name that nothing has.
pub(super) fn dangling<'a>(help: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(meant) => format!("did you mean {meant}? Otherwise {help}"),
        None => help.to_owned(),
    }
}

/// Records every name that stands twice, with both places.
pub(super) fn unique<'a>(reader: &mut Reader<'_>, what: &str, names: impl Iterator<Item = (&'a str, &'a Place)>) {
    let mut first: HashMap<&str, &Place> = HashMap::new();
    for (name, place) in names {
        if let Some(known) = first.get(name) {
            let help = match what {
                "scope" => "a scope belongs to one API: rename one of the two",
                _ => "rename or remove one of the two",
            };
            let fault = Fault::at(place, format!("the {what} {name} is defined twice"), help);
            reader.faults.push(fault.and(known, "first defined here"));
        } else {
            first.insert(name, place);
        }
    }
}
