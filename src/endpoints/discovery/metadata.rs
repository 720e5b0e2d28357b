//! What this server says of itself (OpenID Connect Discovery 3, RFC 8414 2).
//!
//! Owns: the values, from configuration alone. Does not own: member names (`protocol/discovery`).

use crate::config::Config;
use crate::model::client::Client;
use crate::model::registry::Registry;
use crate::model::session::ACR_VALUES;
use crate::model::signing_key::Algorithm;
use crate::protocol::claims::Claim;
use crate::protocol::client_auth::Method;
use crate::protocol::discovery::Metadata;
use crate::protocol::response::ResponseMode;
use crate::protocol::token_request::GrantType;
use crate::web::urls::{absolute, path};

/// Claims of ID tokens beside those about the person.
const ID_TOKEN_CLAIMS: [&str; 11] =
    ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"];

/// The languages of the pages.
const LANGUAGES: [&str; 1] = ["en"];

/// Makes the document.
#[must_use]
pub fn metadata(config: &Config) -> Metadata {
    let issuer = &config.server.issuer;
    Metadata {
        issuer: issuer.clone(),
        authorization_endpoint: absolute(issuer, path::AUTHORIZE),
        token_endpoint: absolute(issuer, path::TOKEN),
        userinfo_endpoint: absolute(issuer, path::USERINFO),
        jwks_uri: absolute(issuer, path::JWKS),
        scopes_supported: scopes(&config.registry),
        response_types_supported: vec!["code"],
        response_modes_supported: ResponseMode::ALL.map(ResponseMode::as_str).to_vec(),
        grant_types_supported: grant_types(&config.registry),
        subject_types_supported: vec!["public"],
        id_token_signing_alg_values_supported: id_token_algorithms(&config.registry),
        token_endpoint_auth_methods_supported: [Method::Basic, Method::Post, Method::None].map(Method::as_str).to_vec(),
        revocation_endpoint: absolute(issuer, path::REVOKE),
        revocation_endpoint_auth_methods_supported: [Method::Basic, Method::Post, Method::None]
            .map(Method::as_str)
            .to_vec(),
        introspection_endpoint: absolute(issuer, path::INTROSPECT),
        introspection_endpoint_auth_methods_supported: [Method::Basic, Method::Post].map(Method::as_str).to_vec(),
        claims_supported: ID_TOKEN_CLAIMS.into_iter().chain(Claim::ALL.map(Claim::as_str)).collect(),
        acr_values_supported: ACR_VALUES.to_vec(),
        ui_locales_supported: LANGUAGES.to_vec(),
        code_challenge_methods_supported: vec!["S256"],
        claim_types_supported: vec!["normal"],
        authorization_response_iss_parameter_supported: true,
        claims_parameter_supported: true,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
    }
}

/// RS256 always (Core 15.1), others when an active client has its ID tokens signed so.
fn id_token_algorithms(registry: &Registry) -> Vec<&'static str> {
    let named = |algorithm: Algorithm| {
        registry.clients().any(|client| client.enabled && client.id_token_signed_response_alg == algorithm)
    };
    let used = |algorithm: &Algorithm| *algorithm == Algorithm::RS256 || named(*algorithm);
    Algorithm::ALL.into_iter().filter(used).map(Algorithm::as_str).collect()
}

fn scopes(registry: &Registry) -> Vec<String> {
    let openid = ["openid", "profile", "email", "address", "phone"].map(str::to_owned);
    let apis = registry.apis().iter().flat_map(|api| &api.scopes).map(|scope| scope.name.to_string());
    let offline = |client: &Client| client.enabled && client.may_refresh() && client.scope.has("offline_access");
    let offline = registry.clients().any(|client| offline(client)).then(|| "offline_access".to_owned());
    openid.into_iter().chain(offline).chain(apis).collect()
}

/// Codes always (silence would mean `implicit` too, RFC 8414 2), others when some client may use them.
fn grant_types(registry: &Registry) -> Vec<&'static str> {
    let used =
        |grant: GrantType| registry.clients().any(|client| client.enabled && client.grant_types.contains(&grant));
    GrantType::ALL
        .into_iter()
        .filter(|grant| match grant {
            GrantType::AuthorizationCode => true,
            GrantType::RefreshToken | GrantType::ClientCredentials | GrantType::Password => used(*grant),
        })
        .map(GrantType::as_str)
        .collect()
}
