//! The toolkit between actix-web and the endpoints.
//!
//! Owns: extractors, cookies, headers, CORS, error rendering, URLs. Does not own: any endpoint's logic.

pub mod address;
pub mod assets;
pub mod bearer;
pub mod browser;
pub mod client;
pub mod cookies;
pub mod cors;
pub mod csrf;
pub mod current;
pub mod device;
pub mod edge;
pub mod entry;
pub mod error;
pub mod headers;
pub mod host;
pub mod joining;
pub mod linking;
pub mod page;
pub mod page_error;
pub mod page_form;
pub mod params;
pub mod parked;
pub mod password_try;
pub mod provider_buttons;
pub mod reply;
pub mod request_id;
pub mod session;
pub mod transaction;
pub mod unread;
pub mod urls;
pub mod waiting;
