//! That something cannot be known now.
//!
//! Owns: when to ask again, and the cause for a log. Does not own: the answer (`refusal`).

use std::time::Duration;

/// Keys or revocations cannot be had now: nobody is let in, and the answer is 503.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Unavailable {
    /// For the log; it may name hosts, and is never sent to a client.
    cause: String,
    pub(crate) retry_after: Duration,
}

impl Unavailable {
    /// With the cause for a log, and when to ask again.
    #[must_use]
    pub fn new(cause: impl Into<String>, retry_after: Duration) -> Self {
        Self { cause: cause.into(), retry_after }
    }
}
