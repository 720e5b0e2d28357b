//! The authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2) and the dispatcher behind it.
//!
//! Owns: from a request of a client to the page that is next, or to the answer. Does not own: the
//! pages (`login`, `consent`, `password`), which come back to the dispatcher, or what is next
//! (`model/next_step`).

mod begin;
mod dispatch;
mod explain;
mod handler;
mod view;

pub use self::handler::routes;
