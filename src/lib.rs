//! Vestibule, a standalone OAuth 2 / OpenID Connect authorization server.
//!
//! Owns: the list of rooms; the README has the map. Does not own: anything else.

pub mod accounts;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod custody;
pub mod endpoints;
pub mod model;
pub mod passwords;
pub mod protocol;
pub mod reload;
pub mod routes;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod tokens;
pub mod upstream;
pub mod web;
