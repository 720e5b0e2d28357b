//! The command line, driven as people and scripts drive it: the built binary.
//!
//! Owns: what each command prints, where, and how it exits. Does not own: what the server answers (the
//! files beside this folder).

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test they are how it fails"
)]

mod check;
mod check_providers;
mod client_explain;
mod client_new;
mod client_secret;
mod code_flow;
mod completions;
mod config_show;
mod conventions;
mod dev_folder;
mod dev_start;
mod init;
mod keys;
pub mod program;
mod reload;
mod schema;
mod serve;
pub mod serving;
mod stop;
mod streams;
mod token;
mod user;
mod user_import;
