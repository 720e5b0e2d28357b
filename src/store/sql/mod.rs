//! SQLite and PostgreSQL through sea-orm: the durable store on either, and the embedded ephemeral one in a
//! second file of SQLite.
//!
//! Owns: which of them is opened. Does not own: opening it (`sqlite`, `postgres`), the schema (package
//! `migrations`), the queries (the files beside this one).

use std::sync::Arc;

use migrations::durable::Migrator;

use crate::config;
use crate::store::StoreError;

mod attempt;
mod clients;
mod consents;
mod database;
mod dialect;
mod durable;
mod entity;
mod erasure;
mod folder;
mod grants;
mod identities;
mod keys;
mod postgres;
mod provider_tokens;
mod pulse;
mod records;
mod refresh;
mod revocations;
mod schema;
mod sqlite;
#[cfg(test)]
mod tamper;
mod users;
mod writer;

pub(super) use durable::Durable;
pub(super) use records::SqlRecords;
#[cfg(test)]
pub(super) use tamper::{OtherWriter, checkpoint, pretend_migrated, write_raw};

use sqlite::Synchronous;

/// The durable database's file.
pub(super) const DURABLE_FILE: &str = "vestibule.db";

/// The embedded ephemeral database's file.
pub(super) const EPHEMERAL_FILE: &str = "ephemeral.db";

/// Opens the durable store.
///
/// # Errors
/// When it cannot be made or reached, is no database, or was written by a newer version.
pub(super) async fn open_durable(config: &config::Database) -> Result<Durable, StoreError> {
    let database = match config {
        // FULL: a commit is on the disk before its answer goes out.
        config::Database::Sqlite(config) => sqlite::open::<Migrator>(config, DURABLE_FILE, Synchronous::Full).await,
        config::Database::Postgres(config) => postgres::open::<Migrator>(config).await,
    };
    Ok(Durable::new(Arc::new(database?)))
}

/// What is wrong with the settings of a durable store that others run: nothing is opened or changed.
///
/// # Errors
/// When it cannot be reached.
pub(super) async fn warnings(config: &config::Database) -> Result<Vec<String>, StoreError> {
    match config {
        config::Database::Sqlite(_) => Ok(Vec::new()),
        config::Database::Postgres(config) => postgres::warnings(config).await,
    }
}

/// Opens `ephemeral.db`.
///
/// # Errors
/// When the folder or file cannot be made, is no database, or was written by a newer version.
pub(super) async fn open_ephemeral(config: &config::Sqlite) -> Result<SqlRecords, StoreError> {
    // NORMAL: a power cut may lose the last moments, never the order or the file.
    let normal = Synchronous::Normal;
    let database = sqlite::open::<migrations::ephemeral::Migrator>(config, EPHEMERAL_FILE, normal).await?;
    Ok(SqlRecords::new(database))
}
