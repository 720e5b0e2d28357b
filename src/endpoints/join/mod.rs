//! The page on which the owner of an account proves it, so that an identity which came from outside is joined to it.
//!
//! Owns: the form, holding what was typed against the account, the account of one's own instead. Does not own: what is
//! joined (`accounts`), proofs by another provider (`endpoints/login`, which comes back to the same place).

mod handler;
mod settle;
mod view;

pub use self::handler::routes;
