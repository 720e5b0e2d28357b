//! `/userinfo`: claims about the person (OpenID Connect Core 5.3).
//!
//! Owns: which tokens open it and what it tells. Does not own: the claims (`model/person`).

mod answer;
mod handler;

pub use handler::routes;
