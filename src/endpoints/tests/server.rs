//! What every request gets, and how the server starts and stops.
//!
//! Owns: limits, methods, paths, headers, CORS. Does not own: what an endpoint decides (`token`).

use super::*;
use crate::app::Live;

#[tokio::test]
async fn every_answer_has_its_id_and_strict_headers_and_wrong_requests_get_their_status() {
    let server = Running::start("https://id.example.test").await;
    let (status, head, _) = server.get("/.well-known/openid-configuration").await;
    assert_eq!(status, 200);
    for expected in [
        "x-request-id: ",
        "x-content-type-options: nosniff",
        "access-control-allow-origin: *",
        "cache-control: public, max-age=300",
        "etag: \"",
        "strict-transport-security",
    ] {
        assert!(head.contains(expected), "{expected} in {head}");
    }
    let long = format!("/{}", "a".repeat(17_000));
    for (path, expected) in [
        ("/livez", 200),
        ("/readyz", 200),
        ("/jwks", 200),
        ("/jwks/", 404),
        ("//jwks", 404),
        ("/jwks/..;/token", 404),
        ("/%2e%2e/token", 404),
        ("/jwks%2f", 404),
        ("/%ff", 404),
        ("/.well-known/other", 404),
        ("/token", 405),
        ("/nothing", 404),
        (long.as_str(), 414),
    ] {
        let (status, head, _) = server.get(path).await;
        assert_eq!(status, expected, "{path}");
        assert!(head.contains("cache-control: ") && head.contains("x-request-id: "), "{path}: {head}");
    }
    let (status, head, body) = server.send("HEAD /jwks HTTP/1.1\r\n\r\n").await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("etag"));
    let (status, head, _) = server.send("DELETE /jwks HTTP/1.1\r\n\r\n").await;
    assert!(status == 405 && head.contains("allow: get, head, options"), "{head}");
    let (status, head, _) = server.send("GET /token HTTP/1.1\r\n\r\n").await;
    assert!(status == 405 && head.contains("allow: post, options"), "{head}");
    server.end().await;
}

#[tokio::test]
async fn an_issuer_with_a_path_serves_under_it_and_health_at_the_root() {
    let server = Running::start("https://example.test/auth").await;
    for (path, expected) in [
        ("/auth/.well-known/openid-configuration", 200),
        ("/.well-known/openid-configuration/auth", 200),
        ("/auth/.well-known/oauth-authorization-server", 200),
        ("/.well-known/oauth-authorization-server/auth", 200),
        ("/.well-known/openid-configuration", 404),
        ("/auth/jwks", 200),
        ("/jwks", 404),
        ("/auth/token", 405),
        ("/livez", 200),
        ("/auth/livez", 404),
        ("/authx/jwks", 404),
    ] {
        assert_eq!(server.get(path).await.0, expected, "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn cors_answers_to_the_client_concerned_only() {
    let server = Running::start("https://id.example.test").await;
    let allowed = "access-control-allow-origin: https://app.example.test";
    let preflight = |origin: &str| {
        format!("OPTIONS /token HTTP/1.1\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\r\n")
    };
    let (status, head, _) = server.send(&preflight("https://app.example.test")).await;
    assert_eq!(status, 204);
    for expected in
        [allowed, "vary: origin", "access-control-max-age", "x-requested-with", "access-control-allow-methods: post"]
    {
        assert!(head.contains(expected), "{expected} in {head}");
    }
    assert!(!head.contains("allow-credentials"));
    for origin in ["https://evil.example", "null"] {
        let (_, head, _) = server.send(&preflight(origin)).await;
        assert!(head.contains("vary: origin") && !head.contains("access-control-allow-origin"), "{head}");
    }
    let (_, head, _) = server.post("/token", "origin: https://app.example.test\r\n", "").await;
    assert!(head.contains(allowed) && head.contains("access-control-expose-headers: www-authenticate"), "{head}");
    let (_, head, _) = server.post("/token", "origin: https://evil.example\r\n", "client_id=web").await;
    assert!(!head.contains("access-control-allow-origin") && head.contains("vary: origin"), "{head}");
    server.end().await;
}

#[tokio::test]
async fn stopping_ends_idle_connections_at_once() {
    let server = Running::start("https://id.example.test").await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut buffer = [0_u8; 1024];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    tokio::time::timeout(Duration::from_secs(3), server.end()).await.unwrap();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let address = taken.first().unwrap().local_addr().unwrap();
    let error = bind(&[address]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()));
}

#[actix_web::test]
async fn a_panic_in_a_handler_is_500_and_tells_nothing() {
    use actix_web::test::{TestRequest, init_service, try_call_service};
    use actix_web::{HttpResponse, web};

    async fn broken(request: actix_web::HttpRequest) -> HttpResponse {
        assert!(request.query_string().is_empty(), "the password is hunter2");
        HttpResponse::Ok().finish()
    }
    let server = Running::start("https://id.example.test").await;
    let service = init_service(
        actix_web::App::new()
            .app_data(web::Data::new(Live::new(server.app.clone())))
            .route("/broken", web::get().to(broken))
            .wrap(actix_web::middleware::from_fn(crate::web::edge::serve)),
    )
    .await;
    let error = try_call_service(&service, TestRequest::get().uri("/broken?x").to_request()).await.unwrap_err();
    let response = error.error_response();
    assert_eq!(response.status(), 500);
    assert!(response.headers().contains_key("x-request-id"));
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    assert!(body.starts_with(b"{\"error\":\"server_error\"") && !body.windows(7).any(|text| text == b"hunter2"));
    let fine = try_call_service(&service, TestRequest::get().uri("/broken").to_request()).await.unwrap();
    assert_eq!(fine.status(), 200);
    server.end().await;
}
