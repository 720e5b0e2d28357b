//! Passwords: hashing off the event loop in a bounded pool, the rules for new ones, and signing in.
//!
//! Owns: argon2id, verifying imported hashes, the queue, the dummy hash, the blocklist. Does not own: people (`model`, `store`).

mod authenticate;
mod blocklist;
mod generate;
mod hasher;
mod imported;
mod phc;
mod policy;
mod pool;
mod stored;
#[cfg(test)]
mod tests;

pub use authenticate::{AuthenticateError, Door, Outcome, authenticate};
pub use generate::generate;
pub use hasher::{PasswordHasher, Turn, Verdict};
pub use policy::{PolicyFault, check_new};
pub use pool::Busy;
pub use stored::{StoredFault, scheme_of};
