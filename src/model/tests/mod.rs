//! Tests of what we keep and decide, and the little world they play in: two APIs, roles, one person.

mod asking;
mod code_grant;
mod contact;
mod id_token_hint;
mod joining;
mod key_line;
mod next_step;
mod permissions;
mod person;
mod provider;
mod refresh;
mod registry;
mod requests;
mod revocation;
mod served;
mod session;
mod sign_out;
mod throttle;
mod upstream_session;

use std::time::Duration;

use secrecy::SecretString;
use uuid::Uuid;

use crate::model::checked_request::CheckedRequest;
use crate::model::client::{
    AuthenticatedClient, Client, ClientAuthentication, ConsentPolicy, IdTokenClaimsPolicy, PkcePolicy,
};
use crate::model::person::{Contact, StoredPassword, User, Username};
use crate::model::refresh::RefreshPolicy;
use crate::model::registry::{Api, ApiScope, Registry, Role};
use crate::model::session::{Session, SignIn};
use crate::model::shared_secret::{AccessTokenSigning, SharedSecret};
use crate::model::signing_key::Algorithm;
use crate::protocol::authorization::{Addressee, AuthorizationRequest};
use crate::protocol::client_auth::UnverifiedClient;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::ids::{ClientId, RoleName, SessionId, UserId};
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::TokenHash;
use crate::protocol::params::Params;
use crate::protocol::redirect_uri::{ApplicationType, RedirectUri};
use crate::protocol::scope::{MOST_SCOPES, Scope, Scopes};
use crate::protocol::time::Timestamp;
use crate::protocol::token_request::GrantType;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const POSTS: &str = "https://posts.example.test";
const BILLS: &str = "https://bills.example.test";
const CALLBACK: &str = "https://app.example/cb";
const SECRET: &str = "the-secret-of-web";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn issuer() -> Issuer {
    Issuer::parse("https://id.example.test").unwrap()
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

fn role_name(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

fn seconds_ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

/// A confidential web client that may ask for everything.
fn web() -> Client {
    Client {
        client_id: ClientId::parse("web").unwrap(),
        client_name: "Web".to_owned(),
        enabled: true,
        first_party: false,
        application_type: ApplicationType::Web,
        redirect_uris: vec![RedirectUri::parse(CALLBACK, ApplicationType::Web).unwrap()],
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::ClientCredentials],
        authentication: ClientAuthentication::Secret { hashes: vec![TokenHash::of(SECRET.as_bytes())], pinned: None },
        scope: scopes("openid profile email offline_access posts:read posts:write bills:read"),
        default_scope: scopes("openid posts:read bills:read"),
        default_audience: None,
        consent: ConsentPolicy::Remember,
        pkce: PkcePolicy::Required,
        access_token_lifetime: None,
        refresh: RefreshPolicy::default(),
        id_token_signed_response_alg: Algorithm::RS256,
        id_token_claims: IdTokenClaimsPolicy::Full,
        allowed_origins: Vec::new(),
        providers: None,
        auto_redirect: false,
        defined_at: None,
    }
}

fn public() -> Client {
    Client { client_id: ClientId::parse("spa").unwrap(), authentication: ClientAuthentication::Public, ..web() }
}

fn api(audience: &str, names: &[&str]) -> Api {
    let scope = |name: &&str| ApiScope {
        name: Scope::parse(name).unwrap(),
        description: format!("May {name}"),
        implies: Vec::new(),
    };
    Api {
        audience: audience.to_owned(),
        scopes: names.iter().map(scope).collect(),
        access_token_lifetime: None,
        signing: AccessTokenSigning::Key(Algorithm::ES256),
        introspection_clients: Vec::new(),
    }
}

fn role(name: &str, scope: &str, default: bool) -> Role {
    Role { name: role_name(name), scopes: scopes(scope), default }
}

fn registry_of(clients: Vec<Client>) -> Registry {
    let bills = Api { signing: AccessTokenSigning::Key(Algorithm::RS256), ..api(BILLS, &["bills:read", "bills:pay"]) };
    let apis = vec![api(POSTS, &["posts:read", "posts:write"]), bills];
    let roles = vec![
        role("reader", "posts:read", true),
        role("writer", "posts:write", false),
        role("clerk", "bills:read bills:pay", false),
    ];
    Registry::new(clients, apis, roles, false)
}

fn registry() -> Registry {
    registry_of(vec![web(), public()])
}

fn user() -> User {
    User {
        id: UserId(Uuid::from_u128(1)),
        username: Username::parse("ada").unwrap(),
        email: None,
        email_verified: false,
        name: None,
        contact: Contact::default(),
        roles: vec![role_name("writer"), role_name("clerk")],
        password: Some(StoredPassword { phc: SecretString::from("x"), generated_until: None }),
        disabled: false,
        created_at: seconds_ago(10_000),
        updated_at: seconds_ago(10_000),
        valid_from: seconds_ago(10_000),
    }
}

fn session(signed_in: Timestamp) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(2)),
        user_id: user().id,
        sign_in: SignIn::by_password(signed_in),
        upstream: None,
        last_seen: NOW,
        expires_at: NOW.plus(Duration::from_secs(1000)),
    }
}

fn params(pairs: &[(&str, &str)]) -> Params {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(pairs);
    Params::parse(out.finish().as_bytes()).unwrap()
}

/// What an authorization request with these parameters (beside the usual ones) becomes.
fn checked(client: &Client, pairs: &[(&str, &str)]) -> Result<CheckedRequest, OAuthError> {
    let usual = [
        ("response_type", "code"),
        ("scope", "openid posts:read"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut all: Vec<_> = usual.into_iter().filter(|(name, _)| pairs.iter().all(|(given, _)| given != name)).collect();
    all.extend_from_slice(pairs);
    let params = params(&all);
    let reply_to = client.reply_to(&Addressee::read(&params)).unwrap();
    CheckedRequest::check(AuthorizationRequest::parse(&params)?, reply_to, false, client, &registry())
}

/// Proves a client of the registry by its secret, or by its name alone.
fn authenticated(registry: &Registry, id: &str, secret: &str) -> Result<AuthenticatedClient, OAuthError> {
    let form = params(&[("client_id", id), ("client_secret", secret)]);
    registry.authenticate(&UnverifiedClient::read(None, &form).unwrap())
}

#[track_caller]
fn code_of<T: std::fmt::Debug>(result: Result<T, OAuthError>) -> ErrorCode {
    result.unwrap_err().code()
}
