//! The configuration of `vestibule dev`: the folder's entries, and a demonstration beside them.
//!
//! Owns: what `dev` decides itself and its demo entries. Does not own: demo people, or where secrets are kept.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::protocol::issuer::Issuer;

/// What `dev` decides itself.
#[derive(Debug, Clone)]
pub struct DevSettings {
    /// `http://localhost:PORT`.
    pub issuer: Issuer,
    /// 127.0.0.1 and, where there is one, `::1`.
    pub listen: Vec<SocketAddr>,
    /// Where the databases are.
    pub data: PathBuf,
    /// `--redis URL`.
    pub redis_url: Option<SecretString>,
    /// Generated at the first start: 32 bytes, base64.
    pub encryption_key: SecretString,
    /// Generated at the first start.
    pub secrets: DemoSecrets,
}

/// The secrets of the confidential demo clients.
#[derive(Debug, Clone)]
pub struct DemoSecrets {
    /// Of `web`.
    pub web: SecretString,
    /// Of `service`.
    pub service: SecretString,
    /// Of `api`.
    pub api: SecretString,
}
