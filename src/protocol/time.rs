//! Instants and spans as the protocol counts them.
//!
//! Owns: `Timestamp` (milliseconds since the Unix epoch) and its arithmetic, which saturates and
//! never panics. Does not own: what time it is now (`clock`).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch (a JWT `NumericDate`, RFC 7519 section 2).
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// When a `UUIDv7` was made (RFC 9562 5.7); `None` for other versions.
    #[must_use]
    pub fn of_uuid(uuid: Uuid) -> Option<Self> {
        let is_v7 = uuid.get_version_num() == 7;
        i64::try_from(uuid.as_u128() >> 80).ok().filter(|_| is_v7).map(Self)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: what `iat`, `exp` and `auth_time` carry.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `span` later; the end of time when that overflows.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it (a clock set back).
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whether a thing that expires at this instant is over at `now`: the instant itself counts as over.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        now >= self
    }
}

/// A span in whole seconds, rounded up and at least one: what `Retry-After` says (RFC 9110 10.2.3), so that
/// whoever comes back then does not come too early.
#[must_use]
pub const fn whole_seconds(span: Duration) -> u64 {
    let started = if span.subsec_nanos() > 0 { 1 } else { 0 };
    let seconds = span.as_secs().saturating_add(started);
    if seconds == 0 { 1 } else { seconds }
}

/// A wait as people say it: rounded up, so that it is over by then.
#[must_use]
pub fn in_words(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    match (seconds, seconds.div_ceil(60)) {
        (1, _) => "1 second".to_owned(),
        (..60, _) => format!("{seconds} seconds"),
        (_, 1) => "1 minute".to_owned(),
        (_, minutes) => format!("{minutes} minutes"),
    }
}
