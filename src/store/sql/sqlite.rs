//! One SQLite file: a pool that reads and one connection that writes.
//!
//! Owns: the connections, the pragmas, and that one process at a time sets the file up. Does not own:
//! queries, migrations, who writes when (`writer`).
//!
//! SQLite has one writer whatever we do. Queueing for our one writing connection is cheaper than
//! colliding on the file's lock, and in WAL mode readers never wait for it. A read that begins after a
//! write was answered sees it.

use std::path::PathBuf;
use std::time::Duration;

use migrations::MigratorTrait;
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr, SqlxSqliteConnector};

use crate::config;
use crate::store::StoreError;
use crate::store::sql::database::Database;
use crate::store::sql::writer::Writer;
use crate::store::sql::{folder, schema};

/// Connections that read; each has a thread and a page cache of its own.
const READERS: u32 = 4;

/// How long one try waits for another process (the command line, a backup) to finish writing. There are a
/// few.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

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

/// A file, and how it is opened.
#[derive(Debug, Clone)]
pub(super) struct File {
    path: PathBuf,
    synchronous: Synchronous,
    acquire_timeout: Duration,
}

impl File {
    pub(super) fn new(path: PathBuf, synchronous: Synchronous, acquire_timeout: Duration) -> Self {
        Self { path, synchronous, acquire_timeout }
    }

    /// How long a write waits for its turn.
    pub(super) const fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// The connection that writes; it turns on WAL.
    ///
    /// # Errors
    /// When the file is no database.
    pub(super) async fn connect_writer(&self) -> Result<DatabaseConnection, DbErr> {
        self.connect(Role::Write).await
    }

    async fn connect(&self, role: Role) -> Result<DatabaseConnection, DbErr> {
        // The path goes in below: in a URL its special characters would mean something.
        let mut options = ConnectOptions::new("sqlite:vestibule.db");
        let (file, full) = (self.path.clone(), self.synchronous == Synchronous::Full);
        options
            .max_connections(if role == Role::Write { 1 } else { READERS })
            .min_connections(1)
            .acquire_timeout(self.acquire_timeout)
            .connect_timeout(self.acquire_timeout)
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
                    .pragma("synchronous", if full { "FULL" } else { "NORMAL" });
                // A read that writes is a mistake here, and fails.
                if role == Role::Read { sqlite.pragma("query_only", "ON") } else { sqlite }
            });
        SqlxSqliteConnector::connect(options).await
    }
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
    let file = File::new(path.clone(), synchronous, config.acquire_timeout);
    let unusable = |error| folder::unusable(&path, error);
    // The writer first: it is the one that may turn on WAL.
    let writes = file.connect_writer().await.map_err(unusable)?;
    let reads = file.connect(Role::Read).await.map_err(unusable)?;
    schema::bring_up_to_date::<M, _>(&writes, &path.display().to_string(), unusable).await?;
    drop(lock);
    Ok(Database::written_by(Writer::start(file, writes), reads))
}
