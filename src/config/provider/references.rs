//! What providers, clients and roles say of each other.
//!
//! Owns: that a provider is there once, gives only roles that there are, and is offered by clients only where it is.
//! Does not own: one table alone.

use crate::config::client::WrittenClient;
use crate::config::fault::{Fault, Kind};
use crate::config::registry::{Written, dangling, unique};
use crate::config::section::{Found, Reader};
use crate::model::provider::{IssuerRule, Protocol};
use crate::protocol::issuer::Issuer;

/// Records what is wrong between the tables.
pub(in crate::config) fn check(reader: &mut Reader<'_>, written: &Written, issuer: Option<&Issuer>) {
    let providers = &written.providers;
    unique(reader, "provider", providers.iter().map(|provider| (provider.id.value.as_str(), &provider.id.place)));
    check_roles(reader, written);
    for client in &written.clients {
        check_offer(reader, written, client);
    }
    for provider in providers {
        let itself = provider.provider.as_ref().is_some_and(|provider| match &provider.protocol {
            Protocol::OpenId { issuer: IssuerRule::Exact(upstream), .. } => {
                issuer.is_some_and(|issuer| issuer.as_str() == upstream.trim_end_matches('/'))
            }
            _ => false,
        });
        if itself {
            let message = format!("the provider {} is this server itself", provider.id.value);
            let help = "write the issuer of the other server: people would be sent round in a circle";
            reader.faults.push(Fault::at(&provider.id.place, message, help));
        }
    }
}

fn check_roles(reader: &mut Reader<'_>, written: &Written) {
    for Found { value: name, place } in written.providers.iter().flat_map(|provider| &provider.roles) {
        let known = || written.roles.iter().map(|role| role.name.value.as_str());
        if !known().any(|role| role == name.as_str()) {
            let help = dangling("write the `name` of a [[roles]] entry", name.as_str(), known());
            let fault = Fault::at(place, format!("there is no role \"{name}\""), help);
            reader.faults.push(fault.kind(Kind::Absent));
        }
    }
}

fn check_offer(reader: &mut Reader<'_>, written: &Written, client: &WrittenClient) {
    let known = || written.providers.iter().map(|provider| provider.id.value.as_str());
    let before = reader.faults.len();
    for Found { value: id, place } in client.providers.iter().flatten() {
        if !known().any(|provider| provider == id.as_str()) {
            let help = dangling("write the `id` of a [[providers]] entry", id.as_str(), known());
            let fault = Fault::at(place, format!("there is no provider \"{id}\""), help);
            reader.faults.push(fault.kind(Kind::Absent));
        }
    }
    let offered = client.providers.as_ref().map_or_else(|| known().count(), Vec::len);
    if let Some(place) = client.auto_redirect.as_ref().filter(|_| offered != 1 && reader.faults.len() == before) {
        let message = format!("`auto_redirect` needs one provider, but the client offers {offered}");
        let help = "write the one that people are sent to, providers = [\"google\"], or remove it";
        reader.faults.push(Fault::at(place, message, help).kind(Kind::Absent));
    }
}
