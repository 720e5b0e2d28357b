//! `[database]`: where the durable store is.
//!
//! Owns: that section. Does not own: opening it (`store`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::document::Table;
use crate::config::fault::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::source::Place;

/// `[database]`.
#[derive(Debug, Clone)]
pub enum Database {
    /// `sqlite://FOLDER`.
    Sqlite(Sqlite),
    /// `postgres://…`.
    Postgres(Postgres),
}

impl Database {
    /// The folder of the files, where there are files.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(sqlite) => Some(&sqlite.folder),
            Self::Postgres(_) => None,
        }
    }
}

/// SQLite files in a folder.
#[derive(Debug, Clone)]
pub struct Sqlite {
    /// Where `vestibule.db` and `ephemeral.db` are.
    pub folder: PathBuf,
    /// `acquire_timeout`: how long a connection is waited for; 2 s by default.
    pub acquire_timeout: Duration,
}

/// A PostgreSQL database.
#[derive(Debug, Clone)]
pub struct Postgres {
    /// `postgres://` or `postgresql://` with user, host and database; may hold a password.
    pub url: SecretString,
    /// `max_connections` of this process; 10 by default.
    pub max_connections: u32,
    /// `acquire_timeout`: how long a connection is waited for; 2 s by default.
    pub acquire_timeout: Duration,
    /// `statement_timeout`: after which the server ends a statement; 5 s by default and at most, so that
    /// what one instance writes is seen by the others soon enough.
    pub statement_timeout: Duration,
}

/// What `acquire_timeout` is where it is not set.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

const MAX_CONNECTIONS: u32 = 10;

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

const FOLDER: &str = "/var/lib/vestibule";

const HELP: &str = "write sqlite:// and a folder: url = \"sqlite:///var/lib/vestibule\" (relative paths begin at this file's folder), \
     or postgres://USER@HOST/DATABASE";

/// The section, and where PostgreSQL is named, for what must fit it elsewhere.
pub(super) struct Read {
    pub(super) database: Database,
    postgres_at: Option<Place>,
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Read {
    let mut section = reader.section("database", table);
    let urls = section.secrets("url", "url_file");
    if let Some(second) = urls.found.get(1) {
        section.fault(&second.place, "`url` takes one database", "keep one of them");
    }
    let url = urls.found.into_iter().next();
    section.default_is("url", format!("sqlite://{FOLDER}"));
    let max_connections = section.number_or("max_connections", 1..=1000, MAX_CONNECTIONS);
    let acquire = Duration::from_millis(10)..=Duration::from_secs(5);
    let acquire_timeout = section.duration_or("acquire_timeout", acquire, ACQUIRE_TIMEOUT).value;
    let statement = Duration::from_millis(100)..=STATEMENT_TIMEOUT;
    let statement_timeout = section.duration_or("statement_timeout", statement, STATEMENT_TIMEOUT).value;
    let place = url.as_ref().map(|url| url.place.clone());
    let named = url.and_then(|url| named(&mut section, url));
    section.finish();
    match named {
        Some(Named::Server(url)) => Read {
            database: Database::Postgres(Postgres { url, max_connections, acquire_timeout, statement_timeout }),
            postgres_at: place,
        },
        Some(Named::Folder(folder)) => {
            let source = place.as_ref().and_then(|place| reader.sources.of(place));
            let folder = source.map_or_else(|| folder.clone(), |source| source.folder.join(&folder));
            Read { database: Database::Sqlite(Sqlite { folder, acquire_timeout }), postgres_at: None }
        }
        None => {
            let folder = PathBuf::from(FOLDER);
            Read { database: Database::Sqlite(Sqlite { folder, acquire_timeout }), postgres_at: None }
        }
    }
}

impl Read {
    /// PostgreSQL has no folder in which sessions and codes could be embedded.
    pub(super) fn check(&self, reader: &mut Reader<'_>, has_redis: bool) {
        if let Some(place) = self.postgres_at.as_ref().filter(|_| !has_redis) {
            let help = "add [redis] with url = \"redis://HOST:6379/0\": sessions and codes are kept there";
            reader.faults.push(Fault::at(place, "PostgreSQL needs a [redis] beside it", help));
        }
    }
}

enum Named {
    Folder(PathBuf),
    Server(SecretString),
}

fn named(section: &mut Section<'_, '_>, secret: Secret) -> Option<Named> {
    let text = secret.text.expose_secret();
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return server(section, secret).map(Named::Server);
    }
    match folder(text) {
        Ok(folder) => Some(Named::Folder(folder)),
        Err(why) => {
            section.fault(&secret.place, format!("`url` {why}"), HELP);
            None
        }
    }
}

fn server(section: &mut Section<'_, '_>, secret: Secret) -> Option<SecretString> {
    let Some(url) = Url::parse(secret.text.expose_secret()).ok().filter(names_a_database) else {
        let help =
            "write postgres://USER@HOST:5432/DATABASE; special characters in user and password are percent-encoded";
        section.fault(&secret.place, "`url` is not the URL of a PostgreSQL database", help);
        return None;
    };
    let has_password = url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password");
    if has_password && secret.in_the_open {
        let help = "put the whole URL into an environment variable, url = { env = \"DATABASE_URL\" }, or a file, url_file = \"PATH\"";
        section.fault(&secret.place, "`url` shows a password to all who read this file", help);
        return None;
    }
    Some(secret.text)
}

/// A host (or the folder of a socket, `?host=/run/postgresql`) and a database: nothing is left to chance.
fn names_a_database(url: &Url) -> bool {
    let by_query = |name: &str| url.query_pairs().any(|(key, value)| key == name && !value.is_empty());
    let host = url.host_str().is_some_and(|host| !host.is_empty()) || by_query("host");
    host && (url.path().len() > 1 || by_query("dbname"))
}

fn folder(text: &str) -> Result<PathBuf, &'static str> {
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    let path = path.ok_or("must begin with sqlite:// or postgres://")?;
    if path.contains(['?', '#']) || path.is_empty() || path.starts_with(":memory:") {
        return Err("must name a folder, without options");
    }
    if Path::new(path).extension().is_some_and(|extension| extension == "db" || extension == "sqlite") {
        return Err("must name a folder, not a file: two database files are kept there");
    }
    Ok(PathBuf::from(path))
}
