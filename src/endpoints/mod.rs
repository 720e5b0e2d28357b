//! One folder a URL family; each has a `handler.rs` (HTTP only) and its use cases.
//!
//! Owns: the list. Does not own: the URL table (`routes`). Endpoints never import one another.

// pages
pub mod assets;
pub mod authorize;
pub mod consent;
pub mod home;
pub mod login;
pub mod logout;
pub mod password;
