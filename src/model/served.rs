//! Which clients are served, and what becomes of what a client had when that changes.
//!
//! Owns: that decision. Does not own: remembering which were served (`store`), the registrations
//! (`model/registry`).
//!
//! Clients come from configuration, which remembers nothing: that one was there before, and that what it
//! had then is over, is kept in the database. A client that is no longer served loses everything it has; one
//! that comes back begins anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::protocol::ids::ClientId;
use crate::protocol::time::Timestamp;

/// The clients of a configuration that begins to apply.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// Those it has, without the disabled ones.
    pub present: BTreeSet<ClientId>,
    /// Those that this process served until now and that it left, whatever others have noted of them since.
    pub left: BTreeSet<ClientId>,
}

/// What is to be noted of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is served for the first time.
    First,
    /// It is no longer served: what it has ends.
    Ended,
    /// It is served again: whatever it got meanwhile, from an instance that had not heard yet, has ended.
    Returned,
}

impl Change {
    /// Grants and tokens of the client from before this are over; `None` when there can be none.
    #[must_use]
    pub fn valid_from(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::First => None,
            // What was begun in this very millisecond ends, too.
            Self::Ended => Some(now.plus(Duration::from_millis(1))),
            Self::Returned => Some(now),
        }
    }
}

/// What came of noting changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Those that this call noted, of several at once.
    pub changes: Vec<(ClientId, Change)>,
    /// Grants that it ended.
    pub grants: u64,
}

impl Served {
    /// What is to be noted, in the order in which it is noted. `known`: every client that was ever served,
    /// and whether it still is as far as was noted.
    #[must_use]
    pub fn changes(&self, known: &BTreeMap<ClientId, bool>) -> Vec<(ClientId, Change)> {
        let ends = |id: &ClientId| self.left.contains(id) || known.get(id) == Some(&true) && !self.present.contains(id);
        let ended = known.keys().chain(&self.left).filter(|id| ends(id)).collect::<BTreeSet<_>>();
        let begins = |id: &ClientId| match known.get(id) {
            Some(true) if !ended.contains(id) => None,
            None if !ended.contains(id) => Some(Change::First),
            _ => Some(Change::Returned),
        };
        let begun = self.present.iter().filter_map(|id| begins(id).map(|change| (id.clone(), change)));
        ended.iter().map(|id| ((*id).clone(), Change::Ended)).chain(begun).collect()
    }
}
