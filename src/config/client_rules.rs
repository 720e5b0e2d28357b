//! What the keys of one client must be to each other.
//!
//! Owns: those rules. Does not own: the keys themselves (`client`), or other tables (`registry`).

use crate::config::client::Places;
use crate::config::section::Section;
use crate::config::source::Place;
use crate::config::values::ScopeList;
use crate::model::client::{Client, ConsentPolicy, PkcePolicy};
use crate::protocol::token_request::GrantType;

/// What could be read; a rule about something that could not is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) authentication: bool,
    pub(super) redirect_uris: bool,
}

/// Checks every rule.
pub(super) fn check(
    section: &mut Section<'_, '_>,
    client: &Client,
    places: &Places,
    known: Known,
    default_scope: &ScopeList,
) {
    let is_public = known.authentication && client.is_public();
    let has = |grant| client.grant_types.contains(&grant);
    let grant_place = |section: &Section<'_, '_>, grant: GrantType| {
        let list = places.grant_types.as_ref().or(places.table.as_ref())?;
        Some(section.reader.sources.word(list, grant.as_str()))
    };
    if has(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() && known.redirect_uris {
        let help = "write where people are sent back to, redirect_uris = [\"https://app.example.com/callback\"], or list other grant_types";
        at(section, places.table.as_ref(), "a client with the grant authorization_code needs `redirect_uris`", help);
    }
    if has(GrantType::ClientCredentials) && is_public {
        let place = grant_place(section, GrantType::ClientCredentials);
        let help = "give the client a secret (`vestibule client secret` makes one) instead of token_endpoint_auth_method = \"none\", or drop the grant";
        at(
            section,
            place.as_ref(),
            "a public client may not use client_credentials: anybody could name itself so",
            help,
        );
    }
    if has(GrantType::Password) && is_public && !client.first_party {
        let place = grant_place(section, GrantType::Password);
        let help = "write first_party = true if the application is yours, give the client a secret, or drop the grant";
        at(section, place.as_ref(), "a public client may use the password grant only when it is first_party", help);
    }
    if client.consent == ConsentPolicy::Never && !client.first_party {
        let help = "write first_party = true if the application is yours, or consent = \"remember\"";
        at(section, places.consent.as_ref(), "`consent` = \"never\" is only for a first_party client", help);
    }
    if client.pkce == PkcePolicy::Optional && is_public {
        let help = "remove the line: PKCE is what keeps a public client's code its own";
        at(section, places.pkce.as_ref(), "`pkce` = \"optional\" is only for a client with a secret", help);
    }
    if !client.refresh.rotation && is_public {
        let help = "remove the line: a stolen refresh token of a public client is noticed only because they rotate";
        at(
            section,
            places.refresh_rotation.as_ref(),
            "`refresh_rotation` = false is only for a client with a secret",
            help,
        );
    }
    if client.refresh.idle.zip(client.refresh.absolute).is_some_and(|(idle, absolute)| idle > absolute) {
        let help = "make refresh_absolute the longer of the two: refresh tokens end then however much they are used";
        at(section, places.refresh_idle.as_ref(), "`refresh_idle` is longer than `refresh_absolute`", help);
    }
    for scope in &client.default_scope.without(&client.scope) {
        if let Some(place) = default_scope.place_of(scope, &section.reader.sources) {
            let help = format!("add {scope} to `scope` of this client, or remove it here");
            section.fault(&place, format!("`default_scope` has {scope}, which is not in `scope`"), help);
        }
    }
}

fn at(section: &mut Section<'_, '_>, place: Option<&Place>, message: &str, help: &str) {
    match place {
        Some(place) => section.fault(place, message, help),
        None => section.fault_here(message, help),
    }
}
