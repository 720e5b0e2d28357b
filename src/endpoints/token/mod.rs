//! `/token`: the token endpoint (RFC 6749 3.2).
//!
//! Owns: the phases that grants share, and each grant. Does not own: client authentication
//! (`web/client`) or signatures (`tokens`).
//!
//! The order of refusals, one visible list: method (405), parameters in the query, media type, size,
//! form, client (401), `grant_type`, may this client use it, the grant's own parameters, the grant.
//! The client comes before `grant_type`: whoever forgot both reads first which client to name, and a
//! stranger learns nothing about grants.

mod authorization_code;
mod client_credentials;
mod handler;
mod issue;
mod password;
mod refresh;
mod target;

pub use handler::routes;
