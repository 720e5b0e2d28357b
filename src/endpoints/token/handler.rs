//! The token endpoint over HTTP.
//!
//! Owns: from an authenticated client to the grant's use case, and the answer. Does not own: the grants.

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, post, resource};

use crate::endpoints::token::{authorization_code, client_credentials, password, refresh};
use crate::protocol::token_request::TokenRequest;
use crate::web::client::ClientRequest;
use crate::web::cors;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::reply::{json, method_not_allowed};
use crate::web::urls::path;

/// Under the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        resource(path::TOKEN)
            .wrap(from_fn(cors::per_client))
            .route(post().to(token))
            .route(cors::preflight("POST, OPTIONS"))
            .default_service(method_not_allowed("POST, OPTIONS")),
    );
}

async fn token(app: Current, request: ClientRequest) -> Result<HttpResponse, ApiError> {
    let ClientRequest { client, params, address } = request;
    client.check_grant(TokenRequest::grant_type(&params)?)?;
    let response = match TokenRequest::parse(&params)? {
        TokenRequest::Code(request) => authorization_code::exchange(&app, &client, &request).await?,
        TokenRequest::Password(request) => password::exchange(&app, &client, request, address).await?,
        TokenRequest::Refresh(request) => refresh::exchange(&app, &client, &request).await?,
        TokenRequest::ClientCredentials(request) => client_credentials::exchange(&app, &client, &request).await?,
    };
    Ok(json(&response))
}
