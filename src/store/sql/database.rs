//! One database, and the three ways to use it: read, write, transact.
//!
//! Owns: which connection serves which, and the time limits. Does not own: making connections (`sqlite`,
//! `postgres`), the queries, how often something is tried again (`attempt`), group commit (`writer`), outages
//! (`pulse`).
//!
//! A query is written once, as a closure over a [`Session`], and runs on PostgreSQL's pool or in the one
//! writer of SQLite alike. It may be run again, and it may be run after its caller is gone: it owns what
//! it works with.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseExecutor, DbErr, TransactionTrait as _};

use crate::store::StoreError;
use crate::store::sql::attempt::{self, LONGEST, LONGEST_TRANSACTION};
use crate::store::sql::dialect;
use crate::store::sql::pulse::Pulse;
use crate::store::sql::writer::{Kind, Writer};

/// What a piece of work speaks to: a connection, or the transaction that it is part of.
pub(super) type Session<'c> = DatabaseExecutor<'c>;

/// A piece of work under way.
pub(super) type Working<'c, T> = BoxFuture<'c, Result<T, DbErr>>;

/// A database. A read that begins after a write was answered sees it.
pub(super) struct Database {
    /// PostgreSQL's does everything.
    reads: DatabaseConnection,
    writes: Writes,
}

enum Writes {
    /// Any number at once, each with a commit of its own, while the server is there.
    Pool(Arc<Pulse>),
    /// One after the other, those that wait with one commit together.
    Writer(Writer),
}

impl Database {
    /// Over a pool that does everything.
    pub(super) const fn pooled(pool: DatabaseConnection, pulse: Arc<Pulse>) -> Self {
        Self { reads: pool, writes: Writes::Pool(pulse) }
    }

    /// Over a pool that reads and the one that writes.
    pub(super) const fn written_by(writer: Writer, reads: DatabaseConnection) -> Self {
        Self { reads, writes: Writes::Writer(writer) }
    }

    /// Whether the database answers now, and would write.
    ///
    /// # Errors
    /// When it does not; that all connections are busy is no reason.
    pub(super) async fn ping(&self, what: &'static str) -> Result<(), StoreError> {
        match &self.writes {
            Writes::Pool(pulse) => pulse.ask().await.map_err(|error| StoreError::new(what, error)),
            Writes::Writer(_) => self.read(what, |reads| reads.execute_unprepared("SELECT 1")).await.map(drop),
        }
    }

    /// Runs one statement that changes nothing. It sees every write that was answered before. When its
    /// connection breaks, it is run once more on another.
    ///
    /// # Errors
    /// The last error of a few tries, under the name of the operation.
    pub(super) async fn read<'a, T, F, Fut>(&'a self, what: &'static str, statement: F) -> Result<T, StoreError>
    where
        T: Send,
        F: Fn(&'a DatabaseConnection) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, DbErr>> + Send,
    {
        let once = || async {
            let Writes::Pool(pulse) = &self.writes else { return statement(&self.reads).await };
            match pulse.guard(statement(&self.reads)).await {
                Err(error) if dialect::lost_connection(&error) => pulse.guard(statement(&self.reads)).await,
                result => result,
            }
        };
        attempt::within(LONGEST, what, once).await
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
            Writes::Pool(pulse) => {
                let session = Session::Connection(&self.reads);
                attempt::within(LONGEST, what, || pulse.guard(statement(&session))).await
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
            Writes::Pool(pulse) => {
                let once = || async {
                    let transaction = self.reads.begin().await?;
                    let value = work(&Session::Transaction(&transaction)).await?;
                    transaction.commit().await?;
                    Ok(value)
                };
                attempt::within(LONGEST_TRANSACTION, what, || pulse.guard(once())).await
            }
            Writes::Writer(writer) => writer.run(what, Kind::Steps, work).await,
        }
    }
}
