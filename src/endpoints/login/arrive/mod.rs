//! Somebody comes back from an external provider, and the provider said who they are.
//!
//! Owns: what their browser is shown then. Does not own: making sure of the identity (`upstream`), whose account it opens
//! (`model/joining`), changing accounts (`accounts`).

mod handler;

pub(super) use self::handler::{Arrival, arrive};
