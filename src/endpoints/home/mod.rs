//! The home page: who is signed in, and where to go next.
//!
//! Owns: that page. Does not own: signing in or out.

mod handler;
mod view;

pub use self::handler::routes;
