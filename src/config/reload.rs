//! Another configuration for a server that runs: what applies at once, what waits for a restart, and what
//! differs.
//!
//! Owns: the one table of keys that says so. Does not own: reading the configuration, or what the server
//! does with it (`startup`).

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Config, Database, Keys, Limits, Server};
use crate::model::client::Client;
use crate::model::provider::Provider;
use crate::model::registry::{Api, Registry, Role};

/// When a changed key applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// With the next reload.
    AtOnce,
    /// With the next start: what was made from it is not made again.
    AtRestart,
}

/// One key of the tables there is one of.
pub struct Setting {
    /// `table.key`.
    pub key: &'static str,
    /// When it applies.
    pub when: When,
    /// Whether two configurations say the same.
    same: fn(&Config, &Config) -> bool,
}

macro_rules! setting {
    ($key:literal, $when:ident, |$config:ident| $value:expr) => {
        Setting {
            key: $key,
            when: When::$when,
            same: |one, other| {
                let $config = one;
                let left = $value;
                let $config = other;
                left == $value
            },
        }
    };
}

/// Every key of the tables there is one of.
pub static SETTINGS: &[Setting] = &[
    setting!("server.issuer", AtRestart, |config| &config.server.issuer),
    setting!("server.listen", AtRestart, |config| &config.server.listen),
    setting!("server.admin_listen", AtRestart, |config| config.server.admin_listen),
    setting!("server.drain", AtOnce, |config| config.server.drain),
    setting!("server.shutdown_timeout", AtRestart, |config| config.server.shutdown_timeout),
    setting!("database.url", AtRestart, |config| database_url(config)),
    setting!("database.max_connections", AtRestart, |config| match &config.database {
        Database::Postgres(postgres) => Some(postgres.max_connections),
        Database::Sqlite(_) => None,
    }),
    setting!("database.acquire_timeout", AtRestart, |config| match &config.database {
        Database::Sqlite(sqlite) => sqlite.acquire_timeout,
        Database::Postgres(postgres) => postgres.acquire_timeout,
    }),
    setting!("database.statement_timeout", AtRestart, |config| match &config.database {
        Database::Postgres(postgres) => Some(postgres.statement_timeout),
        Database::Sqlite(_) => None,
    }),
    setting!("redis.url", AtRestart, |config| config.redis.as_ref().map(|redis| redis.url.expose_secret())),
    setting!("redis.ca_file", AtRestart, |config| config.redis.as_ref().and_then(|redis| redis.ca.as_deref())),
    setting!("redis.key_prefix", AtRestart, |config| config.redis.as_ref().map(|redis| redis.key_prefix.as_str())),
    setting!("redis.command_timeout", AtRestart, |config| config.redis.as_ref().map(|redis| redis.command_timeout)),
    setting!("redis.connect_timeout", AtRestart, |config| config.redis.as_ref().map(|redis| redis.connect_timeout)),
    setting!("keys.encryption_key", AtRestart, |config| encryption_keys(config)),
    setting!("keys.rotate_every", AtOnce, |config| config.keys.rotate_every),
    setting!("log.format", AtRestart, |config| config.log.format),
    setting!("log.level", AtRestart, |config| config.log.level.as_str()),
    setting!("log.redact", AtRestart, |config| &config.log.redact),
    setting!("lifetimes.code", AtOnce, |config| config.lifetimes.code),
    setting!("lifetimes.interaction", AtOnce, |config| config.lifetimes.interaction),
    setting!("lifetimes.session_idle", AtOnce, |config| config.lifetimes.session_idle),
    setting!("lifetimes.session_absolute", AtOnce, |config| config.lifetimes.session_absolute),
    setting!("lifetimes.access_token", AtOnce, |config| config.lifetimes.access_token),
    setting!("lifetimes.id_token", AtOnce, |config| config.lifetimes.id_token),
    setting!("lifetimes.refresh_idle", AtOnce, |config| config.lifetimes.refresh.idle),
    setting!("lifetimes.refresh_absolute", AtOnce, |config| config.lifetimes.refresh.absolute),
    setting!("lifetimes.refresh_grace", AtOnce, |config| config.lifetimes.refresh.grace),
    setting!("limits.body", AtOnce, |config| config.limits.body),
    setting!("limits.query", AtOnce, |config| config.limits.query),
    setting!("limits.connections", AtRestart, |config| config.limits.connections),
    setting!("limits.header_timeout", AtRestart, |config| config.limits.header_timeout),
    setting!("limits.sign_in_failures", AtOnce, |config| config.limits.failures.sign_in.failures),
    setting!("limits.account_failures", AtOnce, |config| config.limits.failures.account.failures),
    setting!("limits.address_failures", AtOnce, |config| config.limits.failures.address.failures),
    setting!("limits.client_failures", AtOnce, |config| config.limits.failures.client.failures),
    setting!("limits.failure_window", AtOnce, |config| config.limits.failures.sign_in.window),
    setting!("limits.exempt_addresses", AtOnce, |config| &config.limits.failures.exempt),
    setting!("passwords.memory_kib", AtOnce, |config| config.passwords.memory_kib),
    setting!("passwords.iterations", AtOnce, |config| config.passwords.iterations),
    setting!("passwords.parallelism", AtOnce, |config| config.passwords.parallelism),
    setting!("passwords.threads", AtOnce, |config| config.passwords.threads),
    setting!("passwords.queue", AtOnce, |config| config.passwords.queue),
    setting!("passwords.min_length", AtOnce, |config| config.passwords.min_length),
    setting!("proxies.trusted", AtOnce, |config| &config.proxies.trusted),
    setting!("outbound.allow", AtOnce, |config| &config.outbound.allow),
];

