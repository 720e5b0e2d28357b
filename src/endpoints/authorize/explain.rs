//! Why a request cannot be answered to its client, in words for a developer, with the lines to paste.
//!
//! Owns: the explanations of an unknown client and a wrong redirect URI. Does not own: who is shown
//! them (`web/page`: development servers only) or a known client's table (`config`).

use crate::app::App;
use crate::config::client_table;
use crate::model::client::Client;
use crate::model::registry::Registry;
use crate::protocol::ids::ClientId;
use crate::protocol::params::Params;
use crate::protocol::redirect_uri::{ApplicationType, ChooseError, RedirectUri, RedirectUriError};
use crate::protocol::scope::Scopes;
use crate::web::page_error::{Explanation, Kind, PageError};

/// The most of what arrived that is shown or logged.
const LONGEST_SHOWN: usize = 400;

/// No `client_id` at all.
pub(super) fn missing_client(app: &App) -> PageError {
    PageError::new(Kind::UnknownClient).because("client_id is missing").explained(Explanation {
        received: None,
        expected: known_ids(app.registry()),
        change: "The request has no client_id. Add the parameter with the id of a registered client.".to_owned(),
        toml: None,
    })
}

/// A `client_id` that no active client has.
pub(super) fn unknown_client(app: &App, client_id: &str, redirect_uri: Option<&str>, params: &Params) -> PageError {
    let received = shown(client_id);
    let cause = format!("client_id {}", logged(Some(client_id)));
    let page = PageError::new(Kind::UnknownClient).because(cause);
    let disabled = app.registry().clients().any(|client| client.client_id.as_str() == client_id);
    let (change, toml) = match ClientId::parse(client_id) {
        Ok(_) if disabled => {
            ("This client is registered but disabled: set enabled = true in its table.".to_owned(), None)
        }
        Ok(id) => suggest(app.registry(), &id, redirect_uri, params),
        Err(error) => (format!("This cannot be a client id: {error}."), None),
    };
    page.explained(Explanation { received: Some(received), expected: known_ids(app.registry()), change, toml })
}

/// A `redirect_uri` that is missing or not on the client's list.
pub(super) fn wrong_redirect_uri(client: &Client, redirect_uri: Option<&str>, error: ChooseError) -> PageError {
    let received = redirect_uri.map(shown);
    let cause = format!("{error}: client {}, received {}", client.client_id, logged(redirect_uri));
    let place = client.defined_at.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
    let readable = redirect_uri.map(|uri| (uri, RedirectUri::parse(uri, client.application_type)));
    let (change, toml) = match readable {
        None => (
            format!(
                "The request has no redirect_uri. Add one of those registered for client {}{place}.",
                client.client_id
            ),
            None,
        ),
        Some((uri, Ok(_))) => (
            format!(
                "Send a registered URI: it is compared character by character. Or register the one received: replace \
                 the table of client {}{place} by this one, or put it into a file of your config folder, and reload \
                 (SIGHUP) or restart.",
                client.client_id
            ),
            Some(client_table(client, Some(uri))),
        ),
        Some((_, Err(fault))) => (
            format!(
                "Send a registered URI. The one received cannot be registered for client {}: it {fault}.",
                client.client_id
            ),
            None,
        ),
    };
    PageError::new(Kind::WrongRedirectUri).because(cause).explained(Explanation {
        received,
        expected: client.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        change,
        toml,
    })
}

/// The smallest table that makes this request work: a public client with what it asked for.
fn suggest(
    registry: &Registry,
    id: &ClientId,
    redirect_uri: Option<&str>,
    params: &Params,
) -> (String, Option<String>) {
    let Some(uri) = redirect_uri else {
        return ("Register the client; the request has no redirect_uri to register with it.".to_owned(), None);
    };
    let application_type = match fitting(uri) {
        Ok(application_type) => application_type,
        Err(fault) => {
            return (format!("Register the client with another redirect_uri: the one received {fault}."), None);
        }
    };
    let change = "Put this table into a file of your config folder, such as config/clients.toml, and reload (SIGHUP) or restart. \
                  It makes a public client with PKCE, as a single-page or native application is.";
    (change.to_owned(), Some(table(id, uri, application_type, &known_scope(registry, params))))
}

