//! Userinfo over HTTP.
//!
//! Owns: the route. Does not own: the decision.

use actix_web::web::ServiceConfig;

/// Under the issuer's path.
pub fn routes(_cfg: &mut ServiceConfig) {}