fn database_url(config: &Config) -> String {
    match &config.database {
        Database::Sqlite(sqlite) => format!("sqlite:{}", sqlite.folder.display()),
        Database::Postgres(postgres) => postgres.url.expose_secret().to_owned(),
    }
}

fn encryption_keys(config: &Config) -> Vec<&str> {
    config.keys.encryption_keys.iter().map(SecretString::expose_secret).collect()
}

/// Why a configuration that is right by itself cannot be given to a running server.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// A token for that API would open this server, which keeps its issuer.
    #[error("an API has the audience {0}, the issuer of the running server: restart to apply the new issuer")]
    AudienceIsIssuer(String),
}

/// A configuration on its way into a running server.
#[derive(Debug)]
pub struct Adoption {
    /// What it gets: the new one, with what cannot change now as it is.
    pub config: Config,
    /// What changes.
    pub difference: Difference,
}

/// What two configurations differ in; names only, never a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Keys that apply at once.
    pub settings: Vec<&'static str>,
    /// Keys that apply with the next start.
    pub waiting: Vec<&'static str>,
    /// Clients that are served: by `client_id`.
    pub clients: Names,
    /// APIs: by `audience`.
    pub apis: Names,
    /// Roles: by `name`.
    pub roles: Names,
    /// External providers that are enabled: by `id`.
    pub providers: Names,
    /// Whether those that stay are offered in another order.
    pub providers_reordered: bool,
}

/// What became of things with names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// There now and not before.
    pub added: Vec<String>,
    /// There before and not now.
    pub removed: Vec<String>,
    /// There before and now, and not the same.
    pub changed: Vec<String>,
}

impl Names {
    /// Whether nothing did.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    fn between<T: PartialEq>(old: &BTreeMap<&str, T>, new: &BTreeMap<&str, T>) -> Self {
        let missing = |from: &BTreeMap<&str, T>, of: &BTreeMap<&str, T>| {
            from.keys().filter(|name| !of.contains_key(*name)).map(ToString::to_string).collect()
        };
        let differs = |(name, value): &(&&str, &T)| old.get(**name).is_some_and(|before| before != *value);
        let changed = new.iter().filter(differs).map(|(name, _)| name.to_string()).collect();
        Self { added: missing(new, old), removed: missing(old, new), changed }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)];
        let told = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let told: Vec<String> = told.map(|(what, names)| format!("{what} {}", names.join(", "))).collect();
        f.write_str(&told.join("; "))
    }
}

impl Difference {
    fn between(old: &Config, new: &Config) -> Self {
        let differing = |when: When| {
            let differ = move |setting: &&Setting| setting.when == when && !(setting.same)(old, new);
            SETTINGS.iter().filter(differ).map(|setting| setting.key).collect()
        };
        let (old, new) = (&old.registry, &new.registry);
        Self {
            settings: differing(When::AtOnce),
            waiting: differing(When::AtRestart),
            clients: Names::between(&clients(old), &clients(new)),
            apis: Names::between(&apis(old), &apis(new)),
            roles: Names::between(&roles(old), &roles(new)),
            providers: Names::between(&providers(old), &providers(new)),
            providers_reordered: order(old, new) != order(new, old),
        }
    }

    /// Whether everything is as it was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.waiting.is_empty()
            && self.clients.is_empty()
            && self.apis.is_empty()
            && self.roles.is_empty()
            && self.providers.is_empty()
            && !self.providers_reordered
    }
}

/// Those that are served. The line that a table begins on is no part of a client.
fn clients(registry: &Registry) -> BTreeMap<&str, Client> {
    let served = registry.clients().filter(|client| client.enabled);
    served.map(|client| (client.client_id.as_str(), Client { defined_at: None, ..Client::clone(client) })).collect()
}

fn apis(registry: &Registry) -> BTreeMap<&str, &Api> {
    registry.apis().iter().map(|api| (api.audience.as_str(), api)).collect()
}

fn roles(registry: &Registry) -> BTreeMap<&str, &Role> {
    registry.roles().iter().map(|role| (role.name.as_str(), role)).collect()
}

fn providers(registry: &Registry) -> BTreeMap<&str, Provider> {
    let enabled = registry.providers();
    enabled.map(|one| (one.id.as_str(), Provider { defined_at: None, ..Provider::clone(one) })).collect()
}

/// The providers of the one that the other has, too, as the one offers them.
fn order<'r>(one: &'r Registry, other: &Registry) -> Vec<&'r str> {
    let ids = one.providers().map(|provider| provider.id.as_str());
    ids.filter(|id| other.find_provider(id).is_some()).collect()
}

impl Config {
    /// What a server that runs with `running` gets when it is given this one.
    ///
    /// # Errors
    /// When the two do not go together.
    pub fn adopt(self, running: &Self) -> Result<Adoption, AdoptError> {
        let issuer = running.server.issuer.as_str();
        let opens_us = |api: &&Api| api.audience.trim_end_matches('/') == issuer;
        if let Some(api) = self.registry.apis().iter().find(opens_us) {
            return Err(AdoptError::AudienceIsIssuer(api.audience.clone()));
        }
        let difference = Difference::between(running, &self);
        let config = Self {
            server: Server { drain: self.server.drain, ..running.server.clone() },
            database: running.database.clone(),
            redis: running.redis.clone(),
            keys: Keys { rotate_every: self.keys.rotate_every, ..running.keys.clone() },
            log: running.log.clone(),
            limits: Limits {
                connections: running.limits.connections,
                header_timeout: running.limits.header_timeout,
                ..self.limits
            },
            ..self
        };
        Ok(Adoption { config, difference })
    }
}
