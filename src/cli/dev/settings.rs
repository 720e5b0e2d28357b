//! The configuration of a development server: its own part and the folder's.
//!
//! Owns: putting `config::DevSettings` together. Does not own: reading it (`config`).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::cli::data::{existing, invalid};
use crate::cli::dev::credentials::Credentials;
use crate::cli::env;
use crate::cli::exit::Stop;
use crate::config::{self, Config, DevSettings, Draft, Faults};
use crate::protocol::issuer::Issuer;

/// The folder that is read when none is named and it is there.
const DEFAULT_FOLDER: &str = "config";

/// What a development server decides itself.
pub struct Own {
    /// `http://localhost:PORT`.
    pub issuer: Issuer,
    /// The bound addresses.
    pub listen: Vec<SocketAddr>,
    /// `--redis URL`.
    pub redis_url: Option<SecretString>,
}

/// The folder of configuration: the one named, which must be there, else `./config` if it is there.
///
/// # Errors
/// When the named one is not there.
pub fn folder(named: Option<&Path>) -> Result<Option<PathBuf>, Stop> {
    match named {
        Some(named) => existing(named).map(Some),
        None => Ok(default_folder()),
    }
}

fn default_folder() -> Option<PathBuf> {
    Some(PathBuf::from(DEFAULT_FOLDER)).filter(|folder| folder.is_dir())
}

impl Own {
    /// With what the data folder holds.
    #[must_use]
    pub fn with(self, data: &Path, credentials: &Credentials) -> DevSettings {
        DevSettings {
            issuer: self.issuer,
            listen: self.listen,
            data: data.to_owned(),
            redis_url: self.redis_url,
            encryption_key: credentials.encryption_key.clone(),
            secrets: credentials.demo_secrets(),
        }
    }
}

/// Reads it.
///
/// # Errors
/// Every fault at once.
pub fn load(folder: Option<&Path>, settings: &DevSettings) -> Result<Config, Stop> {
    load_with(folder, None, settings)
}

/// The same with one more text, as if a file of the folder held it.
///
/// # Errors
/// Every fault at once.
pub fn load_with(folder: Option<&Path>, draft: Option<Draft<'_>>, settings: &DevSettings) -> Result<Config, Stop> {
    config::load_dev_with(folder, draft, settings, &env).map_err(|faults| invalid(&faults))
}

/// Reads it again: the folder that was read before, which must still be there, or the default one, if it
/// is there by now.
///
/// # Errors
/// Every fault at once.
pub fn load_again(folder: Option<&Path>, settings: &DevSettings) -> Result<Config, Faults> {
    let folder = folder.map(Path::to_owned).or_else(default_folder);
    config::load_dev(folder.as_deref(), settings, &env)
}

/// An issuer of ours.
///
/// # Errors
/// When it is none.
pub fn issuer_of(text: &str) -> Result<Issuer, Stop> {
    Issuer::parse(text).map_err(|error| Stop::failure(format!("issuer {text}: {error}")))
}
