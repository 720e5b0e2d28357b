//! The connections to one database: those that read and those that write.
//!
//! Owns: which is which. Does not own: making them (`sqlite`, `postgres`), queries.

use sea_orm::DatabaseConnection;

/// The connections to one database. A read that begins after a write was answered sees it.
pub(super) struct Database {
    reads: DatabaseConnection,
    writes: DatabaseConnection,
}

impl Database {
    /// Over pools for each.
    pub(super) const fn new(reads: DatabaseConnection, writes: DatabaseConnection) -> Self {
        Self { reads, writes }
    }

    /// For statements that change nothing.
    pub(super) const fn reads(&self) -> &DatabaseConnection {
        &self.reads
    }

    /// For every other statement.
    pub(super) const fn writes(&self) -> &DatabaseConnection {
        &self.writes
    }
}
