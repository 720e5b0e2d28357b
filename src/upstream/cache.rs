//! Documents of providers, kept as long as their headers say.
//!
//! Owns: how long, that one request at a time fetches one of them, what is served while the provider is down, and how
//! often a fetch that promises news may be made out of turn. Does not own: fetching or reading them (`documents`).

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, HeaderMap};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};

/// Whatever the headers say: not asked for at every sign-in, and not kept for ever.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(24);
/// Where they say nothing.
const USUAL: Duration = Duration::from_hours(1);
/// How long one that is past its time still serves while no newer one can be had.
const STALE: Duration = Duration::from_hours(24);
/// After a failure the old one serves so long before the next try.
const PAUSE: Duration = Duration::from_secs(30);
/// How long a fetch may take where there is an old one to serve instead.
const PATIENCE: Duration = Duration::from_secs(2);
/// From one fetch out of turn that brought nothing to the next.
const BETWEEN_RENEWALS: Duration = Duration::from_mins(1);

/// A document as it was just fetched.
pub(super) struct Fetched<T> {
    pub(super) document: T,
    pub(super) lifetime: Duration,
}

/// One document of one provider.
pub(super) struct Slot<T> {
    state: Mutex<State<T>>,
    /// How many fetches ended: whoever waited for one while it failed does not try again.
    attempts: AtomicU64,
}

struct State<T> {
    held: Option<Held<T>>,
    failed: Option<(UpstreamError, Timestamp)>,
    /// When a fetch out of turn last brought nothing.
    renewed_in_vain: Option<Timestamp>,
}

struct Held<T> {
    url: String,
    document: Arc<T>,
    fresh_until: Timestamp,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        let state = State { held: None, failed: None, renewed_in_vain: None };
        Self { state: Mutex::new(state), attempts: AtomicU64::new(0) }
    }
}

impl<T> Slot<T> {
    /// The document at that URL: the one that is held while it is fresh, and otherwise what `fetch` brings.
    pub(super) async fn get(
        &self,
        url: &str,
        now: Timestamp,
        fetch: impl Future<Output = Result<Fetched<T>, UpstreamError>>,
    ) -> Result<Arc<T>, UpstreamError> {
        let attempts = self.attempts.load(Ordering::Acquire);
        let state = self.state.lock().await;
        let old = state.serving(url, now);
        if let Some(old) = &old
            && (state.is_fresh(now) || state.pauses(now))
        {
            return Ok(Arc::clone(old));
        }
        let waited = self.attempts.load(Ordering::Acquire) != attempts;
        if let Some((error, _)) = state.failed.as_ref().filter(|_| waited) {
            return old.ok_or_else(|| error.clone());
        }
        self.fetch(state, url, now, fetch).await
    }

    /// A newer document than `seen`, which lacks something: what somebody else fetched meanwhile, or what `fetch`
    /// brings. `None` when the last such fetch brought nothing and is not long ago (threat I12).
    pub(super) async fn renew(
        &self,
        url: &str,
        seen: &Arc<T>,
        now: Timestamp,
        fetch: impl Future<Output = Result<Fetched<T>, UpstreamError>>,
    ) -> Result<Option<Arc<T>>, UpstreamError> {
        let mut state = self.state.lock().await;
        if let Some(held) = &state.held
            && held.url == url
            && !Arc::ptr_eq(&held.document, seen)
        {
            return Ok(Some(Arc::clone(&held.document)));
        }
        if state.renewed_in_vain.is_some_and(|at| now.since(at) < BETWEEN_RENEWALS && now >= at) {
            return Ok(None);
        }
        state.renewed_in_vain = Some(now);
        self.fetch(state, url, now, fetch).await.map(Some)
    }

    /// The last fetch out of turn brought what was missing: the next may come at once.
    pub(super) async fn renewed_well(&self) {
        self.state.lock().await.renewed_in_vain = None;
    }

    async fn fetch(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        url: &str,
        now: Timestamp,
        fetch: impl Future<Output = Result<Fetched<T>, UpstreamError>>,
    ) -> Result<Arc<T>, UpstreamError> {
        let old = state.serving(url, now);
        let fetched = match &old {
            None => fetch.await,
            Some(_) => timeout(PATIENCE, fetch).await.unwrap_or_else(|_| {
                Err(UpstreamError::new(Reason::Timeout, "no new document in time, and an old one is there"))
            }),
        };
        self.attempts.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(Fetched { document, lifetime }) => {
                let document = Arc::new(document);
                let fresh_until = now.plus(lifetime);
                state.held = Some(Held { url: url.to_owned(), document: Arc::clone(&document), fresh_until });
                state.failed = None;
                Ok(document)
            }
            Err(error) => {
                state.failed = Some((error.clone(), now));
                let old = old.ok_or_else(|| error.clone())?;
                tracing::warn!(url, %error, "a document of a provider could not be fetched: the old one serves");
                Ok(old)
            }
        }
    }
}

impl<T> State<T> {
    /// What is held of that URL and not too old to serve at all.
    fn serving(&self, url: &str, now: Timestamp) -> Option<Arc<T>> {
        let held = self.held.as_ref().filter(|held| held.url == url)?;
        (!held.fresh_until.plus(STALE).is_over(now)).then(|| Arc::clone(&held.document))
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.held.as_ref().is_some_and(|held| !held.fresh_until.is_over(now))
    }

    fn pauses(&self, now: Timestamp) -> bool {
        self.failed.as_ref().is_some_and(|(_, at)| now.since(*at) < PAUSE)
    }
}

/// How long an answer is good for (RFC 9111 4.2.1, 4.2.3), within bounds.
pub(super) fn lifetime(headers: &HeaderMap) -> Duration {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let mut said = None;
    for directive in directives {
        if matches!(directive.as_str(), "no-store" | "no-cache") {
            return SHORTEST;
        }
        let seconds = directive.strip_prefix("max-age=").and_then(|text| text.trim_matches('"').parse::<u64>().ok());
        said = said.or(seconds);
    }
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse::<u64>().ok());
    let said = said.map(|seconds| Duration::from_secs(seconds.saturating_sub(age.unwrap_or(0))));
    said.unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests;
