//! What the store of keys promises; threats.md X16, X17, P7.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`).

use std::time::Duration;

use crate::model::key_line::LONGEST_REFRESH;
use crate::model::revocation::ENTRY_LIFE;
use crate::model::sealed_key::{KeyUse, Sealed, SealedKey};
use crate::model::signing_key::Algorithm;
use crate::store::Successor;
use crate::store::contract::samples::{self, LIFE, START};
use crate::store::contract::{Bench, at_once};

const ES256: KeyUse = KeyUse::Signing(Algorithm::ES256);
const PS256: KeyUse = KeyUse::Signing(Algorithm::PS256);

async fn stored(bench: &Bench, usage: KeyUse, number: u32) -> SealedKey {
    let key = samples::key(usage, number);
    assert!(bench.stores.keys.insert(&key).await.unwrap());
    key
}

async fn listed(bench: &Bench) -> Vec<SealedKey> {
    bench.stores.keys.list().await.unwrap()
}

pub(super) async fn keys_come_back_as_stored_in_their_order(bench: &Bench) {
    assert_eq!(listed(bench).await, []);
    let mut expected = Vec::new();
    for (usage, number) in [(ES256, 10), (KeyUse::Refresh, 0), (ES256, 2), (PS256, u32::MAX)] {
        expected.push(stored(bench, usage, number).await);
    }
    expected.sort_by_key(|key| (key.usage.as_str(), key.number));
    let listed = listed(bench).await;
    assert!(listed == expected);
    assert_eq!(listed.iter().map(|key| key.number).collect::<Vec<_>>(), [2, 10, u32::MAX, 0]);
}

pub(super) async fn of_many_keys_for_one_place_one_is_stored(bench: &Bench) {
    let results = at_once(40, |index| {
        let keys = bench.stores.keys.clone();
        let key = samples::key([ES256, KeyUse::Refresh][index % 2], u32::from(index % 4 > 1));
        async move { keys.insert(&key).await.unwrap().then_some(key) }
    })
    .await;
    let mut won: Vec<SealedKey> = results.into_iter().flatten().collect();
    won.sort_by_key(|key| (key.usage.as_str(), key.number));
    assert_eq!(won.len(), 4);
    assert!(listed(bench).await == won);
}

pub(super) async fn a_key_is_moved_only_from_where_it_was_found(bench: &Bench) {
    let keys = &bench.stores.keys;
    let (key, other) = (stored(bench, ES256, 0).await, stored(bench, ES256, 1).await);
    assert!(keys.hasten(&key, START).await.unwrap());
    assert!(!keys.hasten(&key, START.plus(LIFE * 2)).await.unwrap());
    let moved = SealedKey { signs_from: START, ..key };
    assert!(listed(bench).await == [moved.clone(), other]);
    assert!(keys.revoke(&moved, None, START).await.unwrap());
    assert!(!keys.hasten(&moved, START.plus(LIFE)).await.unwrap());
    assert!(!keys.hasten(&samples::key(ES256, 9), START).await.unwrap());
}

pub(super) async fn a_revoked_key_is_erased_and_followed_in_one_step(bench: &Bench) {
    let keys = &bench.stores.keys;
    let first = stored(bench, ES256, 0).await;
    let untouched = stored(bench, PS256, 0).await;
    let second = samples::key(ES256, 1);
    assert!(keys.revoke(&first, Some(Successor::New(&second)), START).await.unwrap());
    let gone = SealedKey { revoked_at: Some(START), sealed: None, ..first };
    assert!(listed(bench).await == [gone.clone(), second.clone(), untouched.clone()]);

    let third = stored(bench, ES256, 2).await;
    let now = START.plus(Duration::from_secs(9));
    assert!(keys.revoke(&second, Some(Successor::Pending(&third)), now).await.unwrap());
    let second = SealedKey { revoked_at: Some(now), sealed: None, ..second };
    let third = SealedKey { signs_from: now, ..third };
    assert!(listed(bench).await == [gone, second, third, untouched]);
}

