//! A registration in words and as an object.
//!
//! Owns: both. Does not own: what follows from it for a request (`explain`).

use serde_json::{Value, json};

use crate::model::client::{Client, ClientAuthentication, ConsentPolicy, PkcePolicy};
use crate::protocol::redirect_uri::{ApplicationType, RedirectUri};
use crate::protocol::token_request::GrantType;

/// `web` or `native`.
pub(super) const fn application_type(client: &Client) -> &'static str {
    match client.application_type {
        ApplicationType::Web => "web",
        ApplicationType::Native => "native",
    }
}

/// `token_endpoint_auth_method`; where a secret may be sent either way, its default in RFC 7591 2.
pub(super) fn auth_method(client: &Client) -> &'static str {
    match &client.authentication {
        ClientAuthentication::Public => "none",
        ClientAuthentication::Secret { pinned, .. } => pinned.map_or("client_secret_basic", |method| method.as_str()),
    }
}

/// `grant_types`.
pub(super) fn grant_types(client: &Client) -> Vec<&'static str> {
    client.grant_types.iter().map(|grant| grant.as_str()).collect()
}

/// Under the names of RFC 7591 2 and of the configuration.
pub(super) fn object(client: &Client) -> Value {
    json!({
        "client_id": client.client_id,
        "client_name": client.client_name,
        "enabled": client.enabled,
        "first_party": client.first_party,
        "application_type": application_type(client),
        "redirect_uris": client.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
        "grant_types": grant_types(client),
        "token_endpoint_auth_method": auth_method(client),
        "scope": client.scope,
        "default_scope": client.default_scope,
        "default_audience": client.default_audience,
        "consent": consent(client.consent),
        "pkce": if client.needs_pkce() { "required" } else { "optional" },
        "defined_at": client.defined_at,
    })
}

const fn consent(policy: ConsentPolicy) -> &'static str {
    match policy {
        ConsentPolicy::Ask => "ask",
        ConsentPolicy::Remember => "remember",
        ConsentPolicy::Never => "never",
    }
}

/// Rows of a name and a sentence.
pub(super) fn rows(client: &Client) -> Vec<Vec<String>> {
    let mut rows: Vec<(&str, String)> = vec![
        ("client_id", client.client_id.to_string()),
        ("client_name", client.client_name.clone()),
        ("kind", kind(client)),
        ("grant_types", grant_types(client).join(" ")),
    ];
    let by_code = client.grant_types.contains(&GrantType::AuthorizationCode);
    if by_code {
        rows.push(("pkce", pkce(client)));
        rows.push(("consent", asked_when(client).to_owned()));
    }
    rows.extend(client.redirect_uris.iter().map(|uri| ("redirect_uri", uri.as_str().to_owned())));
    rows.push(("scope", client.scope.to_string()));
    rows.push(("default_scope", client.default_scope.to_string()));
    let defined_at = client.defined_at.clone().unwrap_or_else(|| "the demonstration of vestibule dev".to_owned());
    rows.push(("defined at", defined_at));
    rows.into_iter().map(|(name, text)| vec![name.to_owned(), text]).collect()
}

fn kind(client: &Client) -> String {
    let public =
        if client.is_public() { "public: it has no secret" } else { "confidential: it proves itself by a secret" };
    let first_party = if client.first_party { ", first_party" } else { "" };
    let enabled = if client.enabled { "" } else { "; disabled: refused everywhere as if it were unknown" };
    format!("{public}, {}{first_party}{enabled}", application_type(client))
}

fn pkce(client: &Client) -> String {
    match (client.is_public(), client.pkce) {
        (true, _) => "required, as for every public client",
        (false, PkcePolicy::Required) => "required; pkce = \"optional\" is for one that cannot send it",
        (false, PkcePolicy::Optional) => "optional; a challenge that was sent is enforced",
    }
    .to_owned()
}

const fn asked_when(client: &Client) -> &'static str {
    match (client.consent, client.application_type) {
        (ConsentPolicy::Never, _) => "never asked",
        (ConsentPolicy::Ask, _) => "asked every time",
        (ConsentPolicy::Remember, ApplicationType::Native) => {
            "asked every time, as another program could be behind it (RFC 8252 8.6)"
        }
        (ConsentPolicy::Remember, ApplicationType::Web) => "asked once for each scope",
    }
}
