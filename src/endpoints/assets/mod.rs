//! The style sheet and the icon of the pages.
//!
//! Owns: serving them. Does not own: their content (`templates/assets`) and names (`web/assets`).

mod handler;

pub use self::handler::routes;
