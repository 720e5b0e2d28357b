//! An issuer that is asked over HTTP: its metadata (RFC 8414, OpenID Connect Discovery) and its keys (RFC 7517).
//!
//! Owns: which document is asked when. Does not own: how long one is kept (`kept`), the wire (`http`), what metadata
//! says (`metadata`), revocation (`introspection`).

mod http;
mod introspection;
mod kept;
mod metadata;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

pub use introspection::Introspection;

use crate::Unavailable;
use crate::builder::BuildError;
use crate::clock::Clock;
use crate::keys::{KeySet, KeySource, PublicKey};
use http::{Http, Trouble};
use kept::{Fetch, Fetched, Kept};
use metadata::Metadata;

/// The keys of an issuer by its JWK Set, whose address its metadata tells. A clone is the same one.
#[derive(Clone)]
pub struct Remote {
    issuer: Arc<str>,
    http: Arc<Http>,
    metadata: Kept<Metadata>,
    keys: Kept<KeySet>,
}

impl Remote {
    /// Of an issuer: https without query or fragment (RFC 8414 2), or http on the loopback. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`BuildError::Issuer`].
    pub fn new(issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let places = metadata::places(issuer).map_err(|why| BuildError::Issuer { issuer: issuer.to_owned(), why })?;
        let (issuer, http) = (Arc::<str>::from(issuer), Arc::new(Http::default()));
        let ask = AskMetadata { issuer: Arc::clone(&issuer), places, http: Arc::clone(&http) };
        let metadata = Kept::new(ask, Arc::clone(&clock));
        let keys = Kept::new(AskKeys { metadata: metadata.clone(), http: Arc::clone(&http) }, clock);
        Ok(Self { issuer, http, metadata, keys })
    }

    /// Asks the issuer about each token, as a client with a secret (RFC 7662, `client_secret_basic`).
    #[must_use]
    pub fn introspection(&self, client_id: &str, secret: &str) -> Introspection {
        Introspection::new(Arc::clone(&self.http), self.metadata.clone(), client_id, secret)
    }
}

#[async_trait]
impl KeySource for Remote {
    /// A key that the set lacks is looked for in a newer one, at most once a minute.
    async fn find(&self, kid: &str) -> Result<Option<Arc<PublicKey>>, Unavailable> {
        let held = self.keys.get().await?;
        if let Some(key) = held.document.get(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        let newer = self.keys.renew(&held).await;
        Ok(newer.and_then(|newer| newer.document.get(kid).cloned()))
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

struct AskMetadata {
    issuer: Arc<str>,
    /// Where it may be, the likelier place first.
    places: Vec<Url>,
    http: Arc<Http>,
}

#[async_trait]
impl Fetch for AskMetadata {
    type Document = Metadata;

    fn what(&self) -> &'static str {
        "the issuer's metadata"
    }

    async fn fetch(&self) -> Result<Fetched<Metadata>, Trouble> {
        let mut trouble = Trouble::new("no place is known");
        for place in &self.places {
            match self.http.get(place).await {
                Ok(answer) => {
                    let document = Metadata::read(&self.issuer, &answer.body)?;
                    return Ok(Fetched { document, lifetime: answer.lifetime });
                }
                // Issuers have one of the two documents, or both.
                Err(error) if error.is_elsewhere() => trouble = error,
                Err(error) => return Err(error),
            }
        }
        Err(trouble)
    }
}

struct AskKeys {
    metadata: Kept<Metadata>,
    http: Arc<Http>,
}

#[async_trait]
impl Fetch for AskKeys {
    type Document = KeySet;

    fn what(&self) -> &'static str {
        "the issuer's keys"
    }

    async fn fetch(&self) -> Result<Fetched<KeySet>, Trouble> {
        let metadata = self.metadata.get().await.map_err(|error| Trouble::new(error.to_string()))?;
        let answer = self.http.get(&metadata.document.jwks_uri).await;
        if answer.is_err() {
            // It may have moved.
            self.metadata.outdate();
        }
        let answer = answer?;
        let document = KeySet::parse(&answer.body).ok_or_else(|| Trouble::new("the answer is no JWK Set"))?;
        Ok(Fetched { document, lifetime: answer.lifetime })
    }
}
