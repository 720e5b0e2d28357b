//! The metadata and the keys of each OpenID provider.
//!
//! Owns: fetching and reading them, and that the metadata is the right issuer's. Does not own: how long they are kept
//! (`cache`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, ProviderMetadata};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::id_token::TENANT;
use crate::model::provider::IssuerRule;
use crate::protocol::ids::ProviderId;
use crate::protocol::time::Timestamp;
use crate::upstream::cache::{Fetched, Slot, lifetime};
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::guard::{self, Guard};

/// What else is read of the metadata.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::upstream) struct MoreMetadata {
    /// RFC 9207 3.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    /// OpenID Connect RP-Initiated Logout 1.0, 2.1. Whatever it is: what cannot be used keeps nobody from signing in.
    #[serde(default)]
    pub(super) end_session_endpoint: serde_json::Value,
}

impl AdditionalProviderMetadata for MoreMetadata {}

/// OpenID Connect Discovery 3.
pub(in crate::upstream) type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What is known of each provider.
#[derive(Default)]
pub(in crate::upstream) struct Documents(Mutex<HashMap<ProviderId, Arc<Of>>>);

/// Of one.
#[derive(Default)]
struct Of {
    metadata: Slot<Metadata>,
    keys: Slot<CoreJsonWebKeySet>,
}

impl Documents {
    fn of(&self, provider: &ProviderId) -> Arc<Of> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(provider.clone()).or_default())
    }

    /// The metadata of an issuer.
    pub(super) async fn metadata(
        &self,
        guard: &Guard,
        provider: &ProviderId,
        issuer: &IssuerRule,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, UpstreamError> {
        let text = format!("{}/.well-known/openid-configuration", issuer.discovery_base().trim_end_matches('/'));
        let url = Url::parse(&text).map_err(|error| UpstreamError::new(Reason::Configuration, error.to_string()))?;
        let fetch = async {
            let fetched = fetch::<Metadata>(guard, &url).await?;
            check_issuer(issuer, fetched.document.issuer().as_str())?;
            Ok(fetched)
        };
        self.of(provider).metadata.get(&text, now, fetch).await
    }

    /// The keys that the metadata leads to.
    pub(super) async fn keys(
        &self,
        guard: &Guard,
        provider: &ProviderId,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<Arc<CoreJsonWebKeySet>, UpstreamError> {
        let url = metadata.jwks_uri();
        self.of(provider).keys.get(url.as_str(), now, fetch(guard, url.url())).await
    }

    /// Newer keys than these, where there may be some.
    pub(super) async fn newer_keys(
        &self,
        guard: &Guard,
        provider: &ProviderId,
        metadata: &Metadata,
        (seen, now): (&Arc<CoreJsonWebKeySet>, Timestamp),
    ) -> Result<Option<Arc<CoreJsonWebKeySet>>, UpstreamError> {
        let url = metadata.jwks_uri();
        self.of(provider).keys.renew(url.as_str(), seen, now, fetch(guard, url.url())).await
    }

    /// Newer keys were what was missing.
    pub(super) async fn newer_keys_helped(&self, provider: &ProviderId) {
        self.of(provider).keys.renewed_well().await;
    }
}

async fn fetch<T: DeserializeOwned>(guard: &Guard, url: &Url) -> Result<Fetched<T>, UpstreamError> {
    let answer = guard.get(url, &[]).await?;
    let value = guard::read_ok(url, &answer)?;
    let document = serde_json::from_value(value).map_err(|error| {
        // The message names a member that is missing or of another type, and may quote its value.
        let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
        UpstreamError::new(Reason::Metadata, format!("{} lacks something: {text}", guard::shown(url)))
    })?;
    Ok(Fetched { document, lifetime: lifetime(answer.headers()) })
}

/// OpenID Connect Discovery 4.3: byte for byte. Microsoft's many tenants have one document, which names none of them.
fn check_issuer(rule: &IssuerRule, found: &str) -> Result<(), UpstreamError> {
    let right = match rule {
        IssuerRule::Exact(issuer) => found == issuer,
        IssuerRule::MicrosoftTenants { authority } => {
            let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin().ascii_serialization());
            found.matches(TENANT).count() == 1 && origin(found).is_some_and(|own| Some(own) == origin(authority))
        }
    };
    if right {
        return Ok(());
    }
    let found: String = found.chars().filter(|c| !c.is_control()).take(200).collect();
    let why = format!("the metadata is of the issuer {found}, and {} is expected", rule.discovery_base());
    Err(UpstreamError::new(Reason::Metadata, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_of_exactly_the_configured_issuer() {
        let exact = IssuerRule::Exact("https://tenant.auth0.example/".to_owned());
        assert!(check_issuer(&exact, "https://tenant.auth0.example/").is_ok());
        for other in
            ["https://tenant.auth0.example", "https://TENANT.auth0.example/", "https://tenant.auth0.example//", ""]
        {
            assert_eq!(check_issuer(&exact, other).unwrap_err().reason(), Reason::Metadata, "{other}");
        }
        let authority = "https://login.microsoftonline.com/common/v2.0".to_owned();
        let tenants = IssuerRule::MicrosoftTenants { authority };
        assert!(check_issuer(&tenants, "https://login.microsoftonline.com/{tenantid}/v2.0").is_ok());
        for other in [
            "https://login.microsoftonline.com/common/v2.0",
            "https://evil.example/{tenantid}/v2.0",
            "https://login.microsoftonline.com/{tenantid}/{tenantid}",
        ] {
            assert!(check_issuer(&tenants, other).is_err(), "{other}");
        }
    }
}
