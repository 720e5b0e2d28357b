//! What `dev` adds, and what gives way to the folder.

use super::*;
use crate::protocol::client_auth::{Candidate, Method, UnverifiedClient};
use crate::protocol::token_request::GrantType;

#[test]
fn the_demonstration_is_as_described() {
    let config = load_dev(None, &settings(), &|_| None).unwrap();
    assert!(config.dev && config.redis.is_none());
    assert_eq!(config.server.shutdown_timeout, std::time::Duration::from_secs(1), "Ctrl-C ends it in a second");
    let registry = &config.registry;
    let ids: Vec<&str> = registry.clients().map(|client| client.client_id.as_str()).collect();
    assert_eq!(ids, ["api", "cli", "first-party", "service", "spa", "web"]);
    let both = "read:users write:posts";
    for (id, public, grants, scope, default_scope, uris) in [
        ("api", false, vec![], String::new(), "", 0),
        ("cli", true, vec![GrantType::AuthorizationCode], format!("openid profile email {both}"), both, 3),
        (
            "first-party",
            true,
            vec![GrantType::Password, GrantType::RefreshToken],
            format!("openid profile email {both}"),
            both,
            0,
        ),
        ("service", false, vec![GrantType::ClientCredentials], both.to_owned(), both, 0),
        ("spa", true, vec![GrantType::AuthorizationCode], format!("openid profile email {both}"), both, 5),
        (
            "web",
            false,
            vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            format!("openid profile email {both}"),
            both,
            2,
        ),
    ] {
        let client = registry.find_client(id).unwrap();
        assert_eq!(client.is_public(), public, "{id}");
        assert_eq!(client.grant_types, grants, "{id}");
        assert_eq!(
            (client.scope.to_string(), client.default_scope.to_string()),
            (scope, default_scope.to_owned()),
            "{id}"
        );
        assert_eq!((client.redirect_uris.len(), client.first_party), (uris, id == "first-party"), "{id}");
        assert_eq!(client.defined_at, None, "{id}");
    }
    let roles: Vec<String> = registry.roles().iter().map(|role| format!("{} {}", role.name, role.scopes)).collect();
    assert_eq!(roles, ["demo-admin read:users write:posts", "demo-reader read:users"]);
    assert_eq!(registry.find_api("https://api.example.test").unwrap().introspection_clients[0].as_str(), "api");
    let named = |id: &str, secret: String| UnverifiedClient {
        method: Method::Basic,
        candidates: vec![Candidate { client_id: id.to_owned(), secret: Some(SecretString::from(secret)) }],
    };
    assert!(registry.authenticate(&named("web", "w".repeat(43))).is_ok());
    assert!(registry.authenticate(&named("web", "s".repeat(43))).is_err());
}

#[test]
fn entries_of_the_folder_take_the_place_of_the_demonstration() {
    let config = dev("[[clients]]\nclient_id = \"web\"\nclient_secret = \"dev\"\nredirect_uris = [\"https://mine.example/cb\"]\n\
                      [[apis]]\naudience = \"https://mine.example\"\nscopes = [{ name = \"read:users\", description = \"d\" }]\n\
                      [[roles]]\nname = \"demo-reader\"\n[lifetimes]\ncode = 5\n\
                      [server]\nissuer = \"nonsense\"\nwhat = 1\n[keys]\n[database]\nurl = 1\n")
    .unwrap();
    let registry = &config.registry;
    assert_eq!(registry.find_client("web").unwrap().redirect_uris[0].as_str(), "https://mine.example/cb");
    assert!(registry.find_client("web").unwrap().defined_at.as_ref().unwrap().ends_with("b.toml:1"));
    let audiences: Vec<&str> = registry.apis().iter().map(|api| api.audience.as_str()).collect();
    assert_eq!(audiences, ["https://mine.example"], "the demo API's scope is taken");
    assert_eq!(registry.find_client("service").unwrap().scope.to_string(), "read:users");
    assert!(registry.roles().iter().any(|role| role.name.as_str() == "demo-reader" && role.scopes.is_empty()));
    assert_eq!(config.lifetimes.code.as_secs(), 5);
    assert_eq!(config.server.issuer, settings().issuer);
}

#[test]
fn redis_is_taken_from_the_settings_and_checked() {
    let with = |url: &str| DevSettings { redis_url: Some(SecretString::from(url)), ..settings() };
    assert!(load_dev(None, &with("redis://127.0.0.1:1/2"), &|_| None).unwrap().redis.is_some());
    let faults = load_dev(None, &with("localhost:6379"), &|_| None).unwrap_err();
    assert!(faults.to_string().contains("--redis is not the URL"), "{faults}");
}

#[test]
fn references_to_the_demonstration_hold() {
    let config = dev("[[clients]]\nclient_id = \"mine\"\ntoken_endpoint_auth_method = \"none\"\n\
                      redirect_uris = [\"http://localhost:3000/cb\"]\nscope = \"openid read:users\"\n\
                      [[apis]]\naudience = \"https://mine.example\"\nintrospection_clients = [\"api\"]\n");
    assert!(config.is_ok(), "{:?}", config.err().map(|faults| faults.to_string()));
}

#[test]
fn faults_of_the_folder_are_told_in_dev() {
    let faults = dev("[[clients]]\nclient_id = \"c\"\n[lifetimes]\ncod = 1\n").unwrap_err();
    assert_eq!(faults.len(), 3, "{faults}");
}
