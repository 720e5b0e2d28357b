//! Whom `vestibule token` talks to and as which client.
//!
//! Owns: finding the server, what is known of the client, its secret. Does not own: the flows.

use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;

use crate::cli::data::running_folder;
use crate::cli::dev::credentials::Credentials;
use crate::cli::dev::running::{KnownClient, Running};
use crate::cli::dev::settings::issuer_of;
use crate::cli::exit::{Exit, Stop};
use crate::cli::http::Http;
use crate::cli::prompt;
use crate::protocol::issuer::Issuer;
use crate::protocol::token_request::GrantType;

/// A server and a client of it.
pub(super) struct Target {
    /// The issuer.
    pub(super) issuer: Issuer,
    /// The client.
    pub(super) client_id: String,
    /// What the running development server says of it; nothing of another server.
    pub(super) known: Option<KnownClient>,
    demo_secret: Option<SecretString>,
}

/// What the server's metadata says (RFC 8414 2).
pub(super) struct Server {
    /// `authorization_endpoint`.
    pub(super) authorization_endpoint: Option<String>,
    /// `token_endpoint`.
    pub(super) token_endpoint: String,
    /// RFC 9207 3: whether every answer names its issuer.
    pub(super) sends_iss: bool,
}

impl Target {
    /// The named issuer, or the running development server.
    ///
    /// # Errors
    /// When none runs, or it has no such client (exit 5).
    pub(super) fn find(issuer: Option<&str>, data: Option<&Path>, client_id: &str) -> Result<Self, Stop> {
        if let Some(issuer) = issuer {
            let issuer = issuer_of(issuer).map_err(|stop| Stop { exit: Exit::Usage, ..stop })?;
            return Ok(Self { issuer, client_id: client_id.to_owned(), known: None, demo_secret: None });
        }
        let folder = running_folder(data, "say which server is meant: --data DIR, or --issuer URL")?;
        let running = Running::read(folder.path())
            .ok_or_else(|| Stop::new(Exit::NotFound, "the development server is still starting: try again"))?;
        let known = running.clients.iter().find(|client| client.client_id == client_id).cloned().ok_or_else(|| {
            let ids: Vec<&str> = running.clients.iter().map(|client| client.client_id.as_str()).collect();
            Stop::new(Exit::NotFound, format!("the development server has no client {client_id}"))
                .hint(format!("it has {}; another is added under [[clients]] in its configuration", ids.join(", ")))
        })?;
        let demo_secret = if known.has_demo_secret {
            Credentials::load(folder.path())?.client_secret(client_id).cloned()
        } else {
            None
        };
        Ok(Self {
            issuer: issuer_of(&running.issuer)?,
            client_id: client_id.to_owned(),
            known: Some(known),
            demo_secret,
        })
    }

    /// A server and client as tests want them.
    #[cfg(test)]
    pub(super) fn of(issuer: &str, client_id: &str, known: Option<KnownClient>) -> Self {
        let issuer = Issuer::parse(issuer).expect("an issuer");
        Self { issuer, client_id: client_id.to_owned(), known, demo_secret: None }
    }

    /// The first of the client's grants that there is a flow for; the code flow for an unknown client.
    ///
    /// # Errors
    /// When it has none (exit 2).
    pub(super) fn first_grant(&self) -> Result<GrantType, Stop> {
        let Some(known) = &self.known else { return Ok(GrantType::AuthorizationCode) };
        let grants = known.grant_types.iter().filter_map(|grant| GrantType::parse(grant));
        grants.into_iter().find(|grant| *grant != GrantType::RefreshToken).ok_or_else(|| {
            Stop::new(Exit::Usage, format!("client {} may use no grant that gives it a token", self.client_id))
                .hint("choose another client: --client CLIENT_ID")
        })
    }

    /// The client's secret: from the file, from the data folder, or asked for. A client that is not known
    /// counts as public unless it has a file or the grant is for confidential clients only.
    ///
    /// # Errors
    /// When the file or stdin cannot be read.
    pub(super) async fn secret(&self, file: Option<&Path>, grant: GrantType) -> Result<Option<SecretString>, Stop> {
        if let Some(file) = file {
            return prompt::secret_file(file).map(Some);
        }
        if self.demo_secret.is_some() {
            return Ok(self.demo_secret.clone());
        }
        let public = self.known.as_ref().map_or(grant != GrantType::ClientCredentials, |known| known.public);
        if public {
            return Ok(None);
        }
        prompt::secret("Client secret: ").await.map(Some)
    }

    /// Reads the server's metadata.
    ///
    /// # Errors
    /// When it does not answer, or answers for another issuer.
    pub(super) async fn discover(&self, http: &Http) -> Result<Server, Stop> {
        let metadata = http.get_json(&format!("{}/.well-known/openid-configuration", self.issuer)).await?;
        let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
        if text("issuer").as_deref() != Some(self.issuer.as_str()) {
            return Err(Stop::failure(format!("the metadata of {} names another issuer", self.issuer)));
        }
        let token_endpoint =
            text("token_endpoint").ok_or_else(|| Stop::failure("the metadata names no token_endpoint"))?;
        let sends_iss = metadata.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true));
        Ok(Server { authorization_endpoint: text("authorization_endpoint"), token_endpoint, sends_iss })
    }
}
