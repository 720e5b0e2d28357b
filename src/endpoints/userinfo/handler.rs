//! Userinfo over HTTP.
//!
//! Owns: methods, challenge, the client that the answer concerns. Does not own: the decision (`answer`).

use actix_web::middleware::from_fn;
use actix_web::web::{Payload, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};

use crate::endpoints::userinfo::answer::{check_claims, claims_of};
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::web::client::Concerned;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::reply::{get, json, method_not_allowed};
use crate::web::urls::path;
use crate::web::{bearer, cors};

/// Under the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        resource(path::USERINFO)
            .wrap(from_fn(cors::per_client))
            .route(get().to(userinfo))
            .route(post().to(userinfo))
            .route(cors::preflight("GET, HEAD, POST, OPTIONS"))
            .default_service(method_not_allowed("GET, HEAD, POST, OPTIONS")),
    );
}

async fn userinfo(app: Current, request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let token = bearer::read(&request, payload.into_inner(), app.config.limits.body).await?;
    let claims = app.verify_access_token(&token).await.map_err(refuse)?;
    let ended = || refuse(OAuthError::invalid_token("the token was revoked or its grant has ended"));
    // Only a verified token names the client whose pages may read the answer.
    let client = app.registry().find_client(&claims.client_id).ok_or_else(ended)?;
    Concerned::note(&request, client);
    check_claims(&claims, app.issuer().as_str()).map_err(refuse)?;
    let info = claims_of(&app, &claims).await?.ok_or_else(ended)?;
    Ok(json(&info))
}

fn refuse(error: OAuthError) -> ApiError {
    let enough = (error.code() == ErrorCode::InsufficientScope).then_some("openid");
    ApiError::bearer(error, enough)
}
