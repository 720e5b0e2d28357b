//! `/revoke`: a client takes back a token of its own (RFC 7009).
//!
//! Owns: which tokens, and what goes with them. Does not own: what revocation means elsewhere (`store`).

mod end;
mod handler;

pub use handler::routes;
