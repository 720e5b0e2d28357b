//! When a document is fetched, and what is served when it cannot be.
//!
//! Owns: each rule of the cache, by counting fetches. Does not own: real providers (`tests/it`).

use std::cell::Cell;

use futures_util::future::join_all;
use http::HeaderValue;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// A provider that says which number its fetch has, until it is down.
#[derive(Default)]
struct Provider {
    fetches: Cell<u32>,
    down: Cell<bool>,
}

impl Provider {
    async fn fetch(&self) -> Result<Fetched<u32>, UpstreamError> {
        tokio::task::yield_now().await;
        self.fetches.set(self.fetches.get() + 1);
        if self.down.get() {
            return Err(UpstreamError::new(Reason::Unreachable, "down"));
        }
        Ok(Fetched { document: self.fetches.get(), lifetime: Duration::from_mins(10) })
    }

    async fn get(&self, slot: &Slot<u32>, now: Timestamp) -> Result<u32, Reason> {
        slot.get("u", now, self.fetch()).await.map(|found| *found).map_err(|error| error.reason())
    }
}

#[tokio::test]
async fn a_document_is_fetched_once_while_it_is_fresh() {
    let (provider, slot) = (Provider::default(), Slot::default());
    assert_eq!(provider.get(&slot, at(0)).await, Ok(1));
    assert_eq!(provider.get(&slot, at(599)).await, Ok(1));
    assert_eq!(provider.get(&slot, at(600)).await, Ok(2));
    assert_eq!(provider.fetches.get(), 2);
    assert_eq!(*slot.get("another", at(600), provider.fetch()).await.unwrap(), 3, "another URL is another document");
}

#[tokio::test]
async fn of_many_that_want_it_at_once_one_fetches() {
    let (provider, slot) = (Provider::default(), Slot::default());
    let found = join_all((0..50).map(|_| provider.get(&slot, at(0)))).await;
    assert!(found.iter().all(|found| *found == Ok(1)), "{found:?}");
    provider.down.set(true);
    let slot = Slot::default();
    let found = join_all((0..50).map(|_| provider.get(&slot, at(0)))).await;
    assert!(found.iter().all(|found| *found == Err(Reason::Unreachable)), "{found:?}");
    assert_eq!(provider.fetches.get(), 2, "a failure is shared, too");
    assert_eq!(provider.get(&slot, at(0)).await, Err(Reason::Unreachable));
    assert_eq!(provider.fetches.get(), 3, "and whoever comes later tries again");
}

#[tokio::test]
async fn while_the_provider_is_down_the_old_one_serves_for_a_day() {
    let (provider, slot) = (Provider::default(), Slot::default());
    assert_eq!(provider.get(&slot, at(0)).await, Ok(1));
    provider.down.set(true);
    assert_eq!(provider.get(&slot, at(700)).await, Ok(1));
    assert_eq!(provider.get(&slot, at(729)).await, Ok(1));
    assert_eq!(provider.fetches.get(), 2, "no storm of tries");
    assert_eq!(provider.get(&slot, at(730)).await, Ok(1));
    assert_eq!(provider.fetches.get(), 3);
    assert_eq!(provider.get(&slot, at(600 + 86_399)).await, Ok(1));
    assert_eq!(provider.get(&slot, at(600 + 86_400)).await, Err(Reason::Unreachable));
    provider.down.set(false);
    assert_eq!(provider.get(&slot, at(600 + 86_401)).await, Ok(6));
}

/// I12: a flood of tokens with keys that nobody has.
#[tokio::test]
async fn a_fetch_out_of_turn_that_brings_nothing_is_made_once_a_minute() {
    let (provider, slot) = (Provider::default(), Slot::default());
    let mut seen = slot.get("u", at(0), provider.fetch()).await.unwrap();
    for second in 0..1000 {
        if let Some(newer) = slot.renew("u", &seen, at(second / 10), provider.fetch()).await.unwrap() {
            seen = newer;
        }
    }
    assert_eq!(provider.fetches.get(), 3, "one at once, and one after a minute");
}

#[tokio::test]
async fn a_fetch_out_of_turn_that_helped_may_be_followed_by_another() {
    let (provider, slot) = (Provider::default(), Slot::default());
    let first = slot.get("u", at(0), provider.fetch()).await.unwrap();
    let second = slot.renew("u", &first, at(1), provider.fetch()).await.unwrap().unwrap();
    slot.renewed_well().await;
    let third = slot.renew("u", &second, at(2), provider.fetch()).await.unwrap().unwrap();
    assert_eq!((*first, *second, *third), (1, 2, 3));
    let theirs = slot.renew("u", &first, at(2), provider.fetch()).await.unwrap().unwrap();
    assert_eq!(*theirs, 3, "what somebody else fetched is looked at first");
    assert_eq!(provider.fetches.get(), 3);
}

#[test]
fn headers_say_how_long_within_bounds() {
    let of = |control: Option<&'static str>, age: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        for (name, value) in [(CACHE_CONTROL, control), (AGE, age)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        lifetime(&headers).as_secs()
    };
    assert_eq!(of(None, None), 3600);
    assert_eq!(of(Some("public, max-age=19800, must-revalidate"), None), 19_800);
    assert_eq!(of(Some("max-age=19800"), Some("19000")), 800);
    assert_eq!(of(Some("max-age=100"), Some("5000")), 60);
    assert_eq!(of(Some("max-age=0"), None), 60);
    assert_eq!(of(Some("no-store"), None), 60);
    assert_eq!(of(Some("max-age=600, NO-CACHE"), None), 60);
    assert_eq!(of(Some("max-age=99999999"), None), 86_400);
    assert_eq!(of(Some("max-age=18446744073709551616"), None), 3600);
    assert_eq!(of(Some("max-age=\"600\""), Some("soon")), 600);
}
