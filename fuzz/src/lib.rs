//! What the fuzz targets share: a small world to hold requests against, and the promises every error keeps.
//!
//! Owns: that world (the demonstration of `vestibule dev`, a person's roles, a keyring in memory) and how an
//! input is cut into fields. Does not own: any property of one parser, which stands in its target.
//!
//! An input is text of one field a line, so that a seed or a finding can be read and written by hand.

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule::clock::ManualClock;
use vestibule::config::{self, Config, DemoSecrets, DevSettings, load_dev};
use vestibule::model::sealed_key::{Sealed, SealedKey};
use vestibule::protocol::error::{ErrorCode, OAuthError};
use vestibule::protocol::ids::RoleName;
use vestibule::protocol::issuer::Issuer;
use vestibule::protocol::time::Timestamp;
use vestibule::store::{KeyStore, StoreError, Successor};
use vestibule::tokens::Tokens;

/// The instant of every decision.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// 32 bytes in base64: the key-encryption key.
pub const KEY: &str = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
/// The secrets of the demonstration's confidential clients: `web`, `service`, `api`.
pub const SECRETS: [&str; 3] = ["secret-of-web", "secret-of-service", "secret-of-api"];
/// The issuer of the world.
pub const ISSUER: &str = "http://localhost:9400";

/// What `dev` decides in every load.
pub static SETTINGS: LazyLock<DevSettings> = LazyLock::new(|| {
    let [web, service, api] = SECRETS.map(Into::into);
    DevSettings {
        issuer: Issuer::parse(ISSUER).unwrap(),
        listen: vec!["127.0.0.1:9400".parse().unwrap()],
        data: PathBuf::from("/nowhere"),
        redis_url: None,
        encryption_key: KEY.into(),
        secrets: DemoSecrets { web, service, api },
    }
});

/// The demonstration: public and confidential, web and native clients, an API, roles.
pub static WORLD: LazyLock<Config> = LazyLock::new(|| load_dev(None, &SETTINGS, &|_| None).unwrap());

/// The keyring of the world; its keys are made anew in each process.
pub static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let keys = config::Keys { encryption_keys: vec![KEY.into()], rotate_every: None };
    run(Tokens::open(
        &SETTINGS.issuer,
        &keys,
        &WORLD.registry.algorithms(),
        &KeysInMemory::default(),
        &ManualClock::new(NOW),
    ))
    .unwrap()
});

/// Runs a future to its end.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[derive(Default)]
struct KeysInMemory(Mutex<Vec<SealedKey>>);

#[async_trait::async_trait]
impl KeyStore for KeysInMemory {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn insert(&self, key: &SealedKey) -> Result<bool, StoreError> {
        self.0.lock().unwrap().push(key.clone());
        Ok(true)
    }

    async fn hasten(&self, _: &SealedKey, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn revoke(&self, _: &SealedKey, _: Option<Successor<'_>>, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn reseal(&self, _: &SealedKey, _: &Sealed) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// The input as lines; an input that is not UTF-8 says nothing to a parser of text.
pub fn lines(data: &[u8]) -> Option<impl Iterator<Item = &str>> {
    std::str::from_utf8(data).ok().map(|text| text.split('\n'))
}

/// A line where an empty one stands for "not sent".
pub fn sent(line: Option<&str>) -> Option<&str> {
    line.filter(|line| !line.is_empty())
}

/// A token by its text, in which `{H}`, `{P}` and `{S}` stand for the parts of one of ours, `{KID}` for its key's
/// name, and `b64(...)b64` for what is in it, encoded.
pub fn token_from(text: &str, ours: &str) -> String {
    let mut parts = ours.split('.');
    let [header, payload, signature] = std::array::from_fn(|_| parts.next().unwrap());
    let decoded = URL_SAFE_NO_PAD.decode(header).unwrap();
    let members: serde_json::Value = serde_json::from_slice(&decoded).unwrap();
    let text = text.replace("{KID}", members["kid"].as_str().unwrap());
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, (inner, after))) =
        rest.split_once("b64(").and_then(|(before, behind)| Some((before, behind.split_once(")b64")?)))
    {
        out.push_str(before);
        URL_SAFE_NO_PAD.encode_string(inner, &mut out);
        rest = after;
    }
    out.push_str(rest);
    out.replace("{H}", header).replace("{P}", payload).replace("{S}", signature)
}

/// What of a token is signed.
pub fn message(token: &str) -> &str {
    token.rsplit_once('.').map_or("", |(message, _)| message)
}

/// Every well-formed name in a line, separated by spaces.
pub fn roles(line: &str) -> Vec<RoleName> {
    line.split(' ').filter_map(RoleName::parse).collect()
}

/// An error is one of those that the standard has for this place, and its description one that RFC 6749
/// 4.1.2.1 allows: it goes into headers, redirects and pages.
pub fn check_error(error: &OAuthError, expected: &[ErrorCode]) {
    assert!(expected.contains(&error.code()), "{error}");
    let text = error.description();
    assert!(!text.is_empty() && text.chars().count() <= 500, "{error}");
    assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{error}");
}
