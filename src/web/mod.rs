//! The toolkit between actix-web and the endpoints.
//!
//! Owns: extractors, cookies, headers, CORS, error rendering, URLs. Does not own: any endpoint's logic.

pub mod urls;
// pages
pub mod assets;
pub mod browser;
pub mod cookies;
pub mod csrf;
pub mod host;
pub mod page;
pub mod page_error;
pub mod page_form;
pub mod session;
pub mod transaction;
