//! One folder a URL family; each has a `handler.rs` (HTTP only) and its use cases.
//!
//! Owns: the list. Does not own: the URL table (`routes`). Endpoints never import one another.

pub mod account;
pub mod assets;
pub mod authorize;
pub mod consent;
pub mod discovery;
pub mod health;
pub mod home;
pub mod introspect;
pub mod join;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod password;
pub mod revoke;
pub mod token;
pub mod userinfo;

#[cfg(test)]
mod tests;
