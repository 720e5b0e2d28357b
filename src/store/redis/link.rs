//! The way a command goes: in time, or not at all while Redis is away.
//!
//! Owns: time limits, sending again, and failing at once during an outage. Does not own: making the
//! connection (`connection`), the commands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{Cmd, FromRedisValue, RedisError, ScriptInvocation};

use crate::store::StoreError;

/// Whether a command may be sent a second time when the connection broke under it and nobody knows if it
/// was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resend {
    /// Running it twice is running it once.
    May,
    /// A second run would hide what the first one did.
    Never,
}

/// The shared connection with its time limit.
///
/// Answers cannot be mixed up: every command on the connection has a slot of its own in the order of
/// sending, a slot whose caller gave up swallows its answer, and a connection that broke is dropped with
/// all its slots before a new one is made.
pub(super) struct Link {
    manager: ConnectionManager,
    command_timeout: Duration,
    /// Set by the first command that got no answer in time. Until a ping gets through, the others fail
    /// at once: an outage costs one wait, not one a request.
    away: AtomicBool,
}

impl Link {
    pub(super) fn new(manager: ConnectionManager, command_timeout: Duration) -> Arc<Self> {
        Arc::new(Self { manager, command_timeout, away: AtomicBool::new(false) })
    }

    /// Sends one command and waits for its answer.
    ///
    /// # Errors
    /// After `command_timeout` at the latest; at once while Redis is away.
    pub(super) async fn run<T: FromRedisValue>(
        self: &Arc<Self>,
        what: &'static str,
        cmd: &Cmd,
        resend: Resend,
    ) -> Result<T, StoreError> {
        self.unless_away(what, self.send(cmd, resend)).await
    }

    /// Runs a script; it is never sent a second time, but for being loaded first.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub(super) async fn invoke<T: FromRedisValue>(
        self: &Arc<Self>,
        what: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut manager = self.manager.clone();
        self.unless_away(what, script.invoke_async(&mut manager)).await
    }

    /// Asks for a sign of life, also while Redis is away; one sign ends the outage.
    ///
    /// # Errors
    /// After `command_timeout` at the latest.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        let answer = self.in_time("pinging Redis", self.send(&redis::cmd("PING"), Resend::May)).await;
        let () = answer.map_err(|failure| failure.error)?;
        if self.away.swap(false, Ordering::AcqRel) {
            tracing::info!("Redis answers again");
        }
        Ok(())
    }

    async fn send<T: FromRedisValue>(&self, cmd: &Cmd, resend: Resend) -> Result<T, RedisError> {
        let mut manager = self.manager.clone();
        match cmd.query_async(&mut manager).await {
            Err(error) if resend == Resend::May && error.is_unrecoverable_error() => {
                cmd.query_async(&mut manager).await
            }
            answer => answer,
        }
    }

    async fn unless_away<T>(
        self: &Arc<Self>,
        what: &'static str,
        answer: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, StoreError> {
        if self.away.load(Ordering::Acquire) {
            return Err(StoreError::new(what, "Redis is away"));
        }
        self.in_time(what, answer).await.map_err(|failure| {
            if failure.silent && !self.away.swap(true, Ordering::AcqRel) {
                tracing::warn!(what, "Redis does not answer: what needs it fails until it does");
                tokio::spawn(ping_until_back(Arc::downgrade(self)));
            }
            failure.error
        })
    }

    async fn in_time<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(self.command_timeout, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure { silent: error.is_timeout(), error: StoreError::new(what, error) }),
            Err(late) => Err(Failure { silent: true, error: StoreError::new(what, late) }),
        }
    }
}

struct Failure {
    /// No answer came in time; otherwise an error came.
    silent: bool,
    error: StoreError,
}

/// Pings until one gets through; each try waits its own time, and a refusal (a password changed) a little.
async fn ping_until_back(link: Weak<Link>) {
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Some(link) = link.upgrade() {
        if link.ping().await.is_ok() {
            return;
        }
        drop(link);
        pause.tick().await;
    }
}
