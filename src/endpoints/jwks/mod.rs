//! `/jwks`: the public keys (RFC 7517 5).
//!
//! Owns: serving the set. Does not own: the keys (`tokens`).

mod handler;

pub use handler::routes;
