//! Revocation over HTTP.
//!
//! Owns: method, parameters, the answer. Does not own: what ends (`end`).

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, post, resource};

use super::end::end;
use crate::protocol::error::OAuthError;
use crate::web::client::ClientRequest;
use crate::web::cors;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::headers::no_store;
use crate::web::reply::method_not_allowed;
use crate::web::urls::path;

/// Under the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        resource(path::REVOKE)
            .wrap(from_fn(cors::per_client))
            .route(post().to(revoke))
            .route(cors::preflight("POST, OPTIONS"))
            .default_service(method_not_allowed("POST, OPTIONS")),
    );
}

/// RFC 7009 2.2: 200 whatever the token was. `token_type_hint` only speeds a search that we do not need.
async fn revoke(app: Current, request: ClientRequest) -> Result<HttpResponse, ApiError> {
    let ClientRequest { client, params, .. } = request;
    let token = params.get("token").ok_or_else(|| OAuthError::invalid_request("the parameter token is missing"))?;
    end(&app, &client, token).await?;
    let mut response = HttpResponse::Ok();
    for header in no_store() {
        response.insert_header(header);
    }
    Ok(response.finish())
}
