//! Verifies access tokens (RFC 9068) in a Rust backend.
//!
//! Owns: which modules there are. Does not own: anything of the server that issues the tokens, which this crate does
//! not know: it speaks to any issuer through the standards.
//!
//! ---
#![doc = include_str!("../README.md")]

#[cfg(feature = "actix")]
pub mod actix;
pub mod bearer;
mod builder;
mod clock;
mod guard;
mod json;
mod jws;
mod keys;
mod refusal;
#[cfg(feature = "remote")]
mod remote;
mod revocation;
mod scope;
mod seen;
mod token;
#[cfg(feature = "tower")]
pub mod tower;
mod unavailable;
mod verify;

#[cfg(test)]
#[path = "../tests/support/forge.rs"]
mod forge;

pub use builder::{BuildError, GuardBuilder};
pub use clock::{Clock, SystemClock};
pub use guard::Guard;
pub use jws::LONGEST_TOKEN;
pub use keys::{Algorithm, KeySet, KeySource, NotAKey, PublicKey};
pub use refusal::{Fault, Refusal};
#[cfg(feature = "remote")]
pub use remote::{Introspection, Remote};
pub use revocation::{RevocationCheck, Standing};
pub use scope::{RequiredScope, Token, is_scope};
pub use token::AccessToken;
pub use unavailable::Unavailable;
