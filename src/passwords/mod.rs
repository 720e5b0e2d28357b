//! Passwords: hashing off the event loop in a bounded pool, the rules for new ones, and signing in.
//!
//! Owns: argon2id, the queue, the dummy hash, the blocklist. Does not own: people (`model`, `store`).

mod authenticate;
mod blocklist;
mod generate;
mod hasher;
mod phc;
mod policy;
mod pool;
#[cfg(test)]
mod tests;

pub use authenticate::{AuthenticateError, Outcome, authenticate};
pub use generate::generate;
pub use hasher::{PasswordHasher, Verdict};
pub use policy::{PolicyFault, check_new};
pub use pool::Busy;
