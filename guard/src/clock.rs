//! What time it is: the input that tests replace.
//!
//! Owns: the only call of the system clock. Does not own: what is done with an instant.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time. Any `Fn() -> i64` is one.
pub trait Clock: Send + Sync {
    /// Seconds since 1970, as in `exp` and `iat` (RFC 7519 2).
    fn now(&self) -> i64;
}

impl<F: Fn() -> i64 + Send + Sync> Clock for F {
    fn now(&self) -> i64 {
        self()
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}
