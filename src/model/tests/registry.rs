//! Finding and proving clients, and the origins they have; threats.md D02, D09, D10.

use base64::Engine as _;

use super::*;
use crate::protocol::client_auth::Method;

fn by_basic(registry: &Registry, credentials: &str) -> Result<AuthenticatedClient, OAuthError> {
    let header = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials));
    registry.authenticate(&UnverifiedClient::read(Some(header.as_bytes()), &params(&[])).unwrap())
}

#[test]
fn a_client_is_proven_by_its_secret() {
    let registry = registry();
    assert_eq!(authenticated(&registry, "web", SECRET).unwrap().client_id.as_str(), "web");
    assert!(by_basic(&registry, &format!("web:{SECRET}")).is_ok());
    assert!(by_basic(&registry, &format!("w%65b:{SECRET}")).is_ok());
    assert!(by_basic(&registry, "spa:").is_ok());
}

#[test]
fn an_algorithm_is_in_use_by_default_or_when_an_api_or_an_active_client_names_it() {
    let names = |registry: &Registry| registry.algorithms().into_iter().map(Algorithm::as_str).collect::<Vec<_>>();
    assert_eq!(names(&registry_of(vec![web()])), ["RS256", "ES256"]);
    let pss = Client { id_token_signed_response_alg: Algorithm::PS256, ..web() };
    let off = Client { enabled: false, id_token_signed_response_alg: Algorithm::EdDSA, ..public() };
    assert_eq!(names(&registry_of(vec![pss, off])), ["RS256", "ES256", "PS256"]);
    let fast =
        Api { signing: AccessTokenSigning::Key(Algorithm::EdDSA), ..api("https://fast.example.test", &["fast"]) };
    assert_eq!(names(&Registry::new(Vec::new(), vec![fast], Vec::new(), false)), ["RS256", "ES256", "EdDSA"]);
}

#[test]
fn every_refusal_is_one_answer() {
    let off = Client { client_id: ClientId::parse("off").unwrap(), enabled: false, ..web() };
    let registry = registry_of(vec![web(), public(), off]);
    let mut answers = std::collections::BTreeSet::new();
    for (id, secret) in [
        ("web", ""),
        ("web", " "),
        ("web", "wrong"),
        ("web", &SECRET[1..]),
        ("web", &TokenHash::of(SECRET.as_bytes()).to_hex()),
        ("WEB", SECRET),
        ("web ", SECRET),
        ("spa", "anything"),
        ("off", SECRET),
        ("unknown", SECRET),
        ("../web", SECRET),
        ("0198f0a2-1c3d-7000-8000-000000000001", SECRET),
    ] {
        let error = authenticated(&registry, id, secret).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidClient, "{id} {secret}");
        answers.insert(error.description().to_owned());
    }
    assert_eq!(answers.len(), 1);
}

#[test]
fn during_rotation_either_secret_proves_the_client() {
    let hashes = vec![TokenHash::of(b"new"), TokenHash::of(b"old")];
    let client = Client { authentication: ClientAuthentication::Secret { hashes, pinned: None }, ..web() };
    let registry = registry_of(vec![client]);
    assert!(authenticated(&registry, "web", "new").is_ok() && authenticated(&registry, "web", "old").is_ok());
    assert!(authenticated(&registry, "web", "older").is_err());
}

#[test]
fn a_pinned_method_is_the_only_one() {
    let pinned = |method| {
        let hashes = vec![TokenHash::of(SECRET.as_bytes())];
        registry_of(vec![Client {
            authentication: ClientAuthentication::Secret { hashes, pinned: Some(method) },
            ..web()
        }])
    };
    assert!(authenticated(&pinned(Method::Post), "web", SECRET).is_ok());
    assert!(by_basic(&pinned(Method::Post), &format!("web:{SECRET}")).is_err());
    assert!(authenticated(&pinned(Method::Basic), "web", SECRET).is_err());
    assert!(by_basic(&pinned(Method::Basic), &format!("web:{SECRET}")).is_ok());
}

#[test]
fn d10_a_grant_that_is_not_listed_is_refused_with_the_line_to_change() {
    assert!(web().check_grant(GrantType::AuthorizationCode).is_ok());
    let error = web().check_grant(GrantType::Password).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnauthorizedClient);
    assert!(error.description().contains("grant_types") && error.description().contains("password"));
}

#[test]
fn clients_apis_and_scopes_are_found_by_their_exact_names() {
    let registry = registry();
    assert!(registry.find_client("web").is_some() && registry.find_client("Web").is_none());
    assert!(registry.find_api(POSTS).is_some() && registry.find_api("https://posts.example.test/").is_none());
    let scope = Scope::parse("posts:read").unwrap();
    assert_eq!(registry.owner(&scope).unwrap().audience, POSTS);
    assert_eq!(registry.describe(&scope), Some("May posts:read"));
    assert_eq!(registry.describe(&Scope::parse("openid").unwrap()), None);
    assert_eq!(registry.clients().count(), 2);
}

#[test]
fn a18_origins_are_those_of_redirect_uris_and_the_allowed_ones() {
    let uri = |text: &str| RedirectUri::parse(text, ApplicationType::Native).unwrap();
    let native = Client {
        client_id: ClientId::parse("app").unwrap(),
        application_type: ApplicationType::Native,
        redirect_uris: vec![uri("com.example.app:/cb"), uri("http://localhost:3000/cb")],
        ..public()
    };
    let with_origin = Client { allowed_origins: vec!["https://tools.example".to_owned()], ..web() };
    let off = Client {
        client_id: ClientId::parse("off").unwrap(),
        enabled: false,
        allowed_origins: vec!["https://off.example".to_owned()],
        ..web()
    };
    let registry = registry_of(vec![with_origin, native, off]);
    for known in ["https://app.example", "https://tools.example", "http://localhost:3000"] {
        assert!(registry.knows_origin(known), "{known}");
    }
    for unknown in [
        "null",
        "",
        "*",
        "https://evil.example",
        "https://app.example/",
        "https://app.example:443",
        "https://APP.example",
        "http://app.example",
        "https://app.example.evil.com",
        "https://off.example",
        "http://localhost:3001",
        "com.example.app:",
        "com.example.app://",
    ] {
        assert!(!registry.knows_origin(unknown), "{unknown}");
    }
    let (web, app) = (registry.find_client("web").unwrap(), registry.find_client("app").unwrap());
    assert!(
        registry.allows_origin(web, "https://tools.example") && !registry.allows_origin(app, "https://tools.example")
    );
    assert!(
        registry.allows_origin(app, "http://localhost:3000") && !registry.allows_origin(web, "http://localhost:3000")
    );
}

#[test]
fn in_dev_every_loopback_origin_is_every_clients() {
    let dev = Registry::new(vec![web()], vec![], vec![], true);
    let client = dev.find_client("web").unwrap();
    for origin in
        ["http://localhost:5173", "http://127.0.0.1:8000", "http://[::1]:3000", "https://localhost", "http://localhost"]
    {
        assert!(dev.knows_origin(origin) && dev.allows_origin(client, origin), "{origin}");
    }
    for origin in [
        "null",
        "http://localhost.evil.com",
        "http://localhost:5173/",
        "http://user@localhost:5173",
        "http://LOCALHOST:5173",
        "http://127.0.0.2:1",
        "file://localhost",
        "https://evil.example",
    ] {
        assert!(!dev.knows_origin(origin) && !dev.allows_origin(client, origin), "{origin}");
    }
}
