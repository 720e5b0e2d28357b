//! The JWK Set over HTTP: public, cacheable, readable by any page.
//!
//! Owns: the route. Does not own: the document (`tokens`, `startup`).

use actix_web::HttpRequest;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource};

use crate::web::cors;
use crate::web::reply::{Document, get, method_not_allowed};
use crate::web::urls::path;

/// Under the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, jwks: Document) {
    let reply = move |request: HttpRequest| {
        let jwks = jwks.clone();
        async move { jwks.reply(&request) }
    };
    cfg.service(
        resource(path::JWKS)
            .wrap(from_fn(cors::public))
            .route(get().to(reply))
            .route(cors::preflight("GET, HEAD, OPTIONS"))
            .default_service(method_not_allowed("GET, HEAD, OPTIONS")),
    );
}
