//! One document of the issuer, kept as long as its headers say.
//!
//! Owns: that one fetch at a time is under way, what serves while the issuer is down, and how often a newer document
//! is looked for out of turn. Does not own: fetching (`http`) or what a document means.
//!
//! A fetch runs in a task of its own: a client that hangs up does not take it away from the others who wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;

use super::http::Trouble;
use crate::Unavailable;
use crate::clock::Clock;

/// For one fetch, all its requests together.
const FETCH: Duration = Duration::from_secs(5);
/// How long a request waits for a fetch where an old document can serve.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a document that is past its time still serves while no newer one can be had, in seconds.
const STALE: i64 = 24 * 3600;
/// From a failure to the next try, in seconds: with an old document to serve, and without.
const PAUSE: i64 = 30;
const PAUSE_WITHOUT: i64 = 5;
/// From one fetch out of turn to the next, in seconds (threat I12).
const BETWEEN_RENEWALS: i64 = 60;

/// How a document is fetched.
#[async_trait]
pub(super) trait Fetch: Send + Sync + 'static {
    type Document;

    /// Its name in the log.
    fn what(&self) -> &'static str;

    async fn fetch(&self) -> Result<Fetched<Self::Document>, Trouble>;
}

/// A document as it was just fetched.
pub(super) struct Fetched<T> {
    pub(super) document: T,
    pub(super) lifetime: Duration,
}

/// A document that is kept.
pub(super) struct Held<T> {
    pub(super) document: Arc<T>,
    /// While it is fresh, in seconds since 1970.
    since: i64,
    until: i64,
}

impl<T> Held<T> {
    /// A clock that was set back makes nothing fresh for longer.
    const fn is_fresh(&self, now: i64) -> bool {
        self.since <= now && now < self.until
    }

    const fn serves(&self, now: i64) -> bool {
        now < self.until.saturating_add(STALE)
    }
}

/// The one place of a document. A clone is the same one.
pub(super) struct Kept<T>(Arc<Inner<T>>);

struct Inner<T> {
    held: ArcSwapOption<Held<T>>,
    book: Mutex<Book>,
    /// How many fetches ended.
    ended: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    fetch: Box<dyn Fetch<Document = T>>,
}

#[derive(Default)]
struct Book {
    running: bool,
    /// The last fetch, where it failed: when, and why.
    failed: Option<(i64, Trouble)>,
    /// The last fetch out of turn.
    renewed: Option<i64>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    pub(super) fn new(fetch: impl Fetch<Document = T>, clock: Arc<dyn Clock>) -> Self {
        let (held, book, ended) = (ArcSwapOption::empty(), Mutex::default(), watch::Sender::new(0));
        Self(Arc::new(Inner { held, book, ended, clock, fetch: Box::new(fetch) }))
    }

    /// The document: what is held while it is fresh, and otherwise what a fetch brings, or the old one if that fails.
    pub(super) async fn get(&self) -> Result<Arc<Held<T>>, Unavailable> {
        let now = self.0.clock.now();
        if let Some(held) = self.0.held.load_full().filter(|held| held.is_fresh(now)) {
            return Ok(held);
        }
        let (mut ended, old) = {
            let mut book = self.0.book();
            // Somebody may have brought one meanwhile.
            let held = self.0.held.load_full();
            if let Some(held) = held.clone().filter(|held| held.is_fresh(now)) {
                return Ok(held);
            }
            let old = held.filter(|held| held.serves(now));
            if !book.running {
                let pause = if old.is_some() { PAUSE } else { PAUSE_WITHOUT };
                if let Some((at, trouble)) = book.failed.as_ref().filter(|(at, _)| (0..pause).contains(&(now - at))) {
                    return old.ok_or_else(|| unavailable(trouble, at + pause - now));
                }
                self.start(&mut book);
            }
            (self.0.ended.subscribe(), old)
        };
        // Longer than a fetch takes: who has nothing else gets its outcome.
        let patience = if old.is_some() { PATIENCE } else { FETCH + PATIENCE };
        let _ = timeout(patience, ended.changed()).await;
        let now = self.0.clock.now();
        if let Some(held) = self.0.held.load_full().filter(|held| held.serves(now)) {
            return Ok(held);
        }
        let failed = self.0.book().failed.clone();
        let trouble = failed.map_or_else(|| Trouble::new("it took too long"), |(_, trouble)| trouble);
        Err(unavailable(&trouble, PAUSE_WITHOUT))
    }

    /// A newer document than `seen`, which lacks something: what somebody else fetched meanwhile, or what a fetch out
    /// of turn brings. `None` when there is none, and within a minute of the last such fetch.
    pub(super) async fn renew(&self, seen: &Arc<Held<T>>) -> Option<Arc<Held<T>>> {
        let newer = || self.0.held.load_full().filter(|held| !Arc::ptr_eq(held, seen));
        let mut ended = {
            let mut book = self.0.book();
            if let Some(newer) = newer() {
                return Some(newer);
            }
            if !book.running {
                let now = self.0.clock.now();
                if book.renewed.is_some_and(|at| (0..BETWEEN_RENEWALS).contains(&(now - at))) {
                    return None;
                }
                book.renewed = Some(now);
                self.start(&mut book);
            }
            self.0.ended.subscribe()
        };
        let _ = timeout(FETCH, ended.changed()).await;
        newer()
    }

    /// The next who asks has it fetched, whatever its headers said.
    pub(super) fn outdate(&self) {
        let _book = self.0.book();
        if let Some(held) = self.0.held.load_full() {
            let until = self.0.clock.now().min(held.until);
            let held = Held { document: Arc::clone(&held.document), since: held.since, until };
            self.0.held.store(Some(Arc::new(held)));
        }
    }

    /// Under the lock, so that there is one.
    fn start(&self, book: &mut Book) {
        book.running = true;
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let running = Running(&inner);
            let fetched = timeout(FETCH, inner.fetch.fetch()).await;
            running.0.end(fetched.unwrap_or_else(|_| Err(Trouble::new("it took too long"))));
        });
    }
}

impl<T: 'static> Inner<T> {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, fetched: Result<Fetched<T>, Trouble>) {
        let now = self.clock.now();
        match fetched {
            Ok(Fetched { document, lifetime }) => {
                let until = now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(0));
                self.held.store(Some(Arc::new(Held { document: Arc::new(document), since: now, until })));
                self.book().failed = None;
            }
            Err(trouble) => {
                tracing::warn!(%trouble, "{} could not be fetched", self.fetch.what());
                self.book().failed = Some((now, trouble));
            }
        }
    }
}

/// A fetch under way. Whatever happens to its task, nobody waits for it for ever.
struct Running<'a, T: 'static>(&'a Inner<T>);

impl<T: 'static> Drop for Running<'_, T> {
    fn drop(&mut self) {
        self.0.book().running = false;
        self.0.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
    }
}

fn unavailable(trouble: &Trouble, seconds: i64) -> Unavailable {
    Unavailable::new(trouble.to_string(), Duration::from_secs(seconds.unsigned_abs()))
}

#[cfg(test)]
mod tests;
