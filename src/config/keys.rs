//! `[keys]`: the keys that seal the signing keys at rest, and how often those follow one another.
//!
//! Owns: that section. Does not own: sealing (`tokens`).

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::config::document::Table;
use crate::config::fault::{Fault, Kind};
use crate::config::section::{Reader, Section};

/// `[keys]`.
#[derive(Debug, Clone)]
pub struct Keys {
    /// 32 bytes each in standard base64 with padding; the first seals, all open. Never empty.
    pub encryption_keys: Vec<SecretString>,
    /// How long a signing key signs before the next does; `None`: until an administrator says so.
    pub rotate_every: Option<Duration>,
}

impl Keys {
    /// Those of a development server: one key, the default for the rest.
    pub(super) fn of_dev(encryption_key: SecretString) -> Self {
        Self { encryption_keys: vec![encryption_key], rotate_every: Some(ROTATE_EVERY) }
    }
}

/// 90 days.
const ROTATE_EVERY: Duration = Duration::from_hours(24 * 90);

/// The shortest `rotate_every`.
const SHORTEST: Duration = Duration::from_hours(24 * 7);

/// Reads the section; no keys is a fault, whose help has the command that makes a key file in `folder`.
pub(super) fn read(reader: &mut Reader<'_>, table: Table, folder: &Path) -> Keys {
    let header = table.place.clone();
    let mut section = reader.section("keys", table);
    let secrets = section.secrets("encryption_key", "encryption_key_file");
    let mut encryption_keys: Vec<SecretString> = Vec::new();
    for secret in &secrets.found {
        let place = &secret.place;
        if secret.in_the_open {
            let help = format!(
                "make a new key in a file: {} and write encryption_key_file = \"encryption.key\"",
                make_key(folder)
            );
            section.fault(place, "`encryption_key` shows the key to all who read this file", help);
            continue;
        }
        match normal(secret.text.expose_secret()) {
            Err(why) => {
                section.fault(
                    place,
                    format!("the key-encryption key {why}"),
                    format!("make one: {}", make_key(folder)),
                );
            }
            Ok(key) if encryption_keys.iter().any(|known| known.expose_secret() == key.expose_secret()) => {
                section.fault(place, "this key-encryption key is listed twice", "keep one of the two");
            }
            Ok(key) => encryption_keys.push(key),
        }
    }
    let rotate_every = rotate_every(&mut section);
    section.finish();
    if secrets.place.is_none() {
        let help = format!(
            "make one: {} then write [keys] encryption_key_file = \"encryption.key\" in a file there, and keep the key out of git",
            make_key(folder)
        );
        let message = "there is no key-encryption key, so signing keys could not be sealed";
        let fault = header
            .map_or_else(|| Fault::nowhere(message, help.as_str()), |place| Fault::at(&place, message, help.as_str()));
        reader.faults.push(fault.kind(Kind::NoEncryptionKey));
    }
    Keys { encryption_keys, rotate_every }
}

/// Nothing shorter than a week: retired keys stay published for a day, and whoever lists keys by hand needs time.
fn rotate_every(section: &mut Section<'_, '_>) -> Option<Duration> {
    let bounds = Duration::ZERO..=Duration::from_hours(24 * 3650);
    let found = section.duration_or("rotate_every", bounds, ROTATE_EVERY);
    if let Some(place) = found.place.as_ref().filter(|_| !found.value.is_zero() && found.value < SHORTEST) {
        let help = "write \"7d\" or longer, or 0 for never; vestibule keys rotate does it once, at any time";
        section.fault(place, "`rotate_every` is shorter than a week", help);
    }
    Some(found.value).filter(|every| !every.is_zero())
}

/// The command that makes a key file, readable by its owner alone.
fn make_key(folder: &Path) -> String {
    let file = folder.join("encryption.key").display().to_string();
    let plain = file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    let file = if plain { file } else { format!("'{}'", file.replace('\'', "'\\''")) };
    format!("(umask 077; head -c 32 /dev/urandom | base64 > {file})")
}

/// The key in the one spelling that `tokens` reads.
fn normal(text: &str) -> Result<SecretString, &'static str> {
    let text = text.trim();
    let bytes = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
        .map(Zeroizing::new)
        .filter(|bytes| bytes.len() == 32)
        .ok_or("is not 32 bytes in base64")?;
    // Random bytes repeat a few values at most; a placeholder is made of little else.
    let distinct: std::collections::BTreeSet<&u8> = bytes.iter().collect();
    if distinct.len() < 12 || bytes.iter().all(u8::is_ascii_graphic) {
        return Err("is a placeholder, not 32 random bytes");
    }
    Ok(SecretString::from(STANDARD.encode(bytes.as_slice())))
}
