//! A token that comes again: it is not verified again, and all that may have changed is looked at.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use vestibule_guard::{
    AccessToken, Fault, Guard, GuardBuilder, KeySet, KeySource, PublicKey, Refusal, RevocationCheck, Standing,
    Unavailable,
};

use crate::forge::{AUDIENCE, Forge, ISSUER, NOW, claims, with};

/// Keys that a test can take away.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<KeySet>>);

impl Keys {
    fn set(&self, keys: &[&Forge]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        *self.0.lock().expect("keys") = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a set");
    }
}

#[async_trait]
impl KeySource for Keys {
    async fn find(&self, kid: &str) -> Result<Option<Arc<PublicKey>>, Unavailable> {
        Ok(self.0.lock().expect("keys").get(kid).cloned())
    }
}

/// A list of what was revoked, which counts how often it is asked.
#[derive(Clone, Default)]
struct List {
    revoked: Arc<AtomicBool>,
    away: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl RevocationCheck for List {
    async fn check(&self, raw: &str, token: &AccessToken) -> Result<Standing, Unavailable> {
        assert!(raw.split('.').count() == 3 && token.subject() == "ada");
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(Unavailable::new("away", Duration::from_secs(7)));
        }
        Ok(if self.revoked.load(Ordering::SeqCst) { Standing::Revoked } else { Standing::Good })
    }
}

struct World {
    key: Forge,
    keys: Keys,
    now: Arc<AtomicI64>,
}

impl World {
    fn new() -> Self {
        let world = Self { key: Forge::new("ES256", "one"), keys: Keys::default(), now: Arc::new(AtomicI64::new(NOW)) };
        world.keys.set(&[&world.key]);
        world
    }

    fn builder(&self) -> GuardBuilder {
        let now = Arc::clone(&self.now);
        Guard::builder(ISSUER).audience(AUDIENCE).keys(self.keys.clone()).clock(move || now.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn the_same_token_is_remembered_until_it_expires() {
    let world = World::new();
    let guard = world.builder().build().expect("a guard");
    let token = world.key.token(&claims());
    let first = guard.verify(&token).await.expect("a good token");
    let again = guard.clone().verify(&token).await.expect("a good token");
    assert!(Arc::ptr_eq(&first, &again), "it was not read again");
    world.now.store(NOW + 629, Ordering::SeqCst);
    assert!(guard.verify(&token).await.is_ok());
    world.now.store(NOW + 630, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(guard.verify(&token).await.err(), Some(Fault::Expired.into()));
    }
    // A clock that is set back far enough makes nothing of the past good.
    world.now.store(NOW - 31, Ordering::SeqCst);
    assert_eq!(guard.verify(&token).await.err(), Some(Fault::NotYetValid.into()));
}

#[tokio::test]
async fn nothing_is_remembered_where_that_is_off_or_the_token_is_long() {
    let world = World::new();
    let off = world.builder().remember(0).build().expect("a guard");
    let on = world.builder().build().expect("a guard");
    let long = world.key.token(&with("more", json!("x".repeat(4096))));
    for (guard, token) in [(off, world.key.token(&claims())), (on, long)] {
        let (first, again) = (guard.verify(&token).await, guard.verify(&token).await);
        assert!(!Arc::ptr_eq(&first.expect("a good token"), &again.expect("a good token")));
    }
}

#[tokio::test]
async fn a_key_that_is_gone_ends_its_tokens_remembered_or_not() {
    let world = World::new();
    let guard = world.builder().build().expect("a guard");
    let token = world.key.token(&claims());
    assert!(guard.verify(&token).await.is_ok());
    world.keys.set(&[]);
    assert_eq!(guard.verify(&token).await.err(), Some(Fault::UnknownKey.into()));
    // Another key under the same name is another key.
    world.keys.set(&[&Forge::new("ES256", "one")]);
    assert_eq!(guard.verify(&token).await.err(), Some(Fault::Signature.into()));
    world.keys.set(&[&world.key]);
    assert!(guard.verify(&token).await.is_ok());
}

#[tokio::test]
async fn revocation_is_asked_about_at_every_use() {
    let world = World::new();
    let list = List::default();
    let guard = world.builder().revocation(list.clone()).build().expect("a guard");
    let token = world.key.token(&claims());
    for asked in 1..=3 {
        assert!(guard.verify(&token).await.is_ok());
        assert_eq!(list.asked.load(Ordering::SeqCst), asked);
    }
    list.away.store(true, Ordering::SeqCst);
    let refusal = guard.verify(&token).await.expect_err("it cannot be known");
    assert_eq!(refusal, Refusal::Unavailable { retry_after: Duration::from_secs(7) });
    list.away.store(false, Ordering::SeqCst);
    list.revoked.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(guard.verify(&token).await.err(), Some(Fault::Revoked.into()));
    }
    let asked = list.asked.load(Ordering::SeqCst);
    assert!(guard.verify(&world.key.token(&with("aud", json!("other")))).await.is_err());
    assert_eq!(list.asked.load(Ordering::SeqCst), asked, "a token that fails otherwise is not asked about");
}

#[tokio::test]
async fn more_tokens_than_are_remembered_are_still_good() {
    let world = World::new();
    let guard = world.builder().remember(4).build().expect("a guard");
    let tokens: Vec<String> = (0..40).map(|n| world.key.token(&with("jti", json!(n.to_string())))).collect();
    for token in tokens.iter().chain(&tokens) {
        assert!(guard.verify(token).await.is_ok());
    }
}
