//! The configuration: typed sections, every fault at once, secrets that do not print.
//!
//! Owns: reading, checking and explaining configuration, and the environment. Does not own: what the
//! values do.

mod dev;
mod fault;
mod source;
mod suggest;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use crate::model::registry::Registry;
use crate::protocol::issuer::Issuer;

pub use self::dev::{DemoSecrets, DevSettings};
pub use self::fault::Faults;
pub use self::suggest::client_table;

/// The default configuration: every key commented out and explained.
pub const DEFAULT_TOML: &str = include_str!("../../config/vestibule.toml");

/// Reads the configuration of `serve`: every `*.toml` under `folder`, with overrides from `env`
/// (`VESTIBULE__SECTION__KEY`).
///
/// # Errors
/// Every fault at once.
pub fn load(folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Faults> {
    todo!()
}

/// Reads the configuration of `dev`: what `folder` says of clients, APIs, roles, lifetimes, limits and
/// passwords, and each demo entry whose id, audience and scope names are not taken there. Without
/// `folder` there is only the demonstration.
///
/// # Errors
/// Every fault at once.
pub fn load_dev(
    folder: Option<&Path>,
    settings: &DevSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    todo!()
}

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
    /// `[[clients]]`, `[[apis]]`, `[[roles]]`.
    pub registry: Registry,
    /// Whether this is a development server: pages say so, and errors show more.
    pub dev: bool,
}

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// `issuer`.
    pub issuer: Issuer,
    /// `listen`: one or several addresses.
    pub listen: Vec<SocketAddr>,
    /// `admin_listen`: off by default.
    pub admin_listen: Option<SocketAddr>,
    /// `shutdown_timeout`: how long requests in flight may finish.
    pub shutdown_timeout: Duration,
}

/// `[database]`.
#[derive(Debug, Clone)]
pub struct Database {
    /// The folder or file of `sqlite:…`: where `vestibule.db` and `ephemeral.db` are.
    pub folder: PathBuf,
    /// How long a connection is waited for.
    pub acquire_timeout: Duration,
}

/// `[redis]`.
#[derive(Debug, Clone)]
pub struct Redis {
    /// `redis://` or `rediss://` with user, password and database number; may hold a password.
    pub url: SecretString,
    /// Before every key, `vestibule:` by default.
    pub key_prefix: String,
    /// For one command, 500 ms by default.
    pub command_timeout: Duration,
    /// For a connection.
    pub connect_timeout: Duration,
}

/// `[keys]`.
#[derive(Debug, Clone)]
pub struct Keys {
    /// 32 bytes each, base64 in file or environment; the first seals, all open. Never empty.
    pub encryption_keys: Vec<SecretString>,
}

/// `[log]`.
#[derive(Debug, Clone)]
pub struct Log {
    /// `pretty`, `json`, or by whether stderr is a terminal.
    pub format: LogFormat,
    /// A filter such as `info` or `vestibule=debug,info`.
    pub level: String,
}

/// `[log] format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One object a line.
    Json,
}

/// `[lifetimes]`.
#[derive(Debug, Clone)]
pub struct Lifetimes {
    /// 60 s, at most 600 s.
    pub code: Duration,
    /// 30 min.
    pub interaction: Duration,
    /// 12 h.
    pub session_idle: Duration,
    /// 7 d.
    pub session_absolute: Duration,
    /// 10 min.
    pub access_token: Duration,
    /// 10 min.
    pub id_token: Duration,
}

/// `[limits]`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request body.
    pub body: usize,
    /// Bytes of a query string.
    pub query: usize,
    /// Connections of all workers together.
    pub connections: usize,
    /// How long a client may take to send its headers.
    pub header_timeout: Duration,
}

/// `[passwords]`.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// argon2id memory, KiB: 19456.
    pub memory_kib: u32,
    /// argon2id passes: 2.
    pub iterations: u32,
    /// argon2id lanes: 1.
    pub parallelism: u32,
    /// Threads that hash; the number of cores by default.
    pub threads: usize,
    /// Hashes that may wait; more are refused with 503.
    pub queue: usize,
    /// Fewest code points of a new password: 15.
    pub min_length: usize,
}

/// `[proxies]`.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted: Vec<ipnet::IpNet>,
}
