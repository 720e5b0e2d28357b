//! Which counters a failure moves, and whom they keep waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::*;
use crate::config::Failures;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);

/// Counters in memory, at an instant that stands.
#[derive(Default)]
pub(crate) struct Counters {
    until: Mutex<HashMap<String, Timestamp>>,
    fails: bool,
}

impl Counters {
    /// Whose every answer is a failure.
    pub(crate) fn broken() -> Arc<Self> {
        Arc::new(Self { fails: true, ..Self::default() })
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.fails { Err(StoreError::new("counting", "the store is away")) } else { Ok(()) }
    }
}

#[async_trait]
impl ThrottleStore for Counters {
    async fn read(&self, names: &[TokenHash]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.check()?;
        let until = self.until.lock().unwrap();
        Ok(names.iter().map(|name| until.get(&name.to_key()).copied()).collect())
    }

    async fn add(&self, spans: &[(TokenHash, Duration)]) -> Result<(), StoreError> {
        self.check()?;
        let mut until = self.until.lock().unwrap();
        for (name, span) in spans {
            let instant = until.entry(name.to_key()).or_insert(NOW);
            *instant = instant.plus(*span);
        }
        Ok(())
    }

    async fn forget(&self, name: &TokenHash) -> Result<(), StoreError> {
        self.check()?;
        self.until.lock().unwrap().remove(&name.to_key());
        Ok(())
    }
}

pub(crate) fn throttle(store: Arc<Counters>) -> Throttle {
    Throttle::new(store, Pseudonyms::for_tests())
}

/// Three of one account from one address, twelve of one account, twenty from one address, two of a client.
fn limits() -> Failures {
    let limit = |failures| Limit { failures, window: HOUR };
    Failures { sign_in: limit(3), account: limit(12), address: limit(20), client: limit(2), exempt: Vec::new() }
}

struct World {
    throttle: Throttle,
    limits: Failures,
}

impl World {
    fn new() -> Self {
        Self { throttle: throttle(Arc::default()), limits: limits() }
    }

    async fn admit(&self, person: u128, from: &str, device: Option<&str>) -> Result<Admitted<'_>, Refusal> {
        let account = Account::Of(UserId(Uuid::from_u128(person)));
        self.throttle.sign_in(&self.limits, account, origin(from, device)).admit(NOW).await
    }

    /// Whether a try was let through; then it failed.
    async fn fails(&self, person: u128, from: &str, device: Option<&str>) -> bool {
        match self.admit(person, from, device).await {
            Ok(admitted) => {
                admitted.failed().await.unwrap();
                true
            }
            Err(Refusal::Throttled { .. }) => false,
            Err(Refusal::Store(error)) => panic!("{error}"),
        }
    }

    async fn succeeds(&self, person: u128, from: &str, device: Option<&str>) {
        self.admit(person, from, device).await.unwrap().succeeded().await.unwrap();
    }

    /// How many of these were let through.
    async fn failures(&self, person: u128, from: &str, device: Option<&str>, tries: usize) -> usize {
        let mut failed = 0;
        for _ in 0..tries {
            failed += usize::from(self.fails(person, from, device).await);
        }
        failed
    }
}

fn origin(from: &str, device: Option<&str>) -> Origin {
    Origin { address: Some(from.parse().unwrap()), device: device.map(|text| TokenHash::of(text.as_bytes())) }
}

#[tokio::test]
async fn an_account_is_throttled_for_one_address_and_free_for_others() {
    let world = World::new();
    assert_eq!(world.failures(1, "192.0.2.1", None, 5).await, 3);
    assert!(world.fails(1, "192.0.2.2", None).await);
    assert!(world.fails(2, "192.0.2.1", None).await);
    let Err(Refusal::Throttled { retry_after }) = world.admit(1, "192.0.2.1", None).await else { panic!("admitted") };
    assert_eq!(retry_after, HOUR / 3);
}

#[tokio::test]
async fn many_addresses_wait_for_one_account_and_one_address_for_many_accounts() {
    let world = World::new();
    let mut failed = 0;
    for last in 1..=10 {
        failed += world.failures(1, &format!("192.0.2.{last}"), None, 3).await;
    }
    assert_eq!(failed, 12);
    let mut failed = 0;
    for person in 100..200 {
        failed += world.failures(person, "198.51.100.1", None, 1).await;
    }
    assert_eq!(failed, 20);
}

#[tokio::test]
async fn an_ipv6_line_is_one_address() {
    let world = World::new();
    let mut failed = 0;
    for last in 0..10 {
        failed += world.failures(1, &format!("2001:db8::{last:x}:1"), None, 1).await;
    }
    assert_eq!(failed, 3);
    assert!(world.fails(1, "2001:db8:0:1::1", None).await);
    assert_eq!(world.failures(2, "::ffff:192.0.2.1", None, 2).await + world.failures(2, "192.0.2.1", None, 9).await, 3);
}

