//! What the port of providers' tokens promises.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`).

use crate::model::identity::{Identity, IdentityKey};
use crate::model::person::User;
use crate::model::provider_tokens::{KeptTokens, SealedTokens};
use crate::model::sealed_key::Sealed;
use crate::protocol::ids::{ProviderId, UserId};
use crate::store::contract::samples::{self, LIFE, START};
use crate::store::contract::{Bench, at_once};
use crate::store::{IdentityInserted, IdentityRemoved, UserInserted};

/// Somebody who is there.
async fn person(bench: &Bench) -> UserId {
    let user = User { disabled: false, ..samples::user() };
    assert_eq!(bench.stores.users.insert(&user).await.unwrap(), UserInserted::New);
    user.id
}

async fn joined(bench: &Bench, user: UserId, provider: &str) -> IdentityKey {
    let identity = samples::identity(user, provider);
    assert_eq!(bench.stores.identities.insert(&identity).await.unwrap(), IdentityInserted::New);
    identity.key
}

async fn kept(bench: &Bench, key: &IdentityKey) -> KeptTokens {
    let tokens = samples::sealed_tokens();
    assert!(bench.stores.provider_tokens.put(key, &tokens).await.unwrap());
    KeptTokens { key: key.clone(), tokens, claimed_until: None }
}

/// Those of somebody new.
async fn some(bench: &Bench) -> KeptTokens {
    let user = person(bench).await;
    kept(bench, &joined(bench, user, "google").await).await
}

async fn found(bench: &Bench, key: &IdentityKey) -> Option<KeptTokens> {
    bench.stores.provider_tokens.find(key).await.unwrap()
}

fn sealed(kek_id: &str) -> Sealed {
    Sealed { kek_id: kek_id.to_owned(), bytes: kek_id.as_bytes().to_vec() }
}

pub(super) async fn tokens_come_back_as_kept_with_whose_they_are(bench: &Bench) {
    let (user, other) = (person(bench).await, person(bench).await);
    let [google, github] = [joined(bench, user, "google").await, joined(bench, user, "github").await];
    assert_eq!(found(bench, &google).await, None);
    // The order is that of the identities.
    let second = kept(bench, &github).await;
    let first = kept(bench, &google).await;
    let of_other = kept(bench, &joined(bench, other, "google").await).await;
    let bare = SealedTokens { scope: String::new(), expires_at: None, refreshable: false, ..samples::sealed_tokens() };
    let third = joined(bench, user, "gitlab").await;
    assert!(bench.stores.provider_tokens.put(&third, &bare).await.unwrap());
    let third = KeptTokens { key: third, tokens: bare, claimed_until: None };
    for kept in [&first, &second, &third, &of_other] {
        assert_eq!(found(bench, &kept.key).await.as_ref(), Some(kept));
    }
    let store = &bench.stores.provider_tokens;
    assert_eq!(store.list(user).await.unwrap(), [first, second, third]);
    assert_eq!(store.list(samples::user_id()).await.unwrap(), []);
    assert_eq!(store.count().await.unwrap(), 4);
}

pub(super) async fn tokens_are_kept_in_the_place_of_others_and_for_an_identity_that_is_there(bench: &Bench) {
    let store = &bench.stores.provider_tokens;
    let old = some(bench).await;
    assert!(store.claim(&old, START.plus(LIFE), START).await.unwrap());
    // A sign-in counts whoever refreshes the old ones.
    let new = kept(bench, &old.key).await;
    assert_eq!(found(bench, &old.key).await, Some(new));
    let stranger = samples::identity(samples::user_id(), "google").key;
    assert!(!store.put(&stranger, &samples::sealed_tokens()).await.unwrap());
    assert_eq!(found(bench, &stranger).await, None);
    assert_eq!(store.count().await.unwrap(), 1);
}

pub(super) async fn tokens_that_are_not_there_are_forgotten_as_well(bench: &Bench) {
    let store = &bench.stores.provider_tokens;
    let (gone, stays) = (some(bench).await, some(bench).await);
    for _ in 0..2 {
        store.forget(&gone.key).await.unwrap();
        assert_eq!(found(bench, &gone.key).await, None);
    }
    store.forget(&samples::identity(samples::user_id(), "google").key).await.unwrap();
    assert_eq!(found(bench, &stays.key).await, Some(stays));
}

pub(super) async fn of_many_that_claim_tokens_one_has_them(bench: &Bench) {
    let tokens = some(bench).await;
    for round in 1..=5 {
        let now = START.plus(LIFE * round);
        let results = at_once(10, |_| {
            let (store, tokens) = (bench.stores.provider_tokens.clone(), tokens.clone());
            async move { store.claim(&tokens, now.plus(LIFE), now).await.unwrap() }
        })
        .await;
        assert_eq!(results.iter().filter(|claimed| **claimed).count(), 1);
        assert_eq!(found(bench, &tokens.key).await.unwrap().claimed_until, Some(now.plus(LIFE)));
    }
}

pub(super) async fn a_claim_is_given_up_by_who_has_it_and_ends_by_itself(bench: &Bench) {
    let store = &bench.stores.provider_tokens;
    let tokens = some(bench).await;
    let (first, second) = (START.plus(LIFE), START.plus(LIFE * 2));
    assert!(!store.release(&tokens, first).await.unwrap(), "there is none");
    assert!(store.claim(&tokens, first, START).await.unwrap());
    assert!(!store.claim(&tokens, second, START).await.unwrap());
    // At its end it is over.
    assert!(store.claim(&tokens, second, first).await.unwrap());
    assert!(!store.release(&tokens, first).await.unwrap(), "it is another's");
    assert!(store.release(&tokens, second).await.unwrap());
    assert_eq!(found(bench, &tokens.key).await, Some(tokens.clone()));
    assert!(store.claim(&tokens, first, START).await.unwrap());
}

