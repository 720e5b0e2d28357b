//! The sign-in page.
//!
//! Owns: the form, the choice of an account, holding what was typed against the account, the new session. Does not own: what
//! comes after it (the dispatcher), or passwords (`passwords`).

mod accounts;
mod arrive;
mod backchannel;
mod callback;
mod handler;
mod leave;
mod view;
mod way;

pub use self::handler::routes;
