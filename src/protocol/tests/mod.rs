//! Tests of what the standards say: tables of good and bad inputs, and that no input panics.

mod authorization;
mod claims;
mod client_auth;
mod names;
mod params;
mod pkce;
mod redirect_uri;
mod reply;
mod token_request;
mod wire;

use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::params::Params;

/// Parameters from pairs, encoded and read again as they travel.
fn params(pairs: &[(&str, &str)]) -> Params {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(pairs);
    Params::parse(out.finish().as_bytes()).unwrap()
}

/// The code and the words of an error that had to come.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, OAuthError>) -> (ErrorCode, String) {
    let error = result.unwrap_err();
    (error.code(), error.description().to_owned())
}
