//! A guard as a backend uses it: against tokens of every kind of trouble, and against a small real HTTP server.
//!
//! Owns: the list of behaviours. Does not own: how keys and tokens are made (`forge`), or the issuer (`issuer`).

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../support/forge.rs"]
mod forge;
mod issuer;

mod actix;
mod bearer;
mod building;
mod games;
mod introspection;
mod memory;
mod remote;
mod tower;
