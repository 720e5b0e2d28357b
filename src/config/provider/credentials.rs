//! How we show a provider that we are the client registered there.
//!
//! Owns: `client_secret`, and for Apple `team_id`, `key_id` and `key`. Does not own: showing it (`upstream`).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::config::provider::preset::Preset;
use crate::config::secret::{Secret, Secrets};
use crate::config::section::{Found, Section};
use crate::model::provider::UpstreamSecret;

/// Texts that were never a secret.
const PLACEHOLDERS: &[&str] = &[
    "secret",
    "changeme",
    "change-me",
    "password",
    "client_secret",
    "client-secret",
    "your-client-secret",
    "todo",
    "xxx",
];

/// Reads the keys; what is missing is recorded already.
pub(super) fn read(section: &mut Section<'_, '_>, preset: Option<Preset>) -> Option<UpstreamSecret> {
    let secrets = section.secrets("client_secret", "client_secret_file");
    let team_id = ten(section, "team_id");
    let key_id = ten(section, "key_id");
    let keys = section.secrets("key", "key_file");
    if preset == Some(Preset::Apple) {
        let key = one(section, "key", keys).filter(|key| check_key(section, key))?;
        return Some(UpstreamSecret::Apple { team_id: team_id?.value, key_id: key_id?.value, key: key.text });
    }
    let secret = one(section, "client_secret", secrets).filter(|secret| check_secret(section, secret))?;
    Some(UpstreamSecret::Text(secret.text))
}

/// An id as Apple gives them.
fn ten(section: &mut Section<'_, '_>, key: &'static str) -> Option<Found<String>> {
    let parse = |text: &str| {
        let fits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        fits.then(|| text.to_owned()).ok_or("must be ten characters of A-Z 0-9")
    };
    section.parsed(key, parse, |_| "copy it from the developer account, where it stands beside the name".to_owned())
}

/// The one secret of a key that may stand where it stands.
fn one(section: &mut Section<'_, '_>, key: &str, secrets: Secrets) -> Option<Secret> {
    if let Some(second) = secrets.found.get(1) {
        section.fault(&second.place, format!("`{key}` takes one secret"), "keep the one that the provider knows");
    }
    let secret = secrets.found.into_iter().next()?;
    if secret.in_the_open && !section.reader.dev {
        let help =
            format!("write {key}_file = \"PATH\" or {key} = {{ env = \"NAME\" }}, and make a new one at the provider");
        section.fault(&secret.place, format!("`{key}` shows the secret to all who read this file"), help);
        return None;
    }
    Some(secret)
}

fn check_secret(section: &mut Section<'_, '_>, secret: &Secret) -> bool {
    let text = secret.text.expose_secret();
    let (message, help) = if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        ("`client_secret` is empty, or has white space in it", "write the secret alone, as the provider shows it")
    } else if !section.reader.dev && PLACEHOLDERS.contains(&text.to_ascii_lowercase().as_str()) {
        ("`client_secret` is a placeholder", "write the secret that the provider shows")
    } else {
        return true;
    };
    section.fault(&secret.place, message, help);
    false
}

fn check_key(section: &mut Section<'_, '_>, key: &Secret) -> bool {
    let Err(why) = parse_key(key.text.expose_secret()) else { return true };
    let help =
        "name the file AuthKey_….p8 as it was downloaded: one block that begins with -----BEGIN PRIVATE KEY-----";
    section.fault(&key.place, format!("`key` {why}"), help);
    false
}

/// PKCS#8 in PEM, for ES256: a wrong file is told at the start and not at the first sign-in.
fn parse_key(pem: &str) -> Result<(), &'static str> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----").ok_or("holds no private key in PKCS#8")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or("holds no whole private key")?;
    let body = Zeroizing::new(body.split_whitespace().collect::<String>());
    let der = Zeroizing::new(STANDARD.decode(body.as_bytes()).map_err(|_| "holds a private key that is damaged")?);
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
    pair.map(drop).map_err(|_| "holds a private key that is not one of ES256 (P-256)")
}
