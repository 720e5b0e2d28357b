//! RFC 6750: the bearer token of a request to a resource of ours.
//!
//! Owns: reading it off the wire. Does not own: its grammar (`protocol/bearer`) or whether it is good
//! (`tokens`, the endpoint).

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::Method;

use crate::protocol::bearer::{self, Presented};
use crate::web::client::authorization;
use crate::web::error::ApiError;
use crate::web::params::{FormError, is_form, read_form};

/// The token of a request: the header, or `access_token` of a form (RFC 6750 2.1, 2.2). One in the
/// query is not looked at.
///
/// # Errors
/// `invalid_request` with the Bearer challenge when it stands in two places or the form is malformed,
/// 401 without a code when there is none.
pub async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<String, ApiError> {
    let params = if request.method() == Method::POST && is_form(request) {
        match read_form(request, payload, limit).await {
            Ok(params) => Some(params),
            Err(FormError::Malformed(error)) => return Err(ApiError::bearer(error, None)),
            Err(other) => return Err(other.into()),
        }
    } else {
        None
    };
    let form_token = params.as_ref().and_then(|params| params.get("access_token"));
    let header = authorization(request).map_err(|error| ApiError::bearer(error, None))?;
    match bearer::read(header, form_token).map_err(|error| ApiError::bearer(error, None))? {
        Presented::Nothing => Err(ApiError::token_missing()),
        Presented::Token(token) => Ok(token),
    }
}
