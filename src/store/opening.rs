//! Opening every port from the configuration.
//!
//! Owns: which backend serves which port. Does not own: the backends.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::ephemeral::{Ephemeral, Keep, Key, Kind, Records};
use crate::store::redis::RedisRecords;
use crate::store::{StoreError, Stores, sql};

/// Opens the stores: makes the data folder, brings the schema up to date and connects. Redis serves the
/// ephemeral ports where it is configured; that it does not answer yet is no error (`Stores::ephemeral`
/// tells), so that a server may start before its Redis.
///
/// # Errors
/// When a file cannot be made, is no database or was written by a newer version; when PostgreSQL cannot be
/// reached; when the URL of Redis is malformed. The cause says what to do.
pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Stores, StoreError> {
    open_sections(&config.database, config.redis.as_ref(), clock).await
}

/// [`open`] from the sections it reads.
pub(super) async fn open_sections(
    database: &config::Database,
    redis: Option<&config::Redis>,
    clock: Arc<dyn Clock>,
) -> Result<Stores, StoreError> {
    let durable = Arc::new(sql::open_durable(database).await?);
    match (redis, database) {
        (Some(redis), _) => Ok(assemble(durable, Ephemeral::new(RedisRecords::open(redis).await?, clock))),
        (None, config::Database::Sqlite(sqlite)) => {
            Ok(assemble(durable, Ephemeral::new(sql::open_ephemeral(sqlite).await?, clock)))
        }
        (None, config::Database::Postgres(_)) => {
            Err(StoreError::new("opening the ephemeral store", "PostgreSQL needs a [redis] beside it"))
        }
    }
}

/// Opens the durable store alone, for commands that work on people: every ephemeral port fails.
///
/// # Errors
/// As [`open`].
pub async fn open_durable(config: &Config, clock: Arc<dyn Clock>) -> Result<Stores, StoreError> {
    let durable = Arc::new(sql::open_durable(&config.database).await?);
    Ok(assemble(durable, Ephemeral::new(NotOpened, clock)))
}

/// Whether the servers that the configuration names (PostgreSQL, Redis) can be used as they are: what is
/// wrong with their settings. Nothing is changed.
///
/// # Errors
/// When one cannot be reached.
pub async fn probe(config: &Config) -> Result<Vec<String>, StoreError> {
    let warnings = sql::warnings(&config.database).await?;
    if let Some(redis) = &config.redis {
        RedisRecords::open(redis).await?.ping().await?;
    }
    Ok(warnings)
}

/// In place of a backend that was not opened.
struct NotOpened;

impl NotOpened {
    fn fail<T>(what: &'static str) -> Result<T, StoreError> {
        Err(StoreError::new(what, "the ephemeral store was not opened"))
    }
}

impl Records for NotOpened {
    async fn put(&self, _: Key<'_>, _: String, _: Keep) -> Result<(), StoreError> {
        Self::fail("storing a record")
    }

    async fn get(&self, _: Key<'_>) -> Result<Option<String>, StoreError> {
        Self::fail("finding a record")
    }

    async fn take(&self, _: Key<'_>) -> Result<Option<String>, StoreError> {
        Self::fail("taking a record")
    }

    async fn replace(&self, _: Key<'_>, _: &str, _: String, _: Keep) -> Result<bool, StoreError> {
        Self::fail("replacing a record")
    }

    async fn claim(&self, _: Key<'_>, _: Keep) -> Result<bool, StoreError> {
        Self::fail("claiming a record")
    }

    async fn enlist(&self, _: Key<'_>, _: &TokenHash, _: Keep) -> Result<(), StoreError> {
        Self::fail("listing a record")
    }

    async fn listed(&self, _: Key<'_>) -> Result<Vec<TokenHash>, StoreError> {
        Self::fail("reading a list")
    }

    async fn remove(&self, _: Key<'_>) -> Result<(), StoreError> {
        Self::fail("removing a record")
    }

    async fn instants(&self, _: Kind, _: &[TokenHash]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        Self::fail("reading counters")
    }

    async fn advance(&self, _: Kind, _: &[(TokenHash, Duration)], _: Timestamp) -> Result<(), StoreError> {
        Self::fail("counting")
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Self::fail("pinging")
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        Self::fail("sweeping records")
    }
}

fn assemble<R: Records>(durable: Arc<sql::Durable>, ephemeral: Ephemeral<R>) -> Stores {
    let ephemeral = Arc::new(ephemeral);
    Stores {
        users: durable.clone(),
        identities: durable.clone(),
        provider_tokens: durable.clone(),
        clients: durable.clone(),
        consents: durable.clone(),
        grants: durable.clone(),
        revocations: durable.clone(),
        keys: durable.clone(),
        sessions: ephemeral.clone(),
        codes: ephemeral.clone(),
        interactions: ephemeral.clone(),
        parked: ephemeral.clone(),
        departures: ephemeral.clone(),
        joins: ephemeral.clone(),
        logout_tokens: ephemeral.clone(),
        throttle: ephemeral.clone(),
        durable,
        ephemeral,
    }
}
