//! One database, and the three ways to use it: read, write, transact.
//!
//! Owns: which connection serves which, and the time limits. Does not own: making connections (`sqlite`,
//! `postgres`), the queries, how often something is tried again (`attempt`), group commit (`writer`).
//!
//! A query is written once, as a closure over a [`Session`], and runs on PostgreSQL's pool or in the one
//! writer of SQLite alike. It may be run again, and it may be run after its caller is gone: it owns what
//! it works with.

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseExecutor, DbErr, TransactionTrait as _};

use crate::store::StoreError;
use crate::store::sql::attempt::{self, LONGEST, LONGEST_TRANSACTION};
use crate::store::sql::writer::{Kind, Writer};

/// What a piece of work speaks to: a connection, or the transaction that it is part of.
pub(super) type Session<'c> = DatabaseExecutor<'c>;

/// A piece of work under way.
pub(super) type Working<'c, T> = BoxFuture<'c, Result<T, DbErr>>;

/// A database. A read that begins after a write was answered sees it.
pub(super) struct Database {
    reads: DatabaseConnection,
    writes: Writes,
}

enum Writes {
    /// Any number at once, each with a commit of its own.
    Pool(DatabaseConnection),
    /// One after the other, those that wait with one commit together.
    Writer(Writer),
}

impl Database {
    /// Over a pool that does everything.
    pub(super) fn pooled(pool: DatabaseConnection) -> Self {
        Self { reads: pool.clone(), writes: Writes::Pool(pool) }
    }

    /// Over a pool that reads and the one that writes.
    pub(super) const fn written_by(writer: Writer, reads: DatabaseConnection) -> Self {
        Self { reads, writes: Writes::Writer(writer) }
    }

    /// Runs one statement that changes nothing. It sees every write that was answered before.
    ///
    /// # Errors
    /// The last error of a few tries, under the name of the operation.
    pub(super) async fn read<'a, T, F, Fut>(&'a self, what: &'static str, mut statement: F) -> Result<T, StoreError>
    where
        F: FnMut(&'a DatabaseConnection) -> Fut + Send,
        Fut: Future<Output = Result<T, DbErr>> + Send,
    {
        attempt::within(LONGEST, what, || statement(&self.reads)).await
    }

    /// Runs one statement that writes: committed before this returns, or without effect.
    ///
    /// # Errors
    /// As [`Database::read`]. When the connection or the commit failed, nobody knows if it took effect.
    pub(super) async fn write<T, F>(&self, what: &'static str, statement: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c Session<'c>) -> Working<'c, T> + Send + Sync + 'static,
    {
        match &self.writes {
            Writes::Pool(pool) => {
                let session = Session::Connection(pool);
                attempt::within(LONGEST, what, || statement(&session)).await
            }
            Writes::Writer(writer) => writer.run(what, Kind::Statement, statement).await,
        }
    }

    /// Runs several statements as one: all of it is committed before this returns, or nothing of it. Work
    /// that returns an error is undone. Others see it soon after it began, or never: it ends in 5 s.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub(super) async fn transact<T, F>(&self, what: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c Session<'c>) -> Working<'c, T> + Send + Sync + 'static,
    {
        match &self.writes {
            Writes::Pool(pool) => {
                let once = || async {
                    let transaction = pool.begin().await?;
                    let value = work(&Session::Transaction(&transaction)).await?;
                    transaction.commit().await?;
                    Ok(value)
                };
                attempt::within(LONGEST_TRANSACTION, what, once).await
            }
            Writes::Writer(writer) => writer.run(what, Kind::Steps, work).await,
        }
    }
}
