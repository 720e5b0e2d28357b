//! `[database]`: where the durable store is.
//!
//! Owns: that section. Does not own: opening it (`store`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::document::Table;
use crate::config::section::{Found, Reader};

/// `[database]`.
#[derive(Debug, Clone)]
pub struct Database {
    /// The folder of `sqlite://…`: where `vestibule.db` and `ephemeral.db` are.
    pub folder: PathBuf,
    /// `acquire_timeout`: how long a connection is waited for; 2 s by default.
    pub acquire_timeout: Duration,
}

/// What `acquire_timeout` is where it is not set.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

const FOLDER: &str = "/var/lib/vestibule";

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Database {
    let mut section = reader.section("database", table);
    let url = section.parsed("url", parse, |_| {
        "write sqlite:// and a folder: url = \"sqlite:///var/lib/vestibule\" (relative paths begin at this file's folder)".to_owned()
    });
    let acquire_timeout = section.duration("acquire_timeout", Duration::from_millis(10)..=Duration::from_mins(1));
    section.finish();
    let folder = url.map_or_else(
        || PathBuf::from(FOLDER),
        |Found { value, place }| {
            reader.sources.of(&place).map_or_else(|| value.clone(), |source| source.folder.join(&value))
        },
    );
    Database { folder, acquire_timeout: acquire_timeout.map_or(ACQUIRE_TIMEOUT, |found| found.value) }
}

fn parse(text: &str) -> Result<PathBuf, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Err("names PostgreSQL, which is not supported in this version".to_owned());
    }
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    let path = path.ok_or("must begin with sqlite://")?;
    if path.contains(['?', '#']) || path.is_empty() || path.starts_with(":memory:") {
        return Err("must name a folder, without options".to_owned());
    }
    if Path::new(path).extension().is_some_and(|extension| extension == "db" || extension == "sqlite") {
        return Err("must name a folder, not a file: two database files are kept there".to_owned());
    }
    Ok(PathBuf::from(path))
}
