//! The toolkit between actix-web and the endpoints.
//!
//! Owns: extractors, cookies, headers, CORS, error rendering, URLs. Does not own: any endpoint's logic.

pub mod address;
pub mod bearer;
pub mod client;
pub mod cors;
pub mod edge;
pub mod error;
pub mod headers;
pub mod params;
pub mod reply;
pub mod request_id;
pub mod urls;
// pages
