//! Ephemeral records on Redis 6.2 or later.
//!
//! Owns: keys, commands and expiry. Does not own: how a command goes (`link`, `connection`), the
//! aggregates and when a record is over (`store/ephemeral`).

use std::sync::Arc;
use std::time::Duration;

use redis::Script;

use crate::config;
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::ephemeral::{Keep, Key, Kind, Records};

mod connection;
mod link;
#[cfg(test)]
pub(super) mod tests;

use link::{Link, Resend};

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

/// Adds the member `ARGV[1]` with the score `ARGV[2]` (until when, or later where it is there for longer), drops those
/// whose time is over at `ARGV[3]` (now), and lets the key live as long as the last of them and `ARGV[4]` more. All in
/// milliseconds, which a double holds exactly.
const ENLIST: &str = r"
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
local last = tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
local life = math.max(last - tonumber(ARGV[3]), 0) + tonumber(ARGV[4])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', life))
";

/// Moves the instant under each key on by its span, from `ARGV[1]` (now) where there is none or it is over;
/// `ARGV[2]` is how much longer than its instant a key lives, then come the spans. All in milliseconds, which
/// a double holds exactly.
const ADVANCE: &str = r"
local now, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  local instant = tonumber(redis.call('GET', key) or '') or now
  if instant < now then instant = now end
  instant = instant + tonumber(ARGV[i + 2])
  local life = instant - now + slack
  redis.call('SET', key, string.format('%.0f', instant), 'PX', string.format('%.0f', life))
end
";

/// Ephemeral records behind a connection that mends itself.
pub(super) struct RedisRecords {
    link: Arc<Link>,
    key_prefix: String,
    replace: Script,
    enlist: Script,
    advance: Script,
}

impl RedisRecords {
    /// Connects. `roots`: PEM certificates to trust for `rediss://` in place of the public authorities.
    ///
    /// # Errors
    /// When the URL cannot be used, or Redis refuses it (password, database number). A Redis that does
    /// not answer is no error: every command tries again.
    pub(super) async fn open(config: &config::Redis) -> Result<Self, StoreError> {
        let manager = connection::open(config).await?;
        Ok(Self {
            link: Link::new(manager, config.command_timeout),
            key_prefix: config.key_prefix.clone(),
            replace: Script::new(REPLACE),
            enlist: Script::new(ENLIST),
            advance: Script::new(ADVANCE),
        })
    }

    fn name(&self, key: Key<'_>) -> String {
        format!("{}{}:{}", self.key_prefix, key.kind.as_str(), key.hash.to_key())
    }
}

impl Records for RedisRecords {
    async fn put(&self, key: Key<'_>, value: String, keep: Keep) -> Result<(), StoreError> {
        // The name of the record is not known to anybody yet: storing it twice is storing it once.
        let mut cmd = redis::cmd("SET");
        cmd.arg(self.name(key)).arg(value).arg("PX").arg(expiry(keep));
        self.link.run("storing a record", &cmd, Resend::May).await
    }

    async fn get(&self, key: Key<'_>) -> Result<Option<String>, StoreError> {
        let mut cmd = redis::cmd("GET");
        cmd.arg(self.name(key));
        self.link.run("finding a record", &cmd, Resend::May).await
    }

    async fn take(&self, key: Key<'_>) -> Result<Option<String>, StoreError> {
        let mut cmd = redis::cmd("GETDEL");
        cmd.arg(self.name(key));
        self.link.run("taking a record", &cmd, Resend::Never).await
    }

    async fn replace(&self, key: Key<'_>, old: &str, new: String, keep: Keep) -> Result<bool, StoreError> {
        let mut script = self.replace.prepare_invoke();
        script.key(self.name(key)).arg(old).arg(new).arg(expiry(keep));
        self.link.invoke("replacing a record", &script).await
    }

    async fn claim(&self, key: Key<'_>, keep: Keep) -> Result<bool, StoreError> {
        let mut cmd = redis::cmd("SET");
        cmd.arg(self.name(key)).arg("").arg("NX").arg("PX").arg(expiry(keep));
        // Nothing comes back where something is there.
        let stored: Option<String> = self.link.run("claiming a record", &cmd, Resend::Never).await?;
        Ok(stored.is_some())
    }

    async fn enlist(&self, key: Key<'_>, member: &TokenHash, keep: Keep) -> Result<(), StoreError> {
        let until = keep.until.millis().min(keep.now.millis().saturating_add(LONGEST));
        let mut script = self.enlist.prepare_invoke();
        script.key(self.name(key)).arg(member.to_key()).arg(until).arg(keep.now.millis()).arg(millis(SLACK));
        self.link.invoke("listing a record", &script).await
    }

    async fn listed(&self, key: Key<'_>) -> Result<Vec<TokenHash>, StoreError> {
        let mut cmd = redis::cmd("ZRANGE");
        cmd.arg(self.name(key)).arg(0).arg(-1);
        let members: Vec<String> = self.link.run("reading a list", &cmd, Resend::May).await?;
        Ok(members.iter().filter_map(|member| TokenHash::from_key(member)).collect())
    }

    async fn remove(&self, key: Key<'_>) -> Result<(), StoreError> {
        let mut cmd = redis::cmd("DEL");
        cmd.arg(self.name(key));
        self.link.run("removing a record", &cmd, Resend::May).await
    }

    async fn instants(&self, kind: Kind, hashes: &[TokenHash]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut cmd = redis::cmd("MGET");
        for hash in hashes {
            cmd.arg(self.name(Key { kind, hash }));
        }
        let texts: Vec<Option<String>> = self.link.run("reading counters", &cmd, Resend::May).await?;
        let read = |text: Option<String>| text?.parse().ok().map(Timestamp::from_millis);
        Ok(texts.into_iter().map(read).collect())
    }

    async fn advance(&self, kind: Kind, spans: &[(TokenHash, Duration)], now: Timestamp) -> Result<(), StoreError> {
        let mut script = self.advance.prepare_invoke();
        script.arg(now.millis()).arg(millis(SLACK));
        for (hash, span) in spans {
            script.key(self.name(Key { kind, hash })).arg(millis(*span));
        }
        self.link.invoke("counting", &script).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.link.ping().await
    }

    /// Nothing to do: Redis removes keys by their expiry.
    async fn sweep(&self, _now: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).map_or(LONGEST, |millis| millis.min(LONGEST))
}

/// Milliseconds that the key lives.
fn expiry(keep: Keep) -> i64 {
    let remaining = keep.until.plus(SLACK).millis().saturating_sub(keep.now.millis());
    remaining.clamp(1, LONGEST)
}
