//! The metadata over HTTP, at each place where a client may look for it.
//!
//! Owns: the routes. Does not own: the document (`metadata`).

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse};

use crate::protocol::issuer::Issuer;
use crate::web::cors;
use crate::web::current::Current;
use crate::web::reply::{document, get, method_not_allowed};

/// At the root of the listener. With a path in the issuer each document has two places: appended
/// (OpenID Connect Discovery 4) and inserted (RFC 8414 3).
pub fn routes(cfg: &mut ServiceConfig, issuer: &Issuer) {
    for path in places(issuer) {
        cfg.service(
            resource(path)
                .wrap(from_fn(cors::public))
                .route(get().to(show))
                .route(cors::preflight("GET, HEAD, OPTIONS"))
                .default_service(method_not_allowed("GET, HEAD, OPTIONS")),
        );
    }
}

async fn show(app: Current, request: HttpRequest) -> HttpResponse {
    document(&app.documents.metadata, &request)
}

fn places(issuer: &Issuer) -> Vec<String> {
    let mut places = Vec::new();
    for name in ["openid-configuration", "oauth-authorization-server"] {
        places.push(format!("{}/.well-known/{name}", issuer.path()));
        if !issuer.path().is_empty() {
            places.push(format!("/.well-known/{name}{}", issuer.path()));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_with_a_path_has_the_document_in_both_places() {
        let at = |issuer: &str| places(&Issuer::parse(issuer).unwrap());
        assert_eq!(
            at("https://id.example.com"),
            ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
        );
        assert_eq!(
            at("https://example.com/auth"),
            [
                "/auth/.well-known/openid-configuration",
                "/.well-known/openid-configuration/auth",
                "/auth/.well-known/oauth-authorization-server",
                "/.well-known/oauth-authorization-server/auth",
            ]
        );
    }
}
