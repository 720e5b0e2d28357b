//! Signing out, from our own pages and by an application (OpenID Connect RP-Initiated Logout 1.0).
//!
//! Owns: the end-session endpoint, the confirmation, the end of the session, the page after it and its way on to the provider. Does not own:
//! sessions (`web/session`), or when it is asked first (`model/sign_out`).

mod asked;
mod end;
mod explain;
mod handler;
mod upstream;
mod view;

pub use self::handler::routes;