#[tokio::test]
async fn a_success_wipes_out_what_the_same_person_failed_there_and_nothing_else() {
    let world = World::new();
    world.failures(1, "192.0.2.1", None, 2).await;
    world.succeeds(1, "192.0.2.1", None).await;
    assert_eq!(world.failures(1, "192.0.2.1", None, 5).await, 3);
    // 5 failures of the account and the address are counted still: 7 and 15 are left.
    let mut failed = 0;
    for last in 2..=9 {
        failed += world.failures(1, &format!("192.0.2.{last}"), None, 3).await;
    }
    assert_eq!(failed, 7);
    let mut failed = 0;
    for person in 100..200 {
        failed += world.failures(person, "192.0.2.1", None, 1).await;
    }
    assert_eq!(failed, 15);
}

/// J06.
#[tokio::test]
async fn a_known_browser_is_kept_out_by_nobody_else() {
    let world = World::new();
    world.succeeds(1, "203.0.113.1", Some("hers")).await;
    for last in 1..=10 {
        world.failures(1, &format!("192.0.2.{last}"), None, 3).await;
    }
    for person in 0..30 {
        world.failures(person, "203.0.113.1", None, 1).await;
    }
    assert!(!world.fails(1, "198.51.100.1", None).await, "strangers wait");
    assert!(!world.fails(1, "198.51.100.1", Some("his")).await, "another browser is a stranger");
    assert!(!world.fails(2, "203.0.113.1", Some("hers")).await, "for another account it is a stranger");
    // Neither from where she always is nor from elsewhere.
    assert!(world.fails(1, "203.0.113.1", Some("hers")).await);
    assert!(world.fails(1, "198.51.100.7", Some("hers")).await);
    assert!(world.fails(1, "198.51.100.7", Some("hers")).await);
    assert!(!world.fails(1, "198.51.100.7", Some("hers")).await, "it has a limit of its own");
}

#[tokio::test]
async fn a_failure_makes_no_browser_known() {
    let world = World::new();
    assert_eq!(world.failures(1, "192.0.2.1", Some("his"), 5).await, 3);
    for last in 2..=9 {
        world.failures(1, &format!("192.0.2.{last}"), Some("his"), 3).await;
    }
    assert!(!world.fails(1, "198.51.100.1", Some("his")).await);
}

#[tokio::test]
async fn names_of_nobody_are_counted_like_those_of_somebody() {
    let world = World::new();
    let (nobody, other) = (LoginName::read("nobody"), LoginName::read("nobody.else"));
    let admit = |name| world.throttle.sign_in(&world.limits, Account::Named(name), origin("192.0.2.1", None));
    for _ in 0..3 {
        admit(&nobody).admit(NOW).await.unwrap().failed().await.unwrap();
    }
    assert!(matches!(admit(&nobody).admit(NOW).await, Err(Refusal::Throttled { .. })));
    assert!(admit(&other).admit(NOW).await.is_ok());
}

#[tokio::test]
async fn exempt_addresses_are_counted_by_account_alone() {
    let mut world = World::new();
    world.limits.exempt = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/48".parse().unwrap()];
    assert_eq!(world.failures(1, "10.1.2.3", None, 30).await, 12);
    assert_eq!(world.failures(2, "2001:db8::1", None, 30).await, 12);
    assert_eq!(world.failures(3, "::ffff:10.1.2.3", None, 30).await, 12);
    assert_eq!(world.failures(4, "2001:db8:1::1", None, 30).await, 3);
}

#[tokio::test]
async fn a_client_is_throttled_for_one_address() {
    let world = World::new();
    let client = ClientId::parse("web").unwrap();
    let fails = async |client: Option<&ClientId>, from: &str| {
        world.throttle.client_failed(&world.limits, client, Some(from.parse().unwrap()), NOW).await.is_ok()
    };
    assert!(fails(Some(&client), "192.0.2.1").await && fails(Some(&client), "192.0.2.1").await);
    assert!(!fails(Some(&client), "192.0.2.1").await);
    assert!(fails(Some(&client), "192.0.2.2").await);
    assert!(fails(None, "192.0.2.1").await && fails(None, "192.0.2.1").await);
    assert!(!fails(None, "192.0.2.1").await, "those that are not known are one");
}

#[tokio::test]
async fn without_its_store_nothing_is_let_through() {
    let world = World { throttle: throttle(Counters::broken()), limits: limits() };
    assert!(matches!(world.admit(1, "192.0.2.1", None).await, Err(Refusal::Store(_))));
    let counted = world.throttle.client_failed(&world.limits, None, None, NOW).await;
    assert!(matches!(counted, Err(Refusal::Store(_))));
}
