//! How often somebody may fail: the rule behind every throttle.
//!
//! Owns: when the next try may be made, and which addresses count as one. Does not own: who is counted
//! (`throttle`), where the counters are (`store`), the numbers (`config`).
//!
//! A counter is one instant: until then its failures are worked off. Each failure moves it by `window /
//! failures`. So after a quiet time `failures` of them are free, then one each `window / failures`: nobody
//! waits longer than that for the next try, and a counter in which nothing is left to work off is no record.

use std::net::IpAddr;
use std::time::Duration;

use crate::protocol::time::Timestamp;

/// So many failures in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// At least one.
    pub failures: u32,
    /// In which they are worked off.
    pub window: Duration,
}

impl Limit {
    /// How long one failure takes to be worked off: whole milliseconds, at least one.
    #[must_use]
    pub fn cost(&self) -> Duration {
        let millis = self.window.as_millis() / u128::from(self.failures.max(1));
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX).max(1))
    }

    /// How long to wait before the next try; `None` when it may be made now. `until` is what the counter says.
    #[must_use]
    pub fn wait(&self, until: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
        // A clock that was set back must not keep anybody out for the time it lost.
        let most = self.window.saturating_mul(2);
        let debt = until.map_or(Duration::ZERO, |until| until.since(now)).min(most);
        let wait = debt.saturating_add(self.cost()).saturating_sub(self.window);
        (!wait.is_zero()).then_some(wait)
    }
}

/// What counts as one address: an IPv4 address, or the /64 of an IPv6 address, which is what one line gets.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
