//! One SQLite file: a pool that reads and one connection that writes.
//!
//! Owns: the pools, the pragmas, and that one process at a time sets the file up. Does not own: queries,
//! migrations.
//!
//! SQLite has one writer whatever we do. Queueing for our one writing connection is cheaper than
//! colliding on the file's lock, and in WAL mode readers never wait for it. A read that begins after a
//! write was answered sees it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrations::MigratorTrait;
use sea_orm::{ConnectOptions, DatabaseConnection, SqlxSqliteConnector};

use crate::config;
use crate::store::StoreError;
use crate::store::sql::database::Database;
use crate::store::sql::{folder, schema};

/// Connections that read; each has a thread and a page cache of its own.
const READERS: u32 = 4;

/// How long one statement waits for another process (the command line, a backup) to finish writing.
/// `attempt` tries a few times.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// When a commit is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Synchronous {
    /// Before its answer.
    Full,
    /// At the next checkpoint.
    Normal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Read,
    Write,
}

/// Opens the file, making it where there is none, and brings its schema up to date.
///
/// # Errors
/// When the folder or file cannot be made, is no database, or was written by a newer version.
pub(super) async fn open<M: MigratorTrait>(
    config: &config::Sqlite,
    file: &str,
    synchronous: Synchronous,
) -> Result<Database, StoreError> {
    // Held while the file is made, put into WAL mode and migrated: two processes that start together
    // on one folder do this one after the other, and the second finds it done.
    let lock = folder::lock(&config.folder).await?;
    let path = config.folder.join(file);
    folder::make_file(&path)?;
    let database = open_file(&path, synchronous, config.acquire_timeout).await?;
    let unusable = |error| folder::unusable(&path, error);
    schema::bring_up_to_date::<M, _>(database.writes(), &path.display().to_string(), unusable).await?;
    drop(lock);
    Ok(database)
}

/// Opens the file, which exists.
///
/// # Errors
/// When it is not a database.
pub(super) async fn open_file(
    path: &Path,
    synchronous: Synchronous,
    acquire: Duration,
) -> Result<Database, StoreError> {
    // The writer first: it is the one that may turn on WAL.
    let writes = connect(path, synchronous, Role::Write, acquire).await?;
    let reads = connect(path, synchronous, Role::Read, acquire).await?;
    Ok(Database::new(reads, writes))
}

async fn connect(
    path: &Path,
    synchronous: Synchronous,
    role: Role,
    acquire: Duration,
) -> Result<DatabaseConnection, StoreError> {
    // The path goes in below: in a URL its special characters would mean something.
    let mut options = ConnectOptions::new("sqlite:vestibule.db");
    let file: PathBuf = path.to_owned();
    options
        .max_connections(if role == Role::Write { 1 } else { READERS })
        .min_connections(1)
        .acquire_timeout(acquire)
        .connect_timeout(acquire)
        // A connection to a file does not go stale.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        // Statements carry hashes and addresses: not for the log.
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .filename(&file)
                .create_if_missing(false)
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", if synchronous == Synchronous::Full { "FULL" } else { "NORMAL" });
            // A read that writes is a mistake here, and fails.
            if role == Role::Read { sqlite.pragma("query_only", "ON") } else { sqlite }
        });
    SqlxSqliteConnector::connect(options).await.map_err(|error| folder::unusable(path, error))
}
