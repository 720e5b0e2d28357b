//! A client written back as TOML: what the error page suggests to paste.
//!
//! Owns: that text. Does not own: when it is suggested.

use crate::config::duration;
use crate::model::client::{Client, ClientAuthentication, ConsentPolicy, IdTokenClaimsPolicy, PkcePolicy};
use crate::model::signing_key::Algorithm;
use crate::protocol::ids::ProviderId;
use crate::protocol::redirect_uri::{ApplicationType, RedirectUri};
use crate::protocol::token_request::GrantType;

/// The whole `[[clients]]` table of a client, with one more redirect URI: valid in a file under the
/// config folder. Keys that have their default are left out. A URI that may not be registered is not
/// written; a comment says why.
#[must_use]
pub fn client_table(client: &Client, extra_redirect_uri: Option<&str>) -> String {
    let mut lines = vec!["[[clients]]".to_owned(), format!("client_id = {}", quoted(client.client_id.as_str()))];
    if client.client_name != client.client_id.as_str() {
        lines.push(format!("client_name = {}", quoted(&client.client_name)));
    }
    let yes_or_no = [("enabled = false", !client.enabled), ("first_party = true", client.first_party)];
    lines.extend(yes_or_no.iter().filter(|(_, written)| *written).map(|(line, _)| (*line).to_owned()));
    if client.application_type == ApplicationType::Native {
        lines.push("application_type = \"native\"".to_owned());
    }
    redirect_uris(client, extra_redirect_uri, &mut lines);
    let after: Vec<&str> = client.post_logout_redirect_uris.iter().map(RedirectUri::as_str).collect();
    uri_list("post_logout_redirect_uris", &after, &mut lines);
    if client.grant_types != [GrantType::AuthorizationCode] {
        lines.push(format!("grant_types = {}", list(client.grant_types.iter().map(|grant| grant.as_str()))));
    }
    authentication(client, &mut lines);
    lines.push(format!("scope = {}", quoted(&client.scope.to_string())));
    if !client.default_scope.is_empty() {
        lines.push(format!("default_scope = {}", quoted(&client.default_scope.to_string())));
    }
    if let Some(audience) = &client.default_audience {
        lines.push(format!("default_audience = {}", quoted(audience)));
    }
    policies(client, &mut lines);
    lines.join("\n") + "\n"
}

/// A list of URIs, one a line where there are several; nothing where there is none.
fn uri_list(key: &str, uris: &[&str], lines: &mut Vec<String>) {
    match uris {
        [] => {}
        [one] => lines.push(format!("{key} = [{}]", quoted(one))),
        several => {
            lines.push(format!("{key} = ["));
            lines.extend(several.iter().map(|uri| format!("  {},", quoted(uri))));
            lines.push("]".to_owned());
        }
    }
}

fn redirect_uris(client: &Client, extra: Option<&str>, lines: &mut Vec<String>) {
    let mut uris: Vec<&str> = client.redirect_uris.iter().map(RedirectUri::as_str).collect();
    match extra.map(|extra| (extra, RedirectUri::parse(extra, client.application_type))) {
        Some((extra, Ok(_))) if !uris.contains(&extra) => uris.push(extra),
        Some((_, Err(error))) => lines.push(format!("# The redirect URI that was sent cannot be added: it {error}.")),
        _ => {}
    }
    uri_list("redirect_uris", &uris, lines);
}

fn authentication(client: &Client, lines: &mut Vec<String>) {
    match &client.authentication {
        ClientAuthentication::Public => lines.push("token_endpoint_auth_method = \"none\"".to_owned()),
        ClientAuthentication::Secret { hashes, pinned } => {
            if let Some(pinned) = pinned {
                lines.push(format!("token_endpoint_auth_method = {}", quoted(pinned.as_str())));
            }
            let hashes: Vec<String> = hashes.iter().map(|hash| format!("sha256:{}", hash.to_hex())).collect();
            match hashes.as_slice() {
                [one] => lines.push(format!("client_secret_hash = {}", quoted(one))),
                several => lines.push(format!("client_secret_hash = {}", list(several.iter().map(String::as_str)))),
            }
        }
    }
}

fn policies(client: &Client, lines: &mut Vec<String>) {
    match client.consent {
        ConsentPolicy::Ask => lines.push("consent = \"ask\"".to_owned()),
        ConsentPolicy::Remember => {}
        ConsentPolicy::Never => lines.push("consent = \"never\"".to_owned()),
    }
    if client.pkce == PkcePolicy::Optional {
        lines.push("pkce = \"optional\"".to_owned());
    }
    if let Some(lifetime) = client.access_token_lifetime {
        lines.push(format!("access_token_lifetime = {}", quoted(&duration::show(lifetime))));
    }
    if client.id_token_signed_response_alg != Algorithm::RS256 {
        lines.push(format!("id_token_signed_response_alg = {}", quoted(client.id_token_signed_response_alg.as_str())));
    }
    if client.id_token_claims == IdTokenClaimsPolicy::Minimal {
        lines.push("id_token_claims = \"minimal\"".to_owned());
    }
    if !client.allowed_origins.is_empty() {
        lines.push(format!("allowed_origins = {}", list(client.allowed_origins.iter().map(String::as_str))));
    }
    if let Some(providers) = &client.providers {
        lines.push(format!("providers = {}", list(providers.iter().map(ProviderId::as_str))));
    }
    if client.auto_redirect {
        lines.push("auto_redirect = true".to_owned());
    }
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// A basic string of TOML: nothing in the text can end it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
