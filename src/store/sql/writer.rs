//! The one writer of an SQLite file: writes that wait share one commit.
//!
//! Owns: their queue, the transaction that carries them, and what each is told. Does not own: the
//! statements, the file (`sqlite`), which errors end a transaction (`dialect`).
//!
//! A commit waits for the disk, a statement hardly at all. So whoever comes while the writer waits for the
//! disk is taken along by the next transaction, as many as there are; nobody is waited for, so that a
//! write that comes alone is committed at once: where it is one statement, by itself, which saves the two that
//! begin and end a transaction. Nobody is answered before the commit.
//!
//! Each is whole by itself: a statement that fails changes nothing, and work of several is inside a
//! savepoint. Where the transaction itself breaks (the disk is full, somebody panics), whoever broke it is
//! told so and the others are run again in a new one.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};
use tokio::sync::{mpsc, oneshot};

use crate::store::StoreError;
use crate::store::sql::attempt::TRIES;
use crate::store::sql::database::{Session, Working};
use crate::store::sql::dialect;
use crate::store::sql::sqlite::{BUSY_TIMEOUT, File};

/// How many may wait. More are refused at once.
const QUEUE: usize = 1024;

/// How many one transaction carries: the first of them does not wait long for the last.
const BATCH: usize = 256;

/// What a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One statement, which is whole by itself.
    Statement,
    /// Several: one of them may fail after others took effect.
    Steps,
}

/// Where writes are handed in. The writer ends when this is dropped, after what waits is done.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    patience: Duration,
}

impl Writer {
    /// Starts it on the current runtime. `connection` is the one that writes, `file` makes another where it
    /// breaks. A write waits for its turn as long as for a connection, and for other processes.
    pub(super) fn start(file: File, connection: DatabaseConnection) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let patience = file.acquire_timeout() + BUSY_TIMEOUT * TRIES;
        let desk = Desk { file, connection: Some(connection), jobs, again: VecDeque::new() };
        tokio::spawn(desk.serve());
        Self { queue, patience }
    }

    /// Has it done, and waits for the commit. When the caller goes away before its turn, nothing is done;
    /// later, it is done without it.
    ///
    /// # Errors
    /// At once when too many wait; when its turn does not come, or its commit is not through, in time;
    /// what the work failed with.
    pub(super) async fn run<T, F>(&self, what: &'static str, kind: Kind, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c Session<'c>) -> Working<'c, T> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { kind, work, result: None, reply });
        self.queue.try_send(job).map_err(|error| {
            let why = match error {
                mpsc::error::TrySendError::Full(_) => "too many writes wait already",
                mpsc::error::TrySendError::Closed(_) => "the writer has ended",
            };
            StoreError::new(what, why)
        })?;
        match tokio::time::timeout(self.patience, answer).await {
            Ok(Ok(result)) => result.map_err(|error| StoreError::new(what, error)),
            Ok(Err(_)) => Err(StoreError::new(what, "the writer has ended")),
            Err(late) => Err(StoreError::new(what, late)),
        }
    }
}

/// A write in the queue.
#[async_trait::async_trait]
trait Job: Send {
    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;
    fn kind(&self) -> Kind;
    /// Does the work and keeps what came of it; the error, where the work failed.
    async fn run(&mut self, session: &Session<'_>) -> Result<(), DbErr>;
    /// Tells the caller: what came of it, or why nothing did.
    fn answer(self: Box<Self>, committed: Result<(), DbErr>);
}

struct Task<T, F> {
    kind: Kind,
    work: F,
    result: Option<Result<T, DbErr>>,
    reply: oneshot::Sender<Result<T, DbErr>>,
}

#[async_trait::async_trait]
impl<T, F> Job for Task<T, F>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c Session<'c>) -> Working<'c, T> + Send + Sync + 'static,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    async fn run(&mut self, session: &Session<'_>) -> Result<(), DbErr> {
        let result = AssertUnwindSafe((self.work)(session)).catch_unwind().await;
        let result = result.unwrap_or_else(|_| Err(panicked()));
        let outcome = result.as_ref().map(drop).map_err(Clone::clone);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, committed: Result<(), DbErr>) {
        let never_ran = || Err(DbErr::Custom("it was never run".to_owned()));
        let Self { result, reply, .. } = *self;
        // A caller that is gone wants to know nothing.
        let _ = reply.send(committed.and_then(|()| result.unwrap_or_else(never_ran)));
    }
}

fn panicked() -> DbErr {
    DbErr::Custom("it panicked".to_owned())
}

/// What became of a transaction after one piece of work.
enum After {
    Whole,
    Broken(DbErr),
}

