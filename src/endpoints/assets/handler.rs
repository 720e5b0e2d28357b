//! HTTP of the static files: names change with the content, so that copies are good for ever.
//!
//! Owns: caching headers. Does not own: the bytes.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Path, ServiceConfig, get, head, resource};
use actix_web::{HttpRequest, HttpResponse};

use crate::web::assets;
use crate::web::urls::path;

/// Adds the route.
pub fn routes(cfg: &mut ServiceConfig) {
    let pattern = format!("{}/{{name}}", path::ASSETS);
    cfg.service(resource(pattern).route(get().to(serve)).route(head().to(serve)));
}

/// `GET /assets/{name}`.
async fn serve(request: HttpRequest, name: Path<String>) -> HttpResponse {
    let Some(asset) = assets::find(&name) else {
        return HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("not found\n");
    };
    let tag = format!("\"{}\"", asset.name);
    let known = request.headers().get_all(IF_NONE_MATCH).any(|sent| {
        sent.to_str().is_ok_and(|sent| sent.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
    });
    let mut response = if known {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        HttpResponse::Ok().insert_header((CONTENT_TYPE, asset.content_type)).body(asset.bytes)
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An SVG opened by itself is a document, too.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}
