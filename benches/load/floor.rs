//! The floor: what an actix-web handler costs here that does nothing but sign and answer.
//!
//! Owns: that server. Does not own: any check; that is the point of it.

use std::io::Write as _;

use actix_web::web::{Bytes, Data, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// Serves on a free port, which it prints as `dev` prints its issuer, until it is killed.
#[actix_web::main]
pub async fn serve() -> std::io::Result<()> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(std::io::Error::other)?;
    let key = Data::new(key);
    let document = "x".repeat(1700);
    let server = HttpServer::new(move || {
        let document = document.clone();
        App::new()
            .app_data(key.clone())
            .route("/document", get().to(move || std::future::ready(document.clone())))
            .route("/token", post().to(token))
    })
    .workers(std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
    .bind(("127.0.0.1", 0))?;
    let port = server.addrs().first().map(std::net::SocketAddr::port).unwrap_or_default();
    writeln!(std::io::stdout(), "{}", json!({ "issuer": format!("http://localhost:{port}") }))?;
    server.run().await
}

async fn token(key: Data<EcdsaKeyPair>, form: Bytes) -> HttpResponse {
    let claims = json!({
        "iss": "http://localhost", "sub": "service", "aud": "https://api.example.test", "exp": form.len(),
        "iat": 0, "jti": "0198f0a2-0000-7000-8000-000000000001", "client_id": "service", "scope": "read:users",
    });
    let mut token = URL_SAFE_NO_PAD.encode(r#"{"typ":"at+jwt","alg":"ES256","kid":"floor"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
    let Ok(signature) = key.sign(&SystemRandom::new(), token.as_bytes()) else {
        return HttpResponse::InternalServerError().finish();
    };
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
    HttpResponse::Ok().json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 }))
}
