//! The page on which a person who came in with a generated password sets their own.
//!
//! Owns: the form and the change. Does not own: the rules for passwords (`passwords`).

mod change;
mod handler;
mod view;

pub use self::handler::routes;
