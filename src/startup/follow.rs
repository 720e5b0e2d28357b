//! Following what other instances and the command line change: keys and revocations, every second.
//!
//! Owns: the rhythm and the order, and that what is published follows the keys. Does not own: what is taken over
//! (`tokens`, `store`).

use std::error::Error;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::app::{App, Document, Documents, Live};

/// How often others are asked.
const EVERY: Duration = Duration::from_secs(1);

/// Catches up every second. Runs until it is dropped.
pub async fn follow_forever(live: Live) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut follower = Follower::default();
    loop {
        ticks.tick().await;
        follower.catch_up(&live).await;
    }
}

/// What does not work at present.
#[derive(Debug, Default)]
struct Follower {
    rotation: Trouble,
    keys: Trouble,
    revocations: Trouble,
}

impl Follower {
    /// The keys come first, and the list of revocations only behind them: where it grows too old, nothing passes
    /// as not revoked, so what a revoked key signed does not pass either.
    async fn catch_up(&mut self, live: &Live) {
        let app = live.current();
        let rotated = match app.config.keys.rotate_every {
            Some(every) => {
                let algorithms = app.registry().algorithms();
                app.tokens.rotate_when_due(every, &algorithms, app.stores.keys.as_ref(), app.now()).await
            }
            None => Ok(()),
        };
        self.rotation.note("a key that follows cannot be made", &rotated);
        let keys = app.tokens.catch_up(app.stores.keys.as_ref(), app.now()).await;
        self.keys.note("the keys cannot be fetched", &keys);
        publish(live);
        if keys.is_ok() {
            let revocations = app.negative.catch_up(app.now()).await;
            self.revocations.note("the list of revoked tokens cannot be fetched", &revocations);
        }
    }
}

/// Serves the set of keys as it is now, where it is not what is served already.
fn publish(live: &Live) {
    let is_served = |app: &App, jwks: &str| app.documents.jwks.body == jwks.as_bytes();
    let app = live.current();
    if is_served(&app, &app.tokens.jwks()) {
        return;
    }
    live.replace(|app| {
        let jwks = Document::new(app.tokens.jwks());
        App { documents: Documents { jwks, ..app.documents.clone() }, ..app.clone() }
    });
}

/// Something that fails, told by one line when it begins and one when it ends, not one a second.
#[derive(Debug, Default)]
struct Trouble(bool);

impl Trouble {
    fn note<E: Error>(&mut self, what: &'static str, result: &Result<(), E>) {
        match result {
            Err(error) if !self.0 => {
                let mut cause: &dyn Error = error;
                while let Some(deeper) = cause.source() {
                    cause = deeper;
                }
                tracing::warn!(%error, %cause, "{what}");
            }
            Ok(()) if self.0 => tracing::info!("it works again: before, {what}"),
            _ => {}
        }
        self.0 = result.is_err();
    }
}
