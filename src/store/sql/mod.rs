//! SQLite through sea-orm: the durable store, and the embedded ephemeral one in a second file.
//!
//! Owns: opening both files and bringing their schema up to date, once, under a lock. Does not own: the
//! schema (package `migrations`), the queries (the files beside this one).

use std::path::Path;
use std::sync::Arc;

use migrations::MigratorTrait;

use crate::config;
use crate::store::StoreError;

mod attempt;
mod consents;
mod database;
mod durable;
mod entity;
mod folder;
mod grants;
mod keys;
mod records;
mod refresh;
mod revocations;
mod secret_keys;
#[cfg(test)]
mod tamper;
mod users;

pub(super) use durable::Durable;
pub(super) use records::SqlRecords;
#[cfg(test)]
pub(super) use tamper::{OtherWriter, checkpoint, pretend_migrated, write_raw};

use database::{Database, Synchronous};

/// The durable database's file.
pub(super) const DURABLE_FILE: &str = "vestibule.db";

/// The embedded ephemeral database's file.
pub(super) const EPHEMERAL_FILE: &str = "ephemeral.db";

/// Opens `vestibule.db`.
///
/// # Errors
/// When the folder or file cannot be made, is no database, or was written by a newer version.
pub(super) async fn open_durable(config: &config::Database) -> Result<Durable, StoreError> {
    // FULL: a commit is on the disk before its answer goes out.
    let database = open::<migrations::durable::Migrator>(config, DURABLE_FILE, Synchronous::Full).await?;
    Ok(Durable::new(Arc::new(database)))
}

/// Opens `ephemeral.db`.
///
/// # Errors
/// As [`open_durable`].
pub(super) async fn open_ephemeral(config: &config::Database) -> Result<SqlRecords, StoreError> {
    // NORMAL: a power cut may lose the last moments, never the order or the file.
    let database = open::<migrations::ephemeral::Migrator>(config, EPHEMERAL_FILE, Synchronous::Normal).await?;
    Ok(SqlRecords::new(database))
}

async fn open<M: MigratorTrait>(
    config: &config::Database,
    file: &str,
    synchronous: Synchronous,
) -> Result<Database, StoreError> {
    // Held while the file is made, put into WAL mode and migrated: two processes that start together
    // on one folder do this one after the other, and the second finds it done.
    let lock = folder::lock(&config.folder).await?;
    let path = config.folder.join(file);
    folder::make_file(&path)?;
    let database = Database::open(&path, synchronous, config.acquire_timeout).await?;
    migrate::<M>(&database, &path).await?;
    drop(lock);
    Ok(database)
}

async fn migrate<M: MigratorTrait>(database: &Database, path: &Path) -> Result<(), StoreError> {
    let applied = M::get_migration_models(database.writes()).await;
    let applied = applied.map_err(|error| folder::unusable(path, error))?;
    let known: Vec<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if let Some(unknown) = applied.iter().find(|one| !known.contains(&one.version)) {
        let cause = format!(
            "{} was written by a newer version of vestibule (it has the change '{}'): start that version, or \
             restore a backup made before the upgrade",
            path.display(),
            unknown.version
        );
        return Err(StoreError::new("opening the database", cause));
    }
    if applied.len() == known.len() {
        return Ok(());
    }
    M::up(database.writes(), None).await.map_err(|error| StoreError::new("migrating the database", error))
}
