//! The client of a request: who it says it is, and the proof.
//!
//! Owns: the extractor that every client-authenticated endpoint begins with. Does not own: reading
//! credentials (`protocol/client_auth`) or judging them (`model`).

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev};
use futures_util::future::LocalBoxFuture;

use crate::model::client::{AuthenticatedClient, Client};
use crate::protocol::client_auth::UnverifiedClient;
use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::web::address::ClientAddress;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::params::read_form_alone;

/// The registered client that a request concerns, proven or only named: CORS and the log line go by
/// it. In the extensions of the request.
#[derive(Debug, Clone)]
pub struct Concerned(pub Arc<Client>);

impl Concerned {
    /// Notes it.
    pub fn note(request: &HttpRequest, client: &Arc<Client>) {
        request.extensions_mut().insert(Self(Arc::clone(client)));
    }
}

/// A form POST by an authenticated client. The order of refusals: parameters in the query, media
/// type, size, form, client. A failure of the client is counted before it is told.
#[derive(Debug)]
pub struct ClientRequest {
    /// The proof.
    pub client: AuthenticatedClient,
    /// The form.
    pub params: Params,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

impl FromRequest for ClientRequest {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let app = Current::of(&request)?;
            let params = read_form_alone(&request, payload, app.config.limits.body).await?;
            let unverified = UnverifiedClient::read(authorization(&request)?, &params)?;
            let named = unverified.candidates.iter().find_map(|named| app.registry().find_client(&named.client_id));
            if let Some(client) = named {
                Concerned::note(&request, client);
            }
            let address = ClientAddress::of(&request);
            match app.registry().authenticate(&unverified) {
                Ok(client) => Ok(Self { client, params, address }),
                Err(error) => {
                    let id = named.map(|client| &client.client_id);
                    app.throttle.client_failed(&app.config.limits.failures, id, address, app.now()).await?;
                    Err(error.into())
                }
            }
        })
    }
}

/// The one `Authorization` header.
///
/// # Errors
/// `invalid_request` when there are two: they could name two parties.
pub fn authorization(request: &HttpRequest) -> Result<Option<&[u8]>, OAuthError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let first = headers.next().map(HeaderValue::as_bytes);
    match headers.next() {
        None => Ok(first),
        Some(_) => Err(OAuthError::invalid_request("two Authorization headers")),
    }
}
