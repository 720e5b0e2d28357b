//! The configuration: typed sections, every fault at once, secrets that do not print.
//!
//! Owns: reading, checking and explaining configuration, and the environment. Does not own: what the
//! values do.
//!
//! A load goes: `folder` (files) -> `document` (TOML with places) -> `section` and `values` (taking keys)
//! -> one file a section -> `registry` (names across tables). Faults are collected on the way.

mod api;
mod client;
mod client_rules;
mod client_secret;
mod database;
mod dev;
mod document;
mod duration;
mod fault;
mod folder;
mod keys;
mod later;
mod lifetimes;
mod limits;
mod log;
mod nearest;
mod note;
mod outbound;
mod passwords;
mod provider;
mod proxies;
mod redis;
mod registry;
mod reload;
mod role;
mod schema;
mod secret;
mod section;
mod server;
mod show;
mod source;
mod suggest;
#[cfg(test)]
mod tests;
mod values;

use std::path::Path;

use crate::model::registry::Registry;

pub use self::database::{Database, Postgres, Sqlite};
pub use self::dev::{DemoSecrets, DevSettings, load_dev, load_dev_with};
pub use self::fault::Faults;
pub use self::keys::Keys;
pub use self::lifetimes::Lifetimes;
pub use self::limits::{Failures, Limits};
pub use self::log::{Log, LogFormat};
pub use self::nearest::nearest;
pub use self::outbound::Outbound;
pub use self::passwords::Passwords;
pub use self::proxies::Proxies;
pub use self::redis::Redis;
pub use self::reload::{AdoptError, Adoption, Difference, Names, SETTINGS, Setting, When};
pub use self::schema::schema;
pub use self::server::Server;
pub use self::show::{Origin, Shown, show};
pub use self::suggest::client_table;

use self::document::{Data, Table};
use self::note::Shape;
use self::registry::{Lists, Written};
use self::section::{Reader, Rest, Section};

/// The default configuration: every key commented out and explained.
pub const DEFAULT_TOML: &str = include_str!("../../config/vestibule.toml");

/// A whole configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[database]`.
    pub database: Database,
    /// `[redis]`, when there is one; the embedded store otherwise.
    pub redis: Option<Redis>,
    /// `[keys]`.
    pub keys: Keys,
    /// `[log]`.
    pub log: Log,
    /// `[lifetimes]`.
    pub lifetimes: Lifetimes,
    /// `[limits]`.
    pub limits: Limits,
    /// `[passwords]`.
    pub passwords: Passwords,
    /// `[proxies]`.
    pub proxies: Proxies,
    /// `[outbound]`.
    pub outbound: Outbound,
    /// `[[clients]]`, `[[apis]]`, `[[roles]]`, `[[providers]]`.
    pub registry: Registry,
    /// Whether this is a development server: pages say so, and errors show more.
    pub dev: bool,
}

/// Reads the configuration of `serve`: every `*.toml` under `folder`, with overrides from `env`
/// (`VESTIBULE__SECTION__KEY`).
///
/// # Errors
/// Every fault at once.
pub fn load(folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Faults> {
    load_with(folder, None, env)
}

/// The same with one more text, as if a file of the folder held it.
///
/// # Errors
/// Every fault at once.
pub fn load_with(
    folder: &Path,
    draft: Option<Draft<'_>>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    let mut reader = Reader::new(env, false);
    let mut root = folder::read(folder, &mut reader);
    if let Some(draft) = draft {
        draft.join(&mut root, &mut reader);
    }
    let config = read(root, folder, &mut reader);
    match config {
        Some(config) if reader.faults.is_empty() => Ok(config),
        _ => Err(Faults::new(reader.sources, reader.faults)),
    }
}

/// What is about to be added to a configuration, held against its rules before it is.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// How faults in it name it.
    pub name: &'a str,
    /// Tables.
    pub text: &'a str,
}

impl Draft<'_> {
    fn join(&self, root: &mut Table, reader: &mut Reader<'_>) {
        let source = reader.sources.add_file(Path::new(self.name), self.text);
        let table = document::parse(source, reader);
        root.absorb(table, reader);
    }
}

/// Reads every table; `None` when there is no issuer, which is a fault.
fn read(root: Table, folder: &Path, reader: &mut Reader<'_>) -> Option<Config> {
    let tables = Tables::take(root, reader);
    let server = server::read(reader, tables.server);
    let database = database::read(reader, tables.database);
    let faults_before = reader.faults.len();
    let redis = redis::read(reader, tables.redis);
    database.check(reader, redis.is_some() || reader.faults.len() > faults_before);
    let keys = keys::read(reader, tables.keys, folder);
    let log = log::read(reader, tables.log);
    let lifetimes = lifetimes::read(reader, tables.lifetimes);
    let limits = limits::read(reader, tables.limits);
    let passwords = passwords::read(reader, tables.passwords);
    let proxies = proxies::read(reader, tables.proxies);
    let outbound = outbound::read(reader, tables.outbound);
    let written = Written::read(reader, tables.lists, &outbound);
    written.check(reader, server.as_ref().map(|server| &server.issuer));
    reader.unknown(&tables.rest);
    let registry = written.into_registry(false);
    Some(Config {
        server: server?,
        database: database.database,
        redis,
        keys,
        log,
        lifetimes,
        limits,
        passwords,
        proxies,
        outbound,
        registry,
        dev: false,
    })
}

/// The tables of the top level, not yet read.
struct Tables {
    server: Table,
    database: Table,
    redis: Table,
    keys: Table,
    log: Table,
    lifetimes: Table,
    limits: Table,
    passwords: Table,
    proxies: Table,
    outbound: Table,
    lists: Lists,
    rest: Rest,
}

impl Tables {
    fn take(root: Table, reader: &mut Reader<'_>) -> Self {
        let mut section = reader.root(root);
        check_version(&mut section);
        Self {
            server: section.table("server"),
            database: section.table("database"),
            redis: section.table("redis"),
            keys: section.table("keys"),
            log: section.table("log"),
            lifetimes: section.table("lifetimes"),
            limits: section.table("limits"),
            passwords: section.table("passwords"),
            proxies: section.table("proxies"),
            outbound: section.table("outbound"),
            lists: Lists::take(&mut section),
            rest: section.rest(),
        }
    }
}

/// `config_version`, optional: only 1 exists.
fn check_version(section: &mut Section<'_, '_>) {
    let written = section.take("config_version", Shape::Integer(1..=1));
    section.default_is("config_version", 1);
    if let Some(value) = written.filter(|value| !matches!(value.data, Data::Integer(1))) {
        let help = "write config_version = 1, or remove the line";
        section.fault(&value.place, "this version reads `config_version` 1 only", help);
    }
}
