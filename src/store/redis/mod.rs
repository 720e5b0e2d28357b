//! Ephemeral records on Redis 6.2 or later.
//!
//! Owns: keys, commands and their time limits. Does not own: the connection (`connection`), the
//! aggregates and when a record is over (`store/ephemeral`).

use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{Cmd, FromRedisValue, RedisError, Script, ScriptInvocation};

use crate::config;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::ephemeral::{Keep, Key, Records};

mod connection;
#[cfg(test)]
mod faults;
#[cfg(test)]
pub(super) mod server;

/// How much longer than its record a key lives. Our clock decides when a record is over; Redis counts on
/// its own and must not be first.
const SLACK: Duration = Duration::from_mins(1);

/// The longest expiry that is sent. Redis refuses one that overflows its clock.
const LONGEST: i64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// Stores `ARGV[2]` for `ARGV[3]` milliseconds if the value is exactly `ARGV[1]`. Redis runs a script
/// alone, so nothing happens in between.
const REPLACE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0
";

/// Whether a command may be sent a second time when the connection broke under it and nobody knows if it
/// was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resend {
    /// Running it twice is running it once.
    May,
    /// A second run would hide what the first one did.
    Never,
}

/// Ephemeral records behind a connection that mends itself.
pub(super) struct RedisRecords {
    manager: ConnectionManager,
    key_prefix: String,
    command_timeout: Duration,
    replace: Script,
}

impl RedisRecords {
    /// Connects. `roots`: PEM certificates to trust for `rediss://` in place of the public authorities.
    ///
    /// # Errors
    /// When the URL cannot be used, or Redis refuses it (password, database number). A Redis that does
    /// not answer is no error: every command tries again.
    pub(super) async fn open(config: &config::Redis, roots: Option<Vec<u8>>) -> Result<Self, StoreError> {
        let records = Self {
            manager: connection::open(config, roots).await?,
            key_prefix: config.key_prefix.clone(),
            command_timeout: config.command_timeout,
            replace: Script::new(REPLACE),
        };
        Ok(records)
    }

    fn name(&self, key: Key<'_>) -> String {
        format!("{}{}:{}", self.key_prefix, key.kind.as_str(), key.hash.to_key())
    }

    /// Sends one command and waits for its answer, all in all at most `command_timeout`.
    ///
    /// Answers cannot be mixed up: every command on the shared connection has a slot of its own in the
    /// order of sending, a slot whose caller gave up swallows its answer, and a connection that broke is
    /// dropped with all its slots before a new one is made.
    async fn run<T: FromRedisValue>(&self, what: &'static str, cmd: &Cmd, resend: Resend) -> Result<T, StoreError> {
        let mut manager = self.manager.clone();
        let answer = async {
            match cmd.query_async(&mut manager).await {
                Err(error) if resend == Resend::May && error.is_unrecoverable_error() => {
                    cmd.query_async(&mut manager).await
                }
                answer => answer,
            }
        };
        self.in_time(what, answer).await
    }

    async fn in_time<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.command_timeout, answer).await {
            Ok(answer) => answer.map_err(|error| StoreError::new(what, error)),
            Err(late) => Err(StoreError::new(what, late)),
        }
    }
}

impl Records for RedisRecords {
    async fn put(&self, key: Key<'_>, value: String, keep: Keep) -> Result<(), StoreError> {
        // The name of the record is not known to anybody yet: storing it twice is storing it once.
        let mut cmd = redis::cmd("SET");
        cmd.arg(self.name(key)).arg(value).arg("PX").arg(expiry(keep));
        self.run("storing a record", &cmd, Resend::May).await
    }

    async fn get(&self, key: Key<'_>) -> Result<Option<String>, StoreError> {
        let mut cmd = redis::cmd("GET");
        cmd.arg(self.name(key));
        self.run("finding a record", &cmd, Resend::May).await
    }

    async fn take(&self, key: Key<'_>) -> Result<Option<String>, StoreError> {
        let mut cmd = redis::cmd("GETDEL");
        cmd.arg(self.name(key));
        self.run("taking a record", &cmd, Resend::Never).await
    }

    async fn replace(&self, key: Key<'_>, old: &str, new: String, keep: Keep) -> Result<bool, StoreError> {
        let mut manager = self.manager.clone();
        let mut invocation: ScriptInvocation<'_> = self.replace.prepare_invoke();
        invocation.key(self.name(key)).arg(old).arg(new).arg(expiry(keep));
        self.in_time("replacing a record", invocation.invoke_async(&mut manager)).await
    }

    async fn remove(&self, key: Key<'_>) -> Result<(), StoreError> {
        let mut cmd = redis::cmd("DEL");
        cmd.arg(self.name(key));
        self.run("removing a record", &cmd, Resend::May).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.run("pinging Redis", &redis::cmd("PING"), Resend::May).await
    }

    /// Nothing to do: Redis removes keys by their expiry.
    async fn sweep(&self, _now: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Milliseconds that the key lives.
fn expiry(keep: Keep) -> i64 {
    let remaining = keep.until.plus(SLACK).millis().saturating_sub(keep.now.millis());
    remaining.clamp(1, LONGEST)
}