pub(super) async fn a_key_is_never_revoked_without_its_successor(bench: &Bench) {
    let keys = &bench.stores.keys;
    let (first, second) = (stored(bench, ES256, 0).await, stored(bench, ES256, 1).await);
    let before = listed(bench).await;
    // Somebody else made one for that place.
    assert!(!keys.revoke(&first, Some(Successor::New(&samples::key(ES256, 1))), START).await.unwrap());
    assert!(listed(bench).await == before);
    // Somebody else moved or revoked the pending one.
    let moved = SealedKey { signs_from: START, ..second.clone() };
    assert!(!keys.revoke(&first, Some(Successor::Pending(&moved)), START).await.unwrap());
    assert!(listed(bench).await == before);
    assert!(keys.revoke(&second, None, START).await.unwrap());
    assert!(!keys.revoke(&first, Some(Successor::Pending(&second)), START).await.unwrap());
    assert!(listed(bench).await[0] == first);
    // It became the one that signs.
    assert!(keys.hasten(&first, START).await.unwrap());
    assert!(!keys.revoke(&first, None, START).await.unwrap());
}

pub(super) async fn of_many_revocations_of_one_key_one_succeeds(bench: &Bench) {
    let first = stored(bench, ES256, 0).await;
    let results = at_once(20, |_| {
        let keys = bench.stores.keys.clone();
        let (first, second) = (first.clone(), samples::key(ES256, 1));
        async move { keys.revoke(&first, Some(Successor::New(&second)), START).await.unwrap() }
    })
    .await;
    assert_eq!(results.iter().filter(|done| **done).count(), 1);
    let listed = listed(bench).await;
    assert_eq!(listed.iter().map(|key| key.revoked_at.is_some()).collect::<Vec<_>>(), [true, false]);
}

pub(super) async fn a_key_is_sealed_anew_from_what_it_was_sealed_with(bench: &Bench) {
    let keys = &bench.stores.keys;
    let key = stored(bench, KeyUse::Refresh, 0).await;
    let sealed = |id: &str| Sealed { kek_id: id.to_owned(), bytes: id.as_bytes().to_vec() };
    assert!(keys.reseal(&key, &sealed("kek-2")).await.unwrap());
    assert!(!keys.reseal(&key, &sealed("kek-3")).await.unwrap());
    let resealed = SealedKey { sealed: Some(sealed("kek-2")), ..key };
    assert!(listed(bench).await == [resealed.clone()]);
    assert!(keys.revoke(&resealed, None, START).await.unwrap());
    assert!(!keys.reseal(&resealed, &sealed("kek-3")).await.unwrap());
    assert!(listed(bench).await[0].sealed.is_none());
}

pub(super) async fn keys_are_swept_when_nothing_depends_on_them(bench: &Bench) {
    let (first, second) = (stored(bench, ES256, 0).await, stored(bench, ES256, 1).await);
    let (old, new) = (stored(bench, KeyUse::Refresh, 0).await, stored(bench, KeyUse::Refresh, 1).await);
    assert!(bench.stores.keys.revoke(&first, None, START).await.unwrap());
    let numbers = async || listed(bench).await.into_iter().map(|key| (key.usage, key.number)).collect::<Vec<_>>();
    let sweep = async |at| bench.stores.durable.sweep(at).await.unwrap();
    assert_eq!(sweep(START.plus(ENTRY_LIFE.saturating_sub(Duration::from_millis(1)))).await, 0);
    assert_eq!(sweep(START.plus(ENTRY_LIFE)).await, 1);
    assert_eq!(numbers().await, [(ES256, 1), (KeyUse::Refresh, 0), (KeyUse::Refresh, 1)]);
    assert_eq!(sweep(new.signs_from.plus(LONGEST_REFRESH)).await, 1);
    assert!(listed(bench).await == [second, new]);
    drop(old);
}
