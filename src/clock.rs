//! What time it is and where randomness comes from: the two inputs that tests replace.
//!
//! Owns: the only calls of the system clock and of the system's random source. Does not own:
//! arithmetic on instants (`protocol/time`).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::CryptoRng;
use uuid::Uuid;

use crate::protocol::time::Timestamp;

/// Tells the instant.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Timestamp {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// A clock that stands where it was put; for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Standing at `start`.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.millis()))
    }

    /// Moves forward.
    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A moment that never goes back, for the age of what this process holds: it says nothing of the hour.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine how much time went by")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// The cryptographic random source of the process, seeded by the operating system.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that names the random source")]
pub fn system_rng() -> impl CryptoRng {
    rand::rng()
}

/// A `UUIDv7` (RFC 9562 5.7): 48 bits of the instant, 74 of randomness.
#[must_use]
pub fn uuid_v7(now: Timestamp, rng: &mut (impl CryptoRng + ?Sized)) -> Uuid {
    let mut random = [0_u8; 10];
    rng.fill_bytes(&mut random);
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
