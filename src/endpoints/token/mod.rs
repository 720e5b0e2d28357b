//! `/token`: the token endpoint (RFC 6749 3.2).
//!
//! Owns: the phases that grants share, and each grant. Does not own: client authentication
//! (`web/client`) or signatures (`tokens`).

mod handler;

pub use handler::routes;
