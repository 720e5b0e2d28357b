//! Where an external provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8).
//!
//! Owns: that endpoint, that a token counts once, which sessions end. Does not own: whether a token is good (`upstream`),
//! what ends with a session (`web/session`).

mod end;
mod handler;

pub(super) use self::handler::routes;
