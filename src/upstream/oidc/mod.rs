//! OpenID Connect Core 3.1 as a client, and signing out in both directions.
//!
//! Owns: the order of the checks from the answer of the browser to an identity. Does not own: the documents
//! (`documents`), the tokens themselves (`id_token`, `logout_token`) or the profile.

mod documents;
mod id_token;
mod logout_token;
mod probe;

use openidconnect::core::{CoreClientAuthMethod, CoreIdToken, CoreJsonWebKeySet};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub(super) use self::documents::Documents;
pub use self::logout_token::LogoutToken;
pub(super) use self::probe::probe;

use self::documents::Metadata;
use self::id_token::{Expected, Refused};
use self::logout_token::Unverified;
use crate::model::identity::{IdentityKey, UpstreamAuthentication};
use crate::model::provider::{Brand, IssuerRule, Provider};
use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::exchange::{self, SecretIn, Tokens, authorization_url, exchange};
use crate::upstream::identity::UpstreamIdentity;
use crate::upstream::profile::{self, Claims, shown};
use crate::upstream::{Homeward, Outward, Refreshed, Upstream, apple, guard};

/// `amr` values that are kept of a token, and the characters of one.
const MOST_AMR: usize = 10;
const LONGEST_AMR: usize = 32;
const LONGEST_SID: usize = 255;

/// Where somebody is sent.
pub(super) async fn begin(
    upstream: &Upstream,
    provider: &Provider,
    (issuer, form_post): (&IssuerRule, bool),
    outward: &Outward<'_>,
    now: Timestamp,
) -> Result<Url, UpstreamError> {
    let metadata = upstream.documents.metadata(&upstream.guard, &provider.id, issuer, now).await?;
    let mut own = vec![("nonce", outward.secrets.nonce())];
    // A provider may give no refresh token unless it asks for consent, which is configured then (OpenID Connect Core 11).
    let consent = outward.login || outward.select_account;
    let consent = consent && provider.asks_for_consent();
    let prompts = [("login", outward.login), ("select_account", outward.select_account), ("consent", consent)];
    let prompts: Vec<&str> = prompts.iter().filter(|(_, asked)| *asked).map(|(prompt, _)| *prompt).collect();
    if !prompts.is_empty() {
        own.push(("prompt", prompts.join(" ")));
    }
    if let Some(max_age) = outward.max_age {
        own.push(("max_age", max_age.to_string()));
    }
    if let Some(hint) = outward.login_hint {
        own.push(("login_hint", hint.to_owned()));
    }
    if form_post {
        own.push(("response_mode", "form_post".to_owned()));
    }
    authorization_url(provider, metadata.authorization_endpoint().url(), outward, &own)
}

/// Who came back.
pub(super) async fn finish(
    upstream: &Upstream,
    provider: &Provider,
    issuer: &IssuerRule,
    homeward: &Homeward<'_>,
    now: Timestamp,
) -> Result<UpstreamIdentity, UpstreamError> {
    let metadata = upstream.documents.metadata(&upstream.guard, &provider.id, issuer, now).await?;
    check_response_issuer(&metadata, issuer, homeward.iss)?;
    let tokens = redeem(upstream, provider, &metadata, homeward, now).await?;
    let claims = verify(upstream, provider, (issuer, &metadata), (&tokens, homeward), now).await?;
    check_after(&claims, provider, homeward)?;
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    let (iss, sub) = (text("iss").unwrap_or_default(), text("sub").unwrap_or_default());
    if homeward.iss.is_some_and(|sent| sent != iss) {
        return Err(UpstreamError::new(Reason::ResponseIssuer, "iss of the response is not that of the ID token"));
    }
    let more = userinfo(upstream, provider, &metadata, (&tokens, &claims, sub)).await?;
    let mut profile = profile::read(provider, &[&claims, &more]);
    if provider.brand == Brand::Apple && profile.name.is_none() {
        profile.name = homeward.user.and_then(apple::name).and_then(|name| shown(&name, 200));
    }
    let key = IdentityKey { provider: provider.id.clone(), issuer: iss.to_owned(), subject: sub.to_owned() };
    UpstreamIdentity::new(key, profile, authentication(&claims), tokens.to_keep(provider))
}