pub(super) async fn tokens_are_replaced_and_removed_only_as_they_were_found(bench: &Bench) {
    let store = &bench.stores.provider_tokens;
    let (old, other) = (some(bench).await, some(bench).await);
    assert!(store.claim(&old, START.plus(LIFE), START).await.unwrap());
    let new = SealedTokens { sealed: sealed("kek-2"), scope: "a".to_owned(), ..samples::sealed_tokens() };
    let new = SealedTokens { expires_at: None, refreshable: false, ..new };
    assert!(store.replace(&old, &new).await.unwrap());
    let replaced = KeptTokens { tokens: new, ..old.clone() };
    assert_eq!(found(bench, &old.key).await.as_ref(), Some(&replaced), "and nobody claims them");
    // Whoever found the old ones changes nothing any more.
    assert!(!store.replace(&old, &samples::sealed_tokens()).await.unwrap());
    assert!(!store.remove(&old).await.unwrap());
    assert!(!store.claim(&old, START.plus(LIFE), START).await.unwrap());
    assert_eq!(found(bench, &old.key).await.as_ref(), Some(&replaced));
    assert!(store.remove(&replaced).await.unwrap());
    assert!(!store.remove(&replaced).await.unwrap());
    assert!(!store.replace(&replaced, &samples::sealed_tokens()).await.unwrap(), "what is gone does not come back");
    assert_eq!((found(bench, &old.key).await, found(bench, &other.key).await), (None, Some(other)));
}

pub(super) async fn of_many_that_replace_tokens_one_does(bench: &Bench) {
    let old = some(bench).await;
    let results = at_once(10, |_| {
        let (store, old, new) = (bench.stores.provider_tokens.clone(), old.clone(), samples::sealed_tokens());
        async move { store.replace(&old, &new).await.unwrap().then_some(new) }
    })
    .await;
    let [won] = results.into_iter().flatten().collect::<Vec<_>>().try_into().expect("one");
    assert_eq!(found(bench, &old.key).await.unwrap().tokens, won);
}

pub(super) async fn tokens_are_sealed_anew_while_they_are_claimed(bench: &Bench) {
    let store = &bench.stores.provider_tokens;
    let tokens = some(bench).await;
    assert!(store.claim(&tokens, START.plus(LIFE), START).await.unwrap());
    assert!(store.reseal(&tokens, &sealed("kek-2")).await.unwrap());
    assert!(!store.reseal(&tokens, &sealed("kek-3")).await.unwrap());
    let resealed = found(bench, &tokens.key).await.unwrap();
    let expected = SealedTokens { sealed: sealed("kek-2"), ..tokens.tokens.clone() };
    assert_eq!((&resealed.tokens, resealed.claimed_until), (&expected, Some(START.plus(LIFE))));
    // Whoever refreshes them knows nothing of it.
    assert!(store.replace(&tokens, &samples::sealed_tokens()).await.unwrap());
    assert!(!store.reseal(&resealed, &sealed("kek-3")).await.unwrap(), "they are others now");
}

pub(super) async fn what_another_key_sealed_is_found_in_turns(bench: &Bench) {
    let store = &bench.stores.provider_tokens;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(some(bench).await);
    }
    assert_eq!(store.sealed_by_others("kek-1", 10).await.unwrap(), []);
    let mut turns = Vec::new();
    loop {
        let turn = store.sealed_by_others("kek-2", 2).await.unwrap();
        if turn.is_empty() {
            break;
        }
        for found in &turn {
            assert!(store.reseal(found, &sealed("kek-2")).await.unwrap());
        }
        turns.push(turn.len());
        assert!(turns.len() < 10, "it comes to no end");
    }
    assert_eq!(turns, [2, 2, 1]);
    assert_eq!(store.sealed_by_others("kek-1", 10).await.unwrap().len(), 5);
}

pub(super) async fn an_unlinked_identity_takes_its_tokens_along(bench: &Bench) {
    let user = person(bench).await;
    let [gone, stays] = [joined(bench, user, "google").await, joined(bench, user, "github").await];
    let (_, kept_stays) = (kept(bench, &gone).await, kept(bench, &stays).await);
    let usable = ["google", "github"].map(|name| ProviderId::parse(name).unwrap());
    let removed = bench.stores.identities.remove(user, &gone, &usable, START).await.unwrap();
    assert_eq!(removed, IdentityRemoved::Yes);
    assert_eq!(bench.stores.provider_tokens.list(user).await.unwrap(), [kept_stays]);
    assert_eq!(bench.stores.provider_tokens.count().await.unwrap(), 1);
    // Whoever links it then begins with nothing.
    let other = person(bench).await;
    let again = Identity { key: gone.clone(), ..samples::identity(other, "google") };
    assert_eq!(bench.stores.identities.insert(&again).await.unwrap(), IdentityInserted::New);
    assert_eq!(found(bench, &gone).await, None);
}

pub(super) async fn a_deleted_person_takes_the_tokens_along(bench: &Bench) {
    let (user, other) = (person(bench).await, some(bench).await);
    for provider in ["google", "github"] {
        kept(bench, &joined(bench, user, provider).await).await;
    }
    assert!(bench.stores.users.delete(user, START).await.unwrap());
    assert_eq!(bench.stores.provider_tokens.count().await.unwrap(), 1);
    assert_eq!(found(bench, &other.key).await, Some(other));
}
