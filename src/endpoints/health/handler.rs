//! Health over HTTP.
//!
//! Owns: status codes. Does not own: the decision (`readiness`).

use actix_web::web::{ServiceConfig, resource};
use actix_web::{HttpResponse, Responder};

use crate::endpoints::health::readiness::is_ready;
use crate::web::current::Current;
use crate::web::reply::{get, method_not_allowed};

/// At the root of every listener, whatever the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/livez").route(get().to(live)).default_service(method_not_allowed("GET, HEAD")));
    cfg.service(resource("/readyz").route(get().to(ready)).default_service(method_not_allowed("GET, HEAD")));
}

async fn live() -> impl Responder {
    HttpResponse::Ok().finish()
}

async fn ready(app: Current) -> impl Responder {
    if is_ready(&app).await { HttpResponse::Ok().finish() } else { HttpResponse::ServiceUnavailable().finish() }
}