/// RFC 9207 2.4: the answer is of the provider that was asked, before its code is shown to anybody.
fn check_response_issuer(metadata: &Metadata, issuer: &IssuerRule, iss: Option<&str>) -> Result<(), UpstreamError> {
    let wrong = |why: &str| Err(UpstreamError::new(Reason::ResponseIssuer, why));
    match (iss, issuer) {
        (None, _) if metadata.additional_metadata().authorization_response_iss_parameter_supported => {
            wrong("iss is missing, and the provider says that it sends it")
        }
        (Some(iss), IssuerRule::Exact(expected)) if iss != expected => wrong("iss is not the provider's"),
        // Of many tenants the ID token says which; the two are compared then.
        _ => Ok(()),
    }
}

async fn redeem(
    upstream: &Upstream,
    provider: &Provider,
    metadata: &Metadata,
    homeward: &Homeward<'_>,
    now: Timestamp,
) -> Result<Tokens, UpstreamError> {
    exchange(&upstream.guard, provider, token_endpoint(metadata)?, homeward, now).await
}

/// Where tokens are given, and how this server shows its secret there.
fn token_endpoint(metadata: &Metadata) -> Result<(&Url, SecretIn), UpstreamError> {
    let endpoint = metadata
        .token_endpoint()
        .ok_or_else(|| UpstreamError::new(Reason::Metadata, "the metadata names no token endpoint"))?;
    // OpenID Connect Discovery 3: the Basic scheme where nothing is said.
    let basic = metadata
        .token_endpoint_auth_methods_supported()
        .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let secret_in = if basic { SecretIn::Header } else { SecretIn::Body };
    Ok((endpoint.url(), secret_in))
}

/// Refreshes the tokens of an identity of that issuer (OpenID Connect Core 12).
pub(super) async fn refresh(
    upstream: &Upstream,
    provider: &Provider,
    rule: &IssuerRule,
    (issuer, token): (&str, &SecretString),
    now: Timestamp,
) -> Result<Refreshed, UpstreamError> {
    let metadata = upstream.documents.metadata(&upstream.guard, &provider.id, rule, now).await?;
    if !id_token::may_be_issuer(rule, metadata.issuer().as_str(), issuer) {
        return Err(UpstreamError::of_another_issuer(provider));
    }
    exchange::refresh(&upstream.guard, provider, token_endpoint(&metadata)?, token, now).await
}

/// The claims of the ID token, verified.
async fn verify(
    upstream: &Upstream,
    provider: &Provider,
    (issuer, metadata): (&IssuerRule, &Metadata),
    (tokens, homeward): (&Tokens, &Homeward<'_>),
    now: Timestamp,
) -> Result<Claims, UpstreamError> {
    let text = tokens.id_token.as_ref().map(secrecy::ExposeSecret::expose_secret);
    let text = text.ok_or_else(|| UpstreamError::new(Reason::NoToken, "the token endpoint gave no ID token"))?;
    let malformed = || UpstreamError::new(Reason::Malformed, "the ID token cannot be read");
    let token: CoreIdToken = text.parse().map_err(|_| malformed())?;
    let claims = id_token::payload(text).ok_or_else(malformed)?;
    let expected = Expected {
        issuer: id_token::expected_issuer(issuer, metadata.issuer().as_str(), &claims)?,
        client_id: &provider.client_id,
        nonce: homeward.secrets.nonce(),
        access_token: tokens.access_token.expose_secret(),
        now,
    };
    by_keys(upstream, (provider, metadata), now, |keys| id_token::verify(&token, &claims, keys, &expected)).await??;
    Ok(claims)
}

/// Holds a token against the keys of its provider. When no key fits, or the signature does not, the keys are fetched anew:
/// the provider may have changed them a moment ago. The outer error: the keys cannot be had; the inner one: the token is
/// not as it has to be.
async fn by_keys(
    upstream: &Upstream,
    (provider, metadata): (&Provider, &Metadata),
    now: Timestamp,
    check: impl Fn(&CoreJsonWebKeySet) -> Result<(), Refused>,
) -> Result<Result<(), UpstreamError>, UpstreamError> {
    let documents = &upstream.documents;
    let keys = documents.keys(&upstream.guard, &provider.id, metadata, now).await?;
    let error = match check(&keys) {
        Ok(()) => return Ok(Ok(())),
        Err(Refused::Final(error)) => return Ok(Err(error)),
        Err(Refused::ByTheseKeys(error)) => error,
    };
    let newer = documents.newer_keys(&upstream.guard, &provider.id, metadata, (&keys, now)).await?;
    let Some(newer) = newer else { return Ok(Err(error)) };
    if let Err(refused) = check(&newer) {
        return Ok(Err(refused.into_error()));
    }
    documents.newer_keys_helped(&provider.id).await;
    Ok(Ok(()))
}

/// Whom a logout token says to have signed out. The outer error: the keys cannot be had; the inner one: it is not as it has
/// to be. What anybody can see of it is looked at first: keys are asked for anew for what has all but a signature that fits.
pub(super) async fn logout(
    upstream: &Upstream,
    (provider, issuer): (&Provider, &IssuerRule),
    text: &str,
    now: Timestamp,
) -> Result<Result<LogoutToken, UpstreamError>, UpstreamError> {
    let token = match Unverified::read(text) {
        Ok(token) => token,
        Err(error) => return Ok(Err(error)),
    };
    let metadata = upstream.documents.metadata(&upstream.guard, &provider.id, issuer, now).await?;
    let checked = id_token::expected_issuer(issuer, metadata.issuer().as_str(), &token.claims).and_then(|issuer| {
        let (provider, client_id) = (&provider.id, provider.client_id.as_str());
        token.check(&logout_token::Expected { provider, issuer: issuer.as_str(), client_id, now })
    });
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return Ok(Err(error)),
    };
    let by_keys = by_keys(upstream, (provider, &metadata), now, |keys| token.check_signature(keys)).await?;
    Ok(by_keys.map(|()| checked))
}

