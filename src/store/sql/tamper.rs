//! What a test does to a database behind the store's back.
//!
//! Owns: those few statements. Does not own: tests.

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement, Value};

use crate::store::StoreError;
use crate::store::sql::sqlite::{File, Synchronous};

/// Writes a record as another version might.
pub(in crate::store) async fn write_raw(path: &Path, kind: &str, key: &str, text: &str) -> Result<(), StoreError> {
    let sql = r#"INSERT OR REPLACE INTO "records" ("kind", "key", "value", "until") VALUES (?, ?, ?, ?)"#;
    run(path, sql, vec![kind.into(), key.into(), text.into(), i64::MAX.into()]).await
}

/// Moves everything from the write-ahead log into the file.
pub(in crate::store) async fn checkpoint(path: &Path) -> Result<(), StoreError> {
    run(path, "PRAGMA wal_checkpoint(TRUNCATE)", Vec::new()).await
}

/// Marks a change as made that this version does not know.
pub(in crate::store) async fn pretend_migrated(path: &Path, name: &str) -> Result<(), StoreError> {
    let sql = r#"INSERT INTO "seaql_migrations" ("version", "applied_at") VALUES (?, 0)"#;
    run(path, sql, vec![name.into()]).await
}

async fn run(path: &Path, sql: &str, values: Vec<Value>) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    connect(path).await?.execute_raw(statement).await.map(drop).map_err(failed)
}

async fn connect(path: &Path) -> Result<DatabaseConnection, StoreError> {
    let file = File::new(path.to_owned(), Synchronous::Normal, Duration::from_secs(30));
    file.connect_writer().await.map_err(failed)
}

fn failed(error: DbErr) -> StoreError {
    StoreError::new("tampering", error)
}

/// Another process in the middle of writing.
pub(in crate::store) struct OtherWriter(DatabaseConnection);

impl OtherWriter {
    /// Takes the file's write lock.
    pub(in crate::store) async fn begin(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path).await?;
        connection.execute_unprepared("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Self(connection))
    }

    /// Gives it back.
    pub(in crate::store) async fn commit(self) -> Result<(), StoreError> {
        self.0.execute_unprepared("COMMIT").await.map(drop).map_err(failed)
    }
}
