//! The secrets of a development server, made at its first start and kept in its data folder, mode 0600.
//!
//! Owns: `dev-credentials.json` and `encryption.key`. Does not own: the people and clients they belong to.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::cli::dev::folder::shell_word;
use crate::cli::exit::Stop;
use crate::cli::private_file;
use crate::config::DemoSecrets;
use crate::model::client::{Client, ClientAuthentication};
use crate::passwords;
use crate::protocol::opaque::{OpaqueToken, TokenHash};

/// The file with the secrets that are printed.
pub const FILE: &str = "dev-credentials.json";
/// The file with the key-encryption key, which is never printed.
const KEY_FILE: &str = "encryption.key";
/// The demo people.
pub const PEOPLE: [&str; 2] = ["ada", "bob"];
/// The demo clients with a secret.
pub const CONFIDENTIAL: [&str; 3] = ["web", "service", "api"];

/// Every secret of one data folder.
#[derive(Debug)]
pub struct Credentials {
    kept: Kept,
    /// 32 bytes in base64: seals the signing keys.
    pub encryption_key: SecretString,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    users: BTreeMap<String, Secret>,
    clients: BTreeMap<String, Secret>,
}

/// A secret that this one file may hold in the clear.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
struct Secret(SecretString);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl Credentials {
    /// Reads what the folder has and makes what it lacks, so that every start has the same.
    ///
    /// # Errors
    /// When the files cannot be read, understood or written.
    pub fn load_or_create(folder: &Path, rng: &mut impl CryptoRng) -> Result<Self, Stop> {
        let mut kept = read(folder)?.unwrap_or(Kept { users: BTreeMap::new(), clients: BTreeMap::new() });
        let before = (kept.users.len(), kept.clients.len());
        for name in PEOPLE {
            kept.users.entry(name.to_owned()).or_insert_with(|| Secret(passwords::generate(rng)));
        }
        for id in CONFIDENTIAL {
            let fresh = || Secret(SecretString::from(OpaqueToken::generate(rng).expose()));
            kept.clients.entry(id.to_owned()).or_insert_with(fresh);
        }
        if before != (kept.users.len(), kept.clients.len()) {
            let text = serde_json::to_string_pretty(&kept).map(Zeroizing::new).map_err(anyhow::Error::from)?;
            private_file::write(&folder.join(FILE), text.as_bytes()).map_err(|error| unusable(folder, FILE, &error))?;
        }
        Ok(Self { kept, encryption_key: load_or_create_key(folder, rng)? })
    }

    /// Reads what a first start made, and makes nothing.
    ///
    /// # Errors
    /// When a file is missing or cannot be understood.
    pub fn load(folder: &Path) -> Result<Self, Stop> {
        let missing = |file| unusable(folder, file, &io::Error::from(io::ErrorKind::NotFound));
        let kept = read(folder)?.ok_or_else(|| missing(FILE))?;
        let encryption_key = read_key(folder)?.ok_or_else(|| missing(KEY_FILE))?;
        Ok(Self { kept, encryption_key })
    }

    /// The password of a demo person.
    #[must_use]
    pub fn password(&self, username: &str) -> Option<&SecretString> {
        self.kept.users.get(username).map(|secret| &secret.0)
    }

    /// The secret of a demo client.
    #[must_use]
    pub fn client_secret(&self, client_id: &str) -> Option<&SecretString> {
        self.kept.clients.get(client_id).map(|secret| &secret.0)
    }

    /// The generated secret, if it is this client's: an entry of the configuration may have the id of a
    /// demo client and a secret of its own.
    #[must_use]
    pub fn secret_of(&self, client: &Client) -> Option<&SecretString> {
        let secret = self.client_secret(client.client_id.as_str())?;
        let hash = TokenHash::of(secret.expose_secret().as_bytes());
        match &client.authentication {
            ClientAuthentication::Secret { hashes, .. } => {
                hashes.iter().any(|known| known.matches(&hash)).then_some(secret)
            }
            ClientAuthentication::Public => None,
        }
    }

    /// The secrets that the demo entries of the configuration are made with.
    #[must_use]
    pub fn demo_secrets(&self) -> DemoSecrets {
        let secret = |id| self.client_secret(id).cloned().unwrap_or_default();
        DemoSecrets { web: secret("web"), service: secret("service"), api: secret("api") }
    }
}

fn read(folder: &Path) -> Result<Option<Kept>, Stop> {
    let text = match fs::read(folder.join(FILE)) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(folder, FILE, &error)),
    };
    // The parser's own words might quote the file: only where it stopped is told.
    let kept = serde_json::from_slice(&text)
        .map_err(|error| unusable(folder, FILE, &format!("not understood at line {}", error.line())))?;
    Ok(Some(kept))
}

fn read_key(folder: &Path) -> Result<Option<SecretString>, Stop> {
    match fs::read_to_string(folder.join(KEY_FILE)).map(Zeroizing::new) {
        Ok(text) => Ok(Some(SecretString::from(text.trim_end()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(folder, KEY_FILE, &error)),
    }
}

fn load_or_create_key(folder: &Path, rng: &mut impl CryptoRng) -> Result<SecretString, Stop> {
    if let Some(key) = read_key(folder)? {
        return Ok(key);
    }
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rng.fill_bytes(bytes.as_mut_slice());
    let text = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    private_file::write(&folder.join(KEY_FILE), text.as_bytes()).map_err(|error| unusable(folder, KEY_FILE, &error))?;
    Ok(SecretString::from(text.as_str()))
}

fn unusable(folder: &Path, file: &str, why: &dyn std::fmt::Display) -> Stop {
    Stop::failure(format!("{} cannot be used: {why}", folder.join(file).display())).hint(start_afresh(folder))
}

/// What to do with a data folder that cannot be used as it is.
#[must_use]
pub fn start_afresh(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    let (old, aside) = (shell_word(&text), shell_word(&format!("{text}.old")));
    format!(
        "if it comes from another version or is damaged, move it away and start afresh:\n      \
         mv {old} {aside}\n      or name another folder: --data DIR"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::system_rng;

    fn scratch(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("vestibule-credentials-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn the_second_start_has_the_same_secrets() {
        let folder = scratch("same");
        let first = Credentials::load_or_create(&folder, &mut system_rng()).unwrap();
        let second = Credentials::load_or_create(&folder, &mut system_rng()).unwrap();
        let third = Credentials::load(&folder).unwrap();
        for other in [second, third] {
            assert_eq!(first.encryption_key.expose_secret(), other.encryption_key.expose_secret());
            for name in PEOPLE {
                let of = |credentials: &Credentials| credentials.password(name).unwrap().expose_secret().to_owned();
                assert_eq!(of(&first), of(&other));
                assert!(of(&first).chars().count() >= 15);
            }
            for id in CONFIDENTIAL {
                let of = |credentials: &Credentials| credentials.client_secret(id).unwrap().expose_secret().to_owned();
                assert_eq!(of(&first), of(&other));
                assert_eq!(of(&first).len(), 43);
            }
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_file_says_what_to_do_and_shows_nothing_of_its_content() {
        let folder = scratch("damaged");
        fs::write(folder.join(FILE), r#"{"users": {"ada": ["opensesame"]}}"#).unwrap();
        let text = Credentials::load_or_create(&folder, &mut system_rng()).unwrap_err().to_string();
        assert!(text.contains("--data DIR") && !text.contains("opensesame"), "{text}");
        fs::remove_dir_all(folder).unwrap();
    }
}
