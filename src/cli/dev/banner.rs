//! What a development server says of itself when it is ready: for people, and as one JSON object.
//!
//! Owns: both forms. Does not own: when they are printed (`dev`).

use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::cli::dev::credentials::Credentials;
use crate::cli::dev::folder::{Folder, shell_word};
use crate::cli::dev::people::Person;
use crate::cli::output::table;
use crate::cli::program;
use crate::config::Config;
use crate::model::client::{Client, ClientAuthentication};
use crate::model::permissions::permitted;
use crate::protocol::client_auth::Method;
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::token_request::GrantType;

/// Everything there is to say.
pub struct Banner<'a> {
    /// What the server runs with.
    pub config: &'a Config,
    /// The configuration folder it was read from.
    pub read_from: Option<&'a PathBuf>,
    /// Its data folder.
    pub folder: &'a Folder,
    /// Its secrets.
    pub credentials: &'a Credentials,
    /// Its demo people.
    pub people: &'a [Person],
}

impl Banner<'_> {
    /// One JSON object on one line: `{issuer, users, clients, apis}`. A demo person who has another
    /// password by now, and a client with a secret of its own, appear without it.
    #[must_use]
    pub fn json(&self) -> String {
        let users: Vec<Value> = self.people.iter().map(user_json).collect();
        let clients: Vec<Value> = self.clients().map(|client| self.client_json(client)).collect();
        let registry = &self.config.registry;
        let apis: Vec<Value> = registry
            .apis()
            .iter()
            .map(|api| {
                let scopes: Vec<&str> = api.scopes.iter().map(|scope| scope.name.as_str()).collect();
                json!({ "audience": api.audience, "scopes": scopes })
            })
            .collect();
        json!({ "issuer": self.config.server.issuer.as_str(), "users": users, "clients": clients, "apis": apis })
            .to_string()
    }

    /// The same in words, with what to try next.
    #[must_use]
    pub fn text(&self) -> String {
        let issuer = self.config.server.issuer.as_str();
        let config = self.read_from.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
        let facts = [
            ["Open".to_owned(), format!("{issuer}/")],
            ["Data".to_owned(), self.folder.path().display().to_string()],
            ["Configuration".to_owned(), config],
        ];
        let facts: Vec<Vec<String>> = facts.into_iter().map(Vec::from).collect();
        let people: Vec<Vec<String>> = self.people.iter().map(|person| self.person_row(person)).collect();
        let clients: Vec<Vec<String>> = self.clients().map(|client| self.client_row(client)).collect();
        format!(
            "Vestibule development server, not for production\n\n{}\n\nPeople (name, password, API scopes)\n{}\n\n\
             Clients (client_id, client_secret, grant_types)\n{}\n\nTry\n{}\n\nCtrl-C stops it.\n",
            indent(&table(&facts)),
            indent(&table(&people)),
            indent(&table(&clients)),
            indent(&self.examples().join("\n")),
        )
    }

    /// Commands that work as they are printed.
    fn examples(&self) -> Vec<String> {
        let issuer = self.config.server.issuer.as_str();
        let mut lines = vec![format!("{} token{}", shell_word(&program()), self.folder.argument())];
        let service = self.config.registry.find_client("service");
        let secret = service.and_then(|client| self.credentials.secret_of(client));
        match (service, secret) {
            (Some(client), Some(secret)) if client.grant_types.contains(&GrantType::ClientCredentials) => {
                let secret = secret.expose_secret();
                lines.push(format!("curl -u service:{secret} -d grant_type=client_credentials {issuer}/token"));
            }
            _ => lines.push(format!("curl {}", shell_word(&format!("{issuer}/.well-known/openid-configuration")))),
        }
        lines
    }

    fn clients(&self) -> impl Iterator<Item = &Client> {
        self.config.registry.clients().map(AsRef::as_ref).filter(|client| client.enabled)
    }

    fn client_json(&self, client: &Client) -> Value {
        let grant_types: Vec<&str> = client.grant_types.iter().map(|grant| grant.as_str()).collect();
        let redirect_uris: Vec<&str> = client.redirect_uris.iter().map(RedirectUri::as_str).collect();
        let mut object = json!({
            "client_id": client.client_id.as_str(),
            "token_endpoint_auth_method": method(client).as_str(),
            "grant_types": grant_types,
            "redirect_uris": redirect_uris,
            "scope": client.scope.to_string(),
        });
        if let (Some(members), Some(secret)) = (object.as_object_mut(), self.credentials.secret_of(client)) {
            members.insert("client_secret".to_owned(), secret.expose_secret().into());
        }
        object
    }

    fn client_row(&self, client: &Client) -> Vec<String> {
        let secret = match (&client.authentication, self.credentials.secret_of(client)) {
            (_, Some(secret)) => secret.expose_secret().to_owned(),
            (ClientAuthentication::Public, None) => "(public)".to_owned(),
            (ClientAuthentication::Secret { .. }, None) => "(as configured)".to_owned(),
        };
        let grants: Vec<&str> = client.grant_types.iter().map(|grant| grant.as_str()).collect();
        vec![client.client_id.to_string(), secret, grants.join(" ")]
    }

    fn person_row(&self, person: &Person) -> Vec<String> {
        let password = person.password.as_ref().map_or_else(
            || "(changed since the first start)".to_owned(),
            |password| password.expose_secret().to_owned(),
        );
        let registry = &self.config.registry;
        let every_scope = registry.apis().iter().flat_map(|api| &api.scopes).map(|scope| scope.name.clone()).collect();
        let scopes = permitted(&every_scope, &person.user.roles, registry);
        vec![person.user.username.to_string(), password, scopes.to_string()]
    }
}

fn user_json(person: &Person) -> Value {
    let username = person.user.username.as_str();
    person.password.as_ref().map_or_else(
        || json!({ "username": username }),
        |password| json!({ "username": username, "password": password.expose_secret() }),
    )
}

fn method(client: &Client) -> Method {
    match &client.authentication {
        ClientAuthentication::Public => Method::None,
        ClientAuthentication::Secret { pinned, .. } => pinned.unwrap_or(Method::Basic),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
