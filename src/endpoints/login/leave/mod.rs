//! Somebody leaves for an external provider.
//!
//! Owns: what they leave for, bound to this browser. Does not own: the request to the provider (`upstream`), or how they
//! come back (`callback`).

mod handler;

pub(super) use self::handler::leave;
