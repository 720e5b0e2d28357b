//! `[redis]`: the ephemeral store, where it is not the embedded one.
//!
//! Owns: that section. Does not own: connecting (`store`).

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::document::Table;
use crate::config::secret::Secret;
use crate::config::section::{Found, Reader, Section};

/// `[redis]`.
#[derive(Debug, Clone)]
pub struct Redis {
    /// `redis://` or `rediss://` with user, password and database number; may hold a password.
    pub url: SecretString,
    /// Before every key, `vestibule:` by default.
    pub key_prefix: String,
    /// For one command, 500 ms by default.
    pub command_timeout: Duration,
    /// For a connection, 2 s by default.
    pub connect_timeout: Duration,
    /// The certificates in `ca_file`, in PEM, of which one must have signed the server's; the public
    /// authorities where there is none.
    pub ca: Option<Vec<u8>>,
}

const KEY_PREFIX: &str = "vestibule:";
const COMMAND_TIMEOUT: Duration = Duration::from_millis(500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

impl Redis {
    /// The defaults for a URL.
    pub(super) fn at(url: SecretString) -> Self {
        Self {
            url,
            key_prefix: KEY_PREFIX.to_owned(),
            command_timeout: COMMAND_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            ca: None,
        }
    }
}

/// Reads the section; `None` without a `url`.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Option<Redis> {
    let mut section = reader.section("redis", table);
    let others = ["ca_file", "key_prefix", "command_timeout", "connect_timeout"].iter().any(|key| section.is_set(key));
    let urls = section.secrets("url", "url_file");
    if let Some(second) = urls.found.get(1) {
        section.fault(&second.place, "`url` takes one server", "keep one of them");
    }
    if others && urls.place.is_none() {
        section.missing("url", "write url = \"redis://HOST:6379/0\", or remove the section to use the embedded store");
    }
    let url = urls.found.into_iter().next().and_then(|url| check_url(&mut section, url));
    let ca = ca(&mut section, url.as_ref());
    let prefix = section.parsed("key_prefix", parse_prefix, |_| {
        "write a short word with a colon: key_prefix = \"vestibule:\"".to_owned()
    });
    section.default_is("key_prefix", KEY_PREFIX);
    let bounds = Duration::from_millis(10)..=Duration::from_mins(1);
    let command_timeout = section.duration_or("command_timeout", bounds.clone(), COMMAND_TIMEOUT).value;
    let connect_timeout = section.duration_or("connect_timeout", bounds, CONNECT_TIMEOUT).value;
    section.finish();
    Some(Redis {
        key_prefix: prefix.map_or_else(|| KEY_PREFIX.to_owned(), |found| found.value),
        command_timeout,
        connect_timeout,
        ca,
        url: url?,
    })
}

/// The certificates of `ca_file`, for a URL that begins with `rediss://`.
fn ca(section: &mut Section<'_, '_>, url: Option<&SecretString>) -> Option<Vec<u8>> {
    let Found { value, place } = section.string("ca_file")?;
    if url.and_then(parse_url).is_some_and(|url| url.scheme() != "rediss") {
        let help = "write rediss:// in `url`, or remove `ca_file`";
        section.fault(&place, "`ca_file` is for TLS, which `url` does not use", help);
        return None;
    }
    let folder = section.reader.sources.of(&place).map(|source| source.folder.clone()).unwrap_or_default();
    let path = folder.join(value);
    let (what, help) = match fs::read(&path) {
        Ok(bytes) if has_certificate(&bytes) => return Some(bytes),
        Ok(_) => (
            "has no certificate in PEM".to_owned(),
            "name a file with one or more blocks that begin with -----BEGIN CERTIFICATE-----",
        ),
        Err(error) => (
            format!("cannot be read: {error}"),
            "the path is relative to the file that names it; check it, and that the user of this process may read it",
        ),
    };
    section.fault(&place, format!("the file {} {what}", path.display()), help);
    None
}

fn has_certificate(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1).peekable();
    let is_whole = |block: &str| {
        let body = block.split_once("-----END CERTIFICATE-----").map_or("", |(body, _)| body);
        let body: String = body.split_whitespace().collect();
        STANDARD.decode(body).is_ok_and(|der| !der.is_empty())
    };
    blocks.peek().is_some() && blocks.all(is_whole)
}

fn parse_prefix(text: &str) -> Result<String, &'static str> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte));
    fits.then(|| text.to_owned()).ok_or("must be 1 to 64 characters of A-Z a-z 0-9 _ : . -")
}

/// The URL, if it is one of a Redis server.
pub(super) fn parse_url(url: &SecretString) -> Option<Url> {
    let parsed = Url::parse(url.expose_secret()).ok();
    parsed.filter(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host())
}

fn check_url(section: &mut Section<'_, '_>, secret: Secret) -> Option<SecretString> {
    let Some(url) = parse_url(&secret.text) else {
        let help = "write redis://HOST:6379/0, or rediss:// for TLS";
        section.fault(&secret.place, "`url` is not the URL of a Redis server", help);
        return None;
    };
    let database = url.path().trim_start_matches('/');
    if !database.is_empty() && database.parse::<u16>().is_err() {
        section.fault(&secret.place, "`url` names a database that is not a number", "end the URL with /0, /1, …");
        return None;
    }
    if url.password().is_some() && secret.in_the_open {
        let help = "put the whole URL into an environment variable, url = { env = \"REDIS_URL\" }, or a file, url_file = \"PATH\"";
        section.fault(&secret.place, "`url` shows a password to all who read this file", help);
        return None;
    }
    Some(secret.text)
}
