//! Black-box tests of the whole server, one module a behaviour, each on SQLite alone and with Redis.
//!
//! Owns: the list of behaviours. Does not own: how they are asked for (`support`).

mod support;

mod authorization_requests;
mod cli;
mod codes;
mod config;
mod consent;
mod cross_site_forms;
mod cross_site_post;
mod pkce;
mod prompt_and_max_age;
mod redirect_uris;
mod sessions;
