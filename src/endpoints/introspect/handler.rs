//! Introspection over HTTP.
//!
//! Owns: method, parameters, that a public client is told nothing. Does not own: the answer (`judge`).

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, post, resource};

use super::judge::judge;
use crate::protocol::error::OAuthError;
use crate::web::client::ClientRequest;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::reply::{json, method_not_allowed};
use crate::web::urls::path;

/// Under the issuer's path. No page may read an answer: it is for servers.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource(path::INTROSPECT).route(post().to(introspect)).default_service(method_not_allowed("POST")));
}

async fn introspect(app: Current, request: ClientRequest) -> Result<HttpResponse, ApiError> {
    let ClientRequest { client, params, .. } = request;
    if client.is_public() {
        // RFC 7662 2.1: anybody could say the name of a public client.
        return Err(OAuthError::invalid_client("introspection needs a client with a secret").into());
    }
    let token = params.get("token").ok_or_else(|| OAuthError::invalid_request("the parameter token is missing"))?;
    Ok(json(&judge(&app, &client, token).await?))
}