/// Where a person signs out there.
pub(super) async fn end_session(
    upstream: &Upstream,
    (provider, issuer): (&Provider, &IssuerRule),
    return_to: &str,
    now: Timestamp,
) -> Result<Option<Url>, UpstreamError> {
    let metadata = upstream.documents.metadata(&upstream.guard, &provider.id, issuer, now).await?;
    let Some(endpoint) = metadata.additional_metadata().end_session_endpoint.as_str() else { return Ok(None) };
    let mut url = Url::parse(endpoint)
        .map_err(|error| UpstreamError::new(Reason::Metadata, format!("end_session_endpoint: {error}")))?;
    guard::check_sent_to(&url)?;
    url.set_fragment(None);
    let parameters = [("client_id", provider.client_id.as_str()), ("post_logout_redirect_uri", return_to)];
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(Some(url))
}

/// What is configured, and what the application asked for.
fn check_after(claims: &Claims, provider: &Provider, homeward: &Homeward<'_>) -> Result<(), UpstreamError> {
    for (name, value) in &provider.required_claims {
        if claims.get(name).and_then(serde_json::Value::as_str) != Some(value) {
            let why = format!("{}: the claim {name} does not have the value that is required", provider.id);
            return Err(UpstreamError::new(Reason::RequiredClaim, why));
        }
    }
    let (Some(wanted), Some(at)) = (homeward.authenticated_after, auth_time(claims)) else { return Ok(()) };
    if at < wanted {
        let why = "auth_time is older than the application asked for: the provider did not sign the person in anew";
        return Err(UpstreamError::new(Reason::NotFresh, why));
    }
    Ok(())
}

/// OpenID Connect Core 5.3.2: what the ID token lacks, of the same subject.
async fn userinfo(
    upstream: &Upstream,
    provider: &Provider,
    metadata: &Metadata,
    (tokens, claims, sub): (&Tokens, &Claims, &str),
) -> Result<Claims, UpstreamError> {
    let endpoint = metadata.userinfo_endpoint().filter(|_| profile::lacks(provider, claims));
    let Some(endpoint) = endpoint else { return Ok(Claims::new()) };
    let more = upstream.guard.get_object(endpoint.url(), tokens.access_token.expose_secret()).await?;
    if more.get("sub").and_then(serde_json::Value::as_str) != Some(sub) {
        return Err(UpstreamError::new(Reason::Subject, "the userinfo answer is of another subject"));
    }
    Ok(more)
}

fn auth_time(claims: &Claims) -> Option<Timestamp> {
    claims.get("auth_time").and_then(id_token::seconds)
}

/// How they were authenticated there, as far as the token says.
fn authentication(claims: &Claims) -> UpstreamAuthentication {
    let amr = claims.get("amr").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let fits =
        |value: &&str| !value.is_empty() && value.len() <= LONGEST_AMR && value.bytes().all(|b| b.is_ascii_graphic());
    let sid = claims.get("sid").and_then(serde_json::Value::as_str);
    UpstreamAuthentication {
        at: auth_time(claims),
        amr: amr.iter().filter_map(serde_json::Value::as_str).filter(fits).take(MOST_AMR).map(str::to_owned).collect(),
        sid: sid.filter(|sid| !sid.is_empty() && sid.len() <= LONGEST_SID).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