/// The strictest type of application that may have the URI.
fn fitting(uri: &str) -> Result<ApplicationType, RedirectUriError> {
    match RedirectUri::parse(uri, ApplicationType::Web) {
        Ok(_) => Ok(ApplicationType::Web),
        Err(RedirectUriError::LoopbackWithoutPort | RedirectUriError::Scheme) => {
            RedirectUri::parse(uri, ApplicationType::Native).map(|_| ApplicationType::Native)
        }
        Err(fault) => Err(fault),
    }
}

/// What it asked for, as far as it exists; the usual otherwise.
fn known_scope(registry: &Registry, params: &Params) -> String {
    let asked = Scopes::parse(params.get("scope").unwrap_or_default()).unwrap_or_default();
    let known = asked.filter(|scope| scope.is_openid() || registry.owner(scope).is_some());
    if known.is_empty() { "openid profile email".to_owned() } else { known.to_string() }
}

fn table(id: &ClientId, uri: &str, application_type: ApplicationType, scope: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut lines = vec![
        "[[clients]]".to_owned(),
        format!("client_id = {}", quoted(id.as_str())),
        format!("client_name = {}", quoted(id.as_str())),
        "token_endpoint_auth_method = \"none\"".to_owned(),
        "grant_types = [\"authorization_code\"]".to_owned(),
        format!("redirect_uris = [{}]", quoted(uri)),
        format!("scope = {}", quoted(scope)),
    ];
    if application_type == ApplicationType::Native {
        lines.insert(3, "application_type = \"native\"".to_owned());
    }
    lines.join("\n") + "\n"
}

fn known_ids(registry: &Registry) -> Vec<String> {
    registry.clients().filter(|client| client.enabled).take(20).map(|client| client.client_id.to_string()).collect()
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// For the log: no query, which may carry secrets, and no character that could forge a line.
fn logged(uri: Option<&str>) -> String {
    let Some(uri) = uri else { return "none".to_owned() };
    let bare = uri.split(['?', '#']).next().unwrap_or_default();
    bare.chars().take(200).map(|c| if matches!(c, '!'..='~') { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggested_table_is_valid_toml_and_keeps_what_was_asked() {
        let id = ClientId::parse("my-app").unwrap();
        let params = Params::parse(b"scope=openid+unknown:scope+email").unwrap();
        let (_, toml) = suggest(&Registry::default(), &id, Some("http://localhost:3000/cb?a=b"), &params);
        let table: toml::Table = toml.unwrap().parse().unwrap();
        let client = &table["clients"][0];
        assert_eq!(client["client_id"].as_str(), Some("my-app"));
        assert_eq!(client["redirect_uris"][0].as_str(), Some("http://localhost:3000/cb?a=b"));
        assert_eq!(client["scope"].as_str(), Some("openid email"));
        assert!(client.get("application_type").is_none());
    }

    #[test]
    fn a_loopback_uri_without_port_and_a_private_scheme_make_a_native_client() {
        assert_eq!(fitting("http://127.0.0.1/cb"), Ok(ApplicationType::Native));
        assert_eq!(fitting("com.example.app:/cb"), Ok(ApplicationType::Native));
        assert_eq!(fitting("https://app.example/cb"), Ok(ApplicationType::Web));
        assert_eq!(fitting("javascript:alert(1)"), Err(RedirectUriError::Scheme));
        assert_eq!(fitting("http://app.example/cb"), Err(RedirectUriError::PlainHttp));
    }

    #[test]
    fn the_log_gets_no_query_and_no_line_break() {
        assert_eq!(logged(Some("https://a/b\n?token=secret")), "https://a/b?");
        assert_eq!(logged(None), "none");
    }
}
