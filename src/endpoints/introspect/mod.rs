//! `/introspect`: what a token means now (RFC 7662).
//!
//! Owns: who is told about which token. Does not own: the shape of the answer (`protocol/introspection`).

mod handler;
mod judge;

pub use handler::routes;
