//! The RFCs as types and pure functions; each file names its sections.
//!
//! Owns: what the standards say. Does not own: what we keep (`model`), where it is kept (`store`),
//! how it travels (`web`). No I/O, no clock, no `async`.

pub mod access_token;
pub mod authorization;
pub mod bearer;
pub mod claims;
pub mod client_auth;
pub mod discovery;
pub mod error;
pub mod host;
pub mod id_token;
pub mod ids;
pub mod introspection;
pub mod issuer;
pub mod json;
pub mod opaque;
pub mod params;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod reply;
pub mod response;
pub mod scope;
pub mod time;
pub mod token_request;
pub mod token_response;

#[cfg(test)]
mod tests;
