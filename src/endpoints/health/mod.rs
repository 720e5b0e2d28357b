//! `/livez` and `/readyz`: bare statuses for whoever runs us, on every listener.
//!
//! Owns: what "ready" means. Does not own: details and metrics, which are for the admin listener.

mod handler;
mod readiness;

pub use handler::routes;
