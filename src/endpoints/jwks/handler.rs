//! The JWK Set over HTTP: public, cacheable, readable by any page.
//!
//! Owns: the route. Does not own: the document (`tokens`, `startup`).

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse};

use crate::web::cors;
use crate::web::current::Current;
use crate::web::reply::{document, get, method_not_allowed};
use crate::web::urls::path;

/// Under the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        resource(path::JWKS)
            .wrap(from_fn(cors::public))
            .route(get().to(show))
            .route(cors::preflight("GET, HEAD, OPTIONS"))
            .default_service(method_not_allowed("GET, HEAD, OPTIONS")),
    );
}

async fn show(app: Current, request: HttpRequest) -> HttpResponse {
    document(&app.documents.jwks, &request)
}
