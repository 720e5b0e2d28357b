//! `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: the metadata.
//!
//! Owns: its contents and where it is served. Does not own: the shape (`protocol/discovery`).

mod handler;
mod metadata;

pub use handler::routes;
pub use metadata::metadata;
