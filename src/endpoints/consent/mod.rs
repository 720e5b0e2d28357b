//! The page on which a person allows an application what it asks for, or not.
//!
//! Owns: what is shown, and the answer. Does not own: whether it has to be asked (`model/next_step`)
//! or the code that follows (the dispatcher).

mod answer;
mod handler;
mod view;

pub use self::handler::routes;
