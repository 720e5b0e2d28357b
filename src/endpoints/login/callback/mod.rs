//! Somebody comes back from an external provider.
//!
//! Owns: that they left for it in this browser, not long ago, and come once. Does not own: what the provider says of them
//! (`upstream`), or what follows from it (`arrive`).

mod handler;

pub(super) use self::handler::{back, park};
