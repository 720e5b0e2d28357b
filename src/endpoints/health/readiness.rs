//! Whether this instance should get requests.
//!
//! Owns: that decision and its time limit. Does not own: what a ping does (`store`).

use std::time::Duration;

use futures_util::future::join;

use crate::app::App;

/// A store that takes longer is as good as away.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ready while nobody asked us to stop and both backends answer in time.
pub(super) async fn is_ready(app: &App) -> bool {
    if app.shutdown.has_begun() {
        return false;
    }
    let pings = join(app.stores.durable.ping(), app.stores.ephemeral.ping());
    match tokio::time::timeout(PATIENCE, pings).await {
        Ok((Ok(()), Ok(()))) => true,
        Ok((durable, ephemeral)) => {
            for error in [durable.err(), ephemeral.err()].into_iter().flatten() {
                tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            }
            false
        }
        Err(_) => {
            tracing::warn!("not ready: a store did not answer within a second");
            false
        }
    }
}