/// The writer's own side.
struct Desk {
    file: File,
    /// None after it broke: the next transaction makes a new one.
    connection: Option<DatabaseConnection>,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    /// Undone without a fault of theirs; before those that wait.
    again: VecDeque<Box<dyn Job>>,
}

impl Desk {
    async fn serve(mut self) {
        loop {
            let first = match self.again.pop_front() {
                Some(job) => job,
                None => match self.jobs.recv().await {
                    Some(job) => job,
                    None => return,
                },
            };
            let alone = self.again.is_empty() && self.jobs.is_empty();
            if alone && first.kind() == Kind::Statement {
                self.carry_alone(first).await;
            } else {
                self.carry(first).await;
            }
        }
    }

    fn next(&mut self) -> Option<Box<dyn Job>> {
        self.again.pop_front().or_else(|| self.jobs.try_recv().ok())
    }

    /// One statement with a commit of its own.
    async fn carry_alone(&mut self, mut job: Box<dyn Job>) {
        let mut tried = 0;
        while job.is_wanted() {
            tried += 1;
            let connection = match self.connection().await {
                Ok(connection) => connection,
                Err(error) => return self.refuse_all(job, &error),
            };
            match job.run(&Session::Connection(connection)).await {
                // Another process writes, and nothing was done.
                Err(error) if dialect::collided(&error) && tried < TRIES => {}
                Err(error) if dialect::collided(&error) => return self.refuse_all(job, &error),
                Err(error) if dialect::breaks_transaction(&error) => {
                    self.close().await;
                    return job.answer(Err(error));
                }
                _ => return job.answer(Ok(())),
            }
        }
    }

    /// One transaction, for `first` and whoever waits by the time that it is done.
    async fn carry(&mut self, first: Box<dyn Job>) {
        let transaction = match self.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return self.refuse_all(first, &error),
        };
        let mut done = Vec::new();
        let mut next = Some(first);
        while let Some(mut job) = next {
            if job.is_wanted() {
                match work(&transaction, job.as_mut()).await {
                    After::Whole => done.push(job),
                    After::Broken(error) => {
                        self.renew(transaction).await;
                        self.again.extend(done);
                        return job.answer(Err(error));
                    }
                }
            }
            next = if done.len() < BATCH { self.next() } else { None };
        }
        let committed = if done.is_empty() { transaction.rollback().await } else { transaction.commit().await };
        if committed.is_err() {
            // Nobody knows what a connection is good for whose commit failed.
            self.close().await;
        }
        for job in done {
            job.answer(committed.clone());
        }
    }

    /// Takes the file's write lock at once: other processes are waited for here and nowhere else.
    async fn begin(&mut self) -> Result<DatabaseTransaction, DbErr> {
        let immediate = SqliteTransactionMode::Immediate;
        let options = TransactionOptions { sqlite_transaction_mode: Some(immediate), ..TransactionOptions::default() };
        let mut tried = 0;
        loop {
            tried += 1;
            match self.connection().await?.begin_with_options(options).await {
                Ok(transaction) => return Ok(transaction),
                Err(error) if dialect::collided(&error) => {
                    if tried == TRIES {
                        return Err(error);
                    }
                }
                Err(error) => {
                    self.close().await;
                    return Err(error);
                }
            }
        }
    }

    async fn connection(&mut self) -> Result<&DatabaseConnection, DbErr> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.file.connect_writer().await?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Whoever waits now would fail as `first` did, and as late.
    fn refuse_all(&mut self, first: Box<dyn Job>, error: &DbErr) {
        first.answer(Err(error.clone()));
        while let Some(job) = self.next() {
            job.answer(Err(error.clone()));
        }
    }

    async fn renew(&mut self, broken: DatabaseTransaction) {
        // It may be rolled back already: then this fails, and nothing is left of it either way.
        let _ = broken.rollback().await;
        self.close().await;
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }
}

async fn work(transaction: &DatabaseTransaction, job: &mut dyn Job) -> After {
    match job.kind() {
        Kind::Statement => match job.run(&Session::Transaction(transaction)).await {
            Err(error) if dialect::breaks_transaction(&error) => After::Broken(error),
            _ => After::Whole,
        },
        Kind::Steps => match steps(transaction, job).await {
            Ok(()) => After::Whole,
            Err(error) => After::Broken(error),
        },
    }
}

/// Inside a savepoint, to which the transaction goes back where the work failed. The error is one that
/// broke the transaction.
async fn steps(transaction: &DatabaseTransaction, job: &mut dyn Job) -> Result<(), DbErr> {
    let savepoint = transaction.begin().await?;
    match job.run(&Session::Transaction(&savepoint)).await {
        Ok(()) => savepoint.commit().await,
        Err(error) if dialect::breaks_transaction(&error) => Err(error),
        Err(_) => savepoint.rollback().await,
    }
}
