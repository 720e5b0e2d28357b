//! Who failed too often and has to wait.
//!
//! Owns: which counters a failure moves, under which names, and what a known browser changes. Does not own:
//! when a counter keeps waiting (`model/throttle`), where it is (`store`), what was tried (`passwords`,
//! `web/client`).

mod sign_in;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Failures;
use crate::model::person::LoginName;
use crate::model::throttle::{Limit, network};
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::{Timestamp, whole_seconds};
use crate::store::{StoreError, ThrottleStore};
use crate::tokens::Pseudonyms;

pub use sign_in::{Admitted, KNOWN_FOR, SignIn};

/// Why a try is not made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Too many failed before it.
    #[error("too many failures")]
    Throttled {
        /// When the next may be made.
        retry_after: Duration,
    },
    /// Nobody knows how many failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a try comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin {
    /// As far as it can be believed.
    pub address: Option<IpAddr>,
    /// The hash of what a browser keeps to be known by.
    pub device: Option<TokenHash>,
}

/// Whose password is tried. Every spelling of a name leads to the same account.
#[derive(Debug, Clone, Copy)]
pub enum Account<'a> {
    /// Somebody's.
    Of(UserId),
    /// Nobody's, under this name: it is counted all the same.
    Named(&'a LoginName),
}

/// The counters.
pub struct Throttle {
    store: Arc<dyn ThrottleStore>,
    names: Pseudonyms,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").finish_non_exhaustive()
    }
}

/// One counter and how much of it is too much.
#[derive(Debug, Clone)]
struct Counter {
    /// For the log.
    counts: &'static str,
    name: TokenHash,
    limit: Limit,
}

impl Counter {
    /// Notes that it keeps somebody waiting.
    fn log(&self, wait: Duration, client_id: Option<&ClientId>) {
        let client_id = client_id.map(ClientId::as_str);
        let counter = self.name.log_prefix();
        tracing::warn!(counts = self.counts, counter, retry_after = whole_seconds(wait), client_id, "throttled");
    }
}

impl Throttle {
    /// Over a store, under these names.
    #[must_use]
    pub const fn new(store: Arc<dyn ThrottleStore>, names: Pseudonyms) -> Self {
        Self { store, names }
    }

    /// A try to sign in.
    #[must_use]
    pub fn sign_in(&self, limits: &Failures, account: Account<'_>, origin: Origin) -> SignIn<'_> {
        SignIn::new(self, limits, account, origin)
    }

    /// Counts a failed authentication of that client from there; `None` is every client that is not known.
    /// A right secret is never asked for here: it holds too much randomness to be guessed, and whoever has
    /// it must not depend on who else is at the same address.
    ///
    /// # Errors
    /// When there were too many before it (then it is not counted), or the store fails.
    pub async fn client_failed(
        &self,
        limits: &Failures,
        client: Option<&ClientId>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(network) = counted_network(limits, address) else { return Ok(()) };
        let id = client.map(ClientId::as_str).unwrap_or_default();
        let name = self.names.of(&["client", id, &network]);
        let counter = Counter { counts: "client and address", name, limit: limits.client };
        let until = self.store.read(&[name]).await?.into_iter().next().flatten();
        if let Some(retry_after) = counter.limit.wait(until, now) {
            counter.log(retry_after, client);
            return Err(Refusal::Throttled { retry_after });
        }
        Ok(self.store.add(&[(name, counter.limit.cost())]).await?)
    }
}

/// What a try is counted by as to its address; `None` for an address that is exempt.
fn counted_network(limits: &Failures, address: Option<IpAddr>) -> Option<String> {
    let Some(address) = address else { return Some("unknown".to_owned()) };
    let address = address.to_canonical();
    let exempt = limits.exempt.iter().any(|range| range.contains(&address));
    (!exempt).then(|| network(address))
}
