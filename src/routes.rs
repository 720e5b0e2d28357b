//! The URL table.
//!
//! Owns: which endpoint answers under which prefix. Does not own: paths (`web/urls`) or handlers.

use actix_web::web::{ServiceConfig, scope, to};
use actix_web::{HttpResponse, Responder};

use crate::endpoints::{
    account, assets, authorize, consent, discovery, health, home, introspect, join, jwks, login, logout, password,
    revoke, token, userinfo,
};
use crate::protocol::issuer::Issuer;
use crate::web::page;

/// Everything a public listener answers.
pub fn public(cfg: &mut ServiceConfig, issuer: &Issuer) {
    health::routes(cfg);
    discovery::routes(cfg, issuer);
    cfg.service(scope(issuer.path()).configure(|cfg| {
        jwks::routes(cfg);
        token::routes(cfg);
        userinfo::routes(cfg);
        revoke::routes(cfg);
        introspect::routes(cfg);
        assets::routes(cfg);
        authorize::routes(cfg);
        login::routes(cfg);
        join::routes(cfg);
        account::routes(cfg);
        password::routes(cfg);
        consent::routes(cfg);
        logout::routes(cfg);
        home::routes(cfg);
    }));
    cfg.default_service(to(page::not_found));
}

/// Everything the admin listener answers.
pub fn admin(cfg: &mut ServiceConfig) {
    health::routes(cfg);
    cfg.default_service(to(not_found));
}

async fn not_found() -> impl Responder {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("not found\n")
}
