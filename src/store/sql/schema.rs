//! Bringing the schema of a database up to date.
//!
//! Owns: what is done with an older and a newer schema. Does not own: the changes (package `migrations`),
//! that one process at a time does it (`sqlite`, `postgres`).

use migrations::MigratorTrait;
use sea_orm::{ConnectionTrait, DbErr, IntoDatabaseExecutor};

use crate::store::StoreError;

/// Makes every change that the database lacks. `name` is what the database is called in messages,
/// `unusable` the error when even the list of changes cannot be read.
///
/// # Errors
/// When the database was written by a newer version, which is left as it is, or a change fails.
pub(super) async fn bring_up_to_date<'c, M, C>(
    connection: &'c C,
    name: &str,
    unusable: impl FnOnce(DbErr) -> StoreError,
) -> Result<(), StoreError>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoDatabaseExecutor<'c>,
{
    let applied = M::get_migration_models(connection).await.map_err(unusable)?;
    let known: Vec<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if let Some(unknown) = applied.iter().find(|one| !known.contains(&one.version)) {
        let cause = format!(
            "{name} was written by a newer version of vestibule (it has the change '{}'): start that version, or \
             restore a backup made before the upgrade",
            unknown.version
        );
        return Err(StoreError::new("opening the database", cause));
    }
    if applied.len() == known.len() {
        return Ok(());
    }
    M::up(connection, None).await.map_err(|error| StoreError::new("migrating the database", error))
}
