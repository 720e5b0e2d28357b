//! What is answered while the server waits for its database to begin: alive, not ready, come back.
//!
//! Owns: those answers. Does not own: what is waited for, and for how long (`startup`).

use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use actix_web::web::{ServiceConfig, resource, to};
use actix_web::{HttpResponse, Responder};

use crate::protocol::error::ErrorCode;

/// Everything that any listener answers meanwhile.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/livez").to(HttpResponse::Ok));
    cfg.default_service(to(come_back));
}

/// As an error of OAuth, which is what programs read; there are no pages yet.
async fn come_back() -> impl Responder {
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "5"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({
            "error": ErrorCode::TemporarilyUnavailable.as_str(),
            "error_description": "the server is starting",
        }))
}
