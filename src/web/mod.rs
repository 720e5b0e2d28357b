//! The toolkit between actix-web and the endpoints.
//!
//! Owns: extractors, cookies, headers, CORS, error rendering, URLs. Does not own: any endpoint's logic.

pub mod urls;
