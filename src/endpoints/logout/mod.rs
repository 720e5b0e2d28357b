//! Signing out.
//!
//! Owns: the confirmation, the end of the session, the page after it. Does not own: sessions (`web/session`).

mod handler;
mod view;

pub use self::handler::routes;
