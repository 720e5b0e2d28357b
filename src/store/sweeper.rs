//! The sweeper: removes what is over, every minute.
//!
//! Owns: the rhythm. Does not own: what is over; every read checks that itself, so a sweeper that does
//! not run costs space and nothing else.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::store::Stores;

const EVERY: Duration = Duration::from_mins(1);

/// Sweeps both backends every minute, first at once. Runs until it is dropped.
pub async fn sweep_forever(stores: Stores, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for (store, backend) in [("durable", &stores.durable), ("ephemeral", &stores.ephemeral)] {
            match backend.sweep(clock.now()).await {
                Ok(0) => {}
                Ok(removed) => tracing::debug!(store, removed, "swept"),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(store, %error, cause, "sweeping failed; it is tried again in a minute");
                }
            }
        }
    }
}
