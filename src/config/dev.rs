//! The configuration of `vestibule dev`: the folder's entries, and a demonstration beside them.
//!
//! Owns: what `dev` decides itself and its demo entries. Does not own: demo people, or where secrets are kept.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::document::{self, Table};
use crate::config::fault::{Fault, Faults};
use crate::config::redis::parse_url;
use crate::config::registry::{Lists, Written};
use crate::config::section::Reader;
use crate::config::{Config, Database, Draft, Keys, Outbound, Proxies, Redis, Server, Sqlite, Tables};
use crate::config::{database, folder, lifetimes, limits, log, outbound, passwords};
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::TokenHash;
use crate::protocol::scope::{Scope, Scopes};

/// Ctrl-C ends it in a second, whatever is under way.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

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

const DEMO: &str = include_str!("demo.toml");

/// Reads the configuration of `dev`: what `folder` says of clients, APIs, roles, providers, lifetimes, limits,
/// passwords and outbound connections, and each demo entry whose id, audience and scope names are not taken there. Without
/// `folder` there is only the demonstration. Whatever else the folder holds belongs to `serve` and is
/// left alone.
///
/// # Errors
/// Every fault at once.
pub fn load_dev(
    folder: Option<&Path>,
    settings: &DevSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    load_dev_with(folder, None, settings, env)
}

/// The same with one more text, as if a file of the folder held it.
///
/// # Errors
/// Every fault at once.
pub fn load_dev_with(
    folder: Option<&Path>,
    draft: Option<Draft<'_>>,
    settings: &DevSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    let mut reader = Reader::new(env, true);
    let mut root = folder.map(|folder| folder::read(folder, &mut reader)).unwrap_or_default();
    if let Some(draft) = draft {
        draft.join(&mut root, &mut reader);
    }
    let tables = Tables::take(root, &mut reader);
    // The folder's [log] is made for the server it describes; the environment still counts.
    let log = log::read(&mut reader, Table::default());
    let lifetimes = lifetimes::read(&mut reader, tables.lifetimes);
    let limits = limits::read(&mut reader, tables.limits);
    let passwords = passwords::read(&mut reader, tables.passwords);
    let outbound = outbound::read(&mut reader, tables.outbound);
    let mut written = Written::read(&mut reader, tables.lists, &outbound);
    let demo = demo(&written, &settings.secrets, &mut reader);
    written.extend(demo);
    written.check(&mut reader, Some(&settings.issuer));
    reader.unknown(&tables.rest);
    if settings.redis_url.as_ref().is_some_and(|url| parse_url(url).is_none()) {
        let help = "write redis://HOST:6379/0, or rediss:// for TLS";
        reader.faults.push(Fault::nowhere("--redis is not the URL of a Redis server", help));
    }
    if !reader.faults.is_empty() {
        return Err(Faults::new(reader.sources, reader.faults));
    }
    Ok(Config {
        server: Server {
            issuer: settings.issuer.clone(),
            listen: settings.listen.clone(),
            admin_listen: None,
            // Nobody stands in front of it.
            drain: Duration::ZERO,
            shutdown_timeout: SHUTDOWN_TIMEOUT,
        },
        database: Database::Sqlite(Sqlite {
            folder: settings.data.clone(),
            acquire_timeout: database::ACQUIRE_TIMEOUT,
        }),
        redis: settings.redis_url.clone().map(Redis::at),
        keys: Keys::of_dev(settings.encryption_key.clone()),
        log,
        lifetimes,
        limits,
        passwords,
        proxies: Proxies::default(),
        outbound,
        registry: written.into_registry(true),
        dev: true,
    })
}

/// The demo entries that fit beside what is written.
fn demo(written: &Written, secrets: &DemoSecrets, reader: &mut Reader<'_>) -> Written {
    let hash = |secret: &SecretString| format!("sha256:{}", TokenHash::of(secret.expose_secret().as_bytes()).to_hex());
    let text = DEMO
        .replace("WEB_SECRET_HASH", &hash(&secrets.web))
        .replace("SERVICE_SECRET_HASH", &hash(&secrets.service))
        .replace("API_SECRET_HASH", &hash(&secrets.api));
    let source = reader.sources.add_file(Path::new("demonstration of vestibule dev"), &text);
    let root = document::parse(source, reader);
    let lists = Lists::take(&mut reader.root(root));
    let mut demo = Written::read(reader, lists, &Outbound::default());

    let has_scope = |written: &Written, scope: &Scope| written.scopes().any(|known| known.value == *scope);
    demo.clients.retain(|entry| written.clients.iter().all(|known| known.client.client_id != entry.client.client_id));
    demo.roles.retain(|entry| written.roles.iter().all(|known| known.name.value != entry.name.value));
    demo.apis.retain(|entry| {
        let free = |scope: &Scope| !has_scope(written, scope);
        let audience_is_free = written.apis.iter().all(|known| known.audience.value != entry.audience.value);
        audience_is_free && entry.scopes.iter().all(|scope| free(&scope.name.value))
    });
    let ids: Vec<_> = demo.clients.iter().map(|entry| entry.client.client_id.clone()).collect();
    for api in &mut demo.apis {
        api.introspection_clients.retain(|id| ids.contains(&id.value));
    }
    // Where the demo API gave way, the entries keep the scopes that the folder's APIs have.
    let exists =
        |demo: &Written, scope: &Scope| scope.is_openid() || has_scope(written, scope) || has_scope(demo, scope);
    let kept: Scopes = all_scopes(&demo).into_iter().filter(|scope| exists(&demo, scope)).collect();
    for entry in &mut demo.clients {
        entry.client.scope = entry.client.scope.filter(|scope| kept.contains(scope));
        entry.client.default_scope = entry.client.default_scope.filter(|scope| kept.contains(scope));
        entry.client.defined_at = None;
        entry.scope.scopes = entry.client.scope.clone();
    }
    for role in &mut demo.roles {
        role.scopes.scopes = role.scopes.scopes.filter(|scope| kept.contains(scope));
    }
    demo
}

fn all_scopes(demo: &Written) -> Vec<Scope> {
    let of_clients = demo.clients.iter().flat_map(|entry| entry.client.scope.iter().cloned());
    let of_roles = demo.roles.iter().flat_map(|role| role.scopes.scopes.iter().cloned());
    of_clients.chain(of_roles).collect()
}
