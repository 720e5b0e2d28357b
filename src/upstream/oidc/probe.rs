//! Is an OpenID provider what its configuration says?
//!
//! Owns: what its documents must have for anybody to come back from there. Does not own: fetching them (`documents`).

use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKeyUse, CoreResponseType};

use super::documents::Metadata;
use super::id_token::ALGORITHMS;
use crate::model::provider::{IssuerRule, Provider};
use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::{Upstream, guard};

/// Fetches metadata and keys, and says what they come to.
pub(in crate::upstream) async fn probe(
    upstream: &Upstream,
    provider: &Provider,
    issuer: &IssuerRule,
    now: Timestamp,
) -> Result<String, UpstreamError> {
    let metadata = upstream.documents.metadata(&upstream.guard, &provider.id, issuer, now).await?;
    let signed = check(&metadata)?;
    let keys = upstream.documents.keys(&upstream.guard, &provider.id, &metadata, now).await?;
    let sign = |use_of: Option<&CoreJsonWebKeyUse>| use_of != Some(&CoreJsonWebKeyUse::Encryption);
    let count = keys.keys().iter().filter(|key| sign(key.key_use())).count();
    if count == 0 {
        let place = guard::shown(metadata.jwks_uri().url());
        let why = format!("{place} has no key that is known here, and one that ID tokens are signed with is expected");
        return Err(UpstreamError::new(Reason::Metadata, why));
    }
    let plural = if count == 1 { "" } else { "s" };
    Ok(format!("{} signs with {signed}, {count} key{plural}", metadata.issuer().as_str()))
}

/// What is not there is not used, but for these.
fn check(metadata: &Metadata) -> Result<String, UpstreamError> {
    let refuse = |why: String| Err(UpstreamError::new(Reason::Metadata, why));
    if metadata.token_endpoint().is_none() {
        return refuse("the metadata names no token endpoint".to_owned());
    }
    let code = |types: &&openidconnect::ResponseTypes<CoreResponseType>| types.as_slice() == [CoreResponseType::Code];
    if !metadata.response_types_supported().iter().any(|types| code(&types)) {
        return refuse("the metadata lacks the response type code, which is expected".to_owned());
    }
    let name = |algorithm: &_| serde_json::to_value(algorithm).ok().and_then(|name| name.as_str().map(str::to_owned));
    let offered = metadata.id_token_signing_alg_values_supported();
    let taken: Vec<String> = offered.iter().filter(|one| ALGORITHMS.contains(one)).filter_map(name).collect();
    if taken.is_empty() {
        let offered: Vec<String> = offered.iter().filter_map(name).collect();
        let expected: Vec<String> = ALGORITHMS.iter().filter_map(name).collect();
        let (offered, expected) = (offered.join(", "), expected.join(", "));
        return refuse(format!("ID tokens are signed with {offered}, and one of {expected} is expected"));
    }
    Ok(taken.join(", "))
}
