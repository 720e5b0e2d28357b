//! Opening every port from the configuration.
//!
//! Owns: which backend serves which port. Does not own: the backends.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::store::ephemeral::{Ephemeral, Records};
use crate::store::redis::RedisRecords;
use crate::store::{StoreError, Stores, sql};

/// Opens the stores: makes the data folder, brings the schema up to date and connects. Redis serves the
/// ephemeral ports where it is configured; that it does not answer yet is no error (`Stores::ephemeral`
/// tells), so that a server may start before its Redis.
///
/// # Errors
/// When a file cannot be made, is no database or was written by a newer version; when the URL of Redis is
/// malformed. The cause says what to do.
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
    match redis {
        Some(redis) => Ok(assemble(durable, Ephemeral::new(RedisRecords::open(redis, None).await?, clock))),
        None => Ok(assemble(durable, Ephemeral::new(sql::open_ephemeral(database).await?, clock))),
    }
}

fn assemble<R: Records>(durable: Arc<sql::Durable>, ephemeral: Ephemeral<R>) -> Stores {
    let ephemeral = Arc::new(ephemeral);
    Stores {
        users: durable.clone(),
        consents: durable.clone(),
        grants: durable.clone(),
        revocations: durable.clone(),
        keys: durable.clone(),
        sessions: ephemeral.clone(),
        codes: ephemeral.clone(),
        interactions: ephemeral.clone(),
        parked: ephemeral.clone(),
        durable,
        ephemeral,
    }
}
