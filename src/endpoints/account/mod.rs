//! The account page: who somebody is here, and the ways into their account.
//!
//! Owns: listing them, leaving to link one, unlinking. Does not own: how fresh a sign-in that needs (`web/linking`), the
//! way to the provider and back (`endpoints/login`).

mod handler;
mod view;

pub use self::handler::routes;
