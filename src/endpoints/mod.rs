//! One folder a URL family; each has a `handler.rs` (HTTP only) and its use cases.
//!
//! Owns: the list. Does not own: the URL table (`routes`). Endpoints never import one another.

pub mod discovery;
pub mod health;
pub mod jwks;
pub mod token;
pub mod userinfo;
// pages

#[cfg(test)]
mod tests;
