//! What a running development server tells the commands that look for it: `dev.json`, mode 0600.
//!
//! Owns: that file. Does not own: whether the server still runs (the lock of `folder`), its secrets
//! (`credentials`).

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::dev::credentials::Credentials;
use crate::cli::exit::Stop;
use crate::cli::private_file;
use crate::config::Config;
use crate::model::client::Client;
use crate::protocol::issuer::Issuer;
use crate::protocol::redirect_uri::ApplicationType;

/// The file; it also marks the folder as one of `dev`.
pub const FILE: &str = "dev.json";

/// The last start of a development server on a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Its issuer.
    pub issuer: String,
    /// The configuration folder it read.
    pub config: Option<PathBuf>,
    /// Its clients, as `vestibule token` needs to know them.
    pub clients: Vec<KnownClient>,
}

/// A client of that server; nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownClient {
    /// `client_id`.
    pub client_id: String,
    /// Whether it has no secret.
    pub public: bool,
    /// Whether its secret is the generated one of the data folder.
    pub has_demo_secret: bool,
    /// Whether any loopback port may follow its redirect URIs.
    pub native: bool,
    /// `grant_types`.
    pub grant_types: Vec<String>,
    /// `redirect_uris`.
    pub redirect_uris: Vec<String>,
    /// `default_scope`, space separated.
    pub default_scope: String,
    /// `scope`, space separated.
    pub scope: String,
}

impl Running {
    /// What is to be told of this process.
    #[must_use]
    pub fn now(config: &Config, folder: Option<PathBuf>, credentials: &Credentials) -> Self {
        let clients = config.registry.clients().filter(|client| client.enabled);
        Self {
            pid: std::process::id(),
            issuer: config.server.issuer.to_string(),
            config: folder,
            clients: clients.map(|client| known(client, credentials)).collect(),
        }
    }

    /// Tells it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(self).map_err(anyhow::Error::from)?;
        private_file::write(&folder.join(FILE), text.as_bytes())
            .map_err(|error| Stop::failure(format!("{} cannot be written: {error}", folder.join(FILE).display())))
    }

    /// Takes back what was told.
    pub fn forget(folder: &Path) {
        let _ = fs::remove_file(folder.join(FILE));
    }

    /// What was told last; `None` when nothing readable was.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let running: Self = serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()?;
        Issuer::parse(&running.issuer).is_ok().then_some(running)
    }
}

fn known(client: &Client, credentials: &Credentials) -> KnownClient {
    KnownClient {
        client_id: client.client_id.to_string(),
        public: client.is_public(),
        has_demo_secret: credentials.secret_of(client).is_some(),
        native: client.application_type == ApplicationType::Native,
        grant_types: client.grant_types.iter().map(|grant| grant.as_str().to_owned()).collect(),
        redirect_uris: client.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        default_scope: client.default_scope.to_string(),
        scope: client.scope.to_string(),
    }
}
