//! How many may be on their way to one provider at once.
//!
//! Owns: the places of each provider. Does not own: what is done with one. A provider that hangs holds its own places
//! and nobody else's; whoever finds none is told so at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::protocol::ids::ProviderId;
use crate::upstream::error::{Reason, UpstreamError};

/// Places of one provider: at a second for a sign-in, so many a second.
pub(super) const PLACES: usize = 32;

/// The places of every provider.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<ProviderId, Arc<Semaphore>>>);

impl Lanes {
    /// A place, or none: nobody waits for one.
    pub(super) fn enter(&self, provider: &ProviderId) -> Result<OwnedSemaphorePermit, UpstreamError> {
        let lane = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lanes.entry(provider.clone()).or_insert_with(|| Arc::new(Semaphore::new(PLACES))))
        };
        lane.try_acquire_owned()
            .map_err(|_| UpstreamError::new(Reason::Busy, format!("{PLACES} are on their way to {provider} already")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_provider_does_not_take_the_places_of_another() {
        let lanes = Lanes::default();
        let [slow, other] = ["slow", "other"].map(|id| ProviderId::parse(id).unwrap());
        let mut held: Vec<_> = (0..PLACES).map(|_| lanes.enter(&slow).unwrap()).collect();
        assert_eq!(lanes.enter(&slow).unwrap_err().reason(), Reason::Busy);
        assert!(lanes.enter(&other).is_ok());
        held.pop();
        assert!(lanes.enter(&slow).is_ok());
    }
}
