//! What the port of identities promises.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`).

use crate::model::identity::{Identity, IdentityKey};
use crate::model::person::User;
use crate::protocol::ids::ProviderId;
use crate::store::contract::samples::{self, LIFE, START};
use crate::store::contract::{Bench, at_once};
use crate::store::{IdentityInserted, IdentityRemoved, PersonCreated, UserInserted};

/// Somebody who may come in and has no password.
fn federated() -> User {
    User { password: None, disabled: false, ..samples::user() }
}

async fn stored(bench: &Bench, user: User) -> User {
    assert_eq!(bench.stores.users.insert(&user).await.unwrap(), UserInserted::New);
    user
}

async fn joined(bench: &Bench, user: &User, provider: &str) -> Identity {
    let identity = samples::identity(user.id, provider);
    assert_eq!(bench.stores.identities.insert(&identity).await.unwrap(), IdentityInserted::New);
    identity
}

fn providers(names: &[&str]) -> Vec<ProviderId> {
    names.iter().map(|name| ProviderId::parse(name).unwrap()).collect()
}

pub(super) async fn an_identity_comes_back_as_stored_with_its_person(bench: &Bench) {
    let identities = &bench.stores.identities;
    let user = stored(bench, federated()).await;
    let full = joined(bench, &user, "google").await;
    let bare = Identity { label: None, ..samples::identity(user.id, "github") };
    assert_eq!(identities.insert(&bare).await.unwrap(), IdentityInserted::New);
    for identity in [&full, &bare] {
        let (found, person) = identities.find(&identity.key).await.unwrap().unwrap();
        assert_eq!(&found, identity);
        assert_eq!(samples::seen(&person), samples::seen(&user));
    }
    assert_eq!(identities.list(user.id).await.unwrap(), [full, bare]);
    assert_eq!(identities.list(samples::user_id()).await.unwrap(), []);
}

pub(super) async fn an_identity_is_found_by_all_of_its_key(bench: &Bench) {
    let identities = &bench.stores.identities;
    let user = stored(bench, federated()).await;
    let key = joined(bench, &user, "google").await.key;
    let issuer = "https://accounts.example/".to_owned();
    for other in [
        IdentityKey { provider: ProviderId::parse("github").unwrap(), ..key.clone() },
        IdentityKey { issuer: issuer.clone(), ..key.clone() },
        IdentityKey { subject: format!("{} ", key.subject), ..key.clone() },
        IdentityKey { subject: key.subject.to_uppercase(), ..key.clone() },
        IdentityKey { subject: "%".to_owned(), ..key.clone() },
    ] {
        assert!(identities.find(&other).await.unwrap().is_none(), "{other:?}");
    }
    // The same subject at another issuer is somebody else.
    let other = Identity { key: IdentityKey { issuer, ..key }, ..samples::identity(user.id, "google") };
    assert_eq!(identities.insert(&other).await.unwrap(), IdentityInserted::New);
}

pub(super) async fn an_identity_opens_one_account(bench: &Bench) {
    let identities = &bench.stores.identities;
    let (user, other) = (stored(bench, federated()).await, stored(bench, federated()).await);
    let identity = joined(bench, &user, "google").await;
    assert_eq!(identities.insert(&identity).await.unwrap(), IdentityInserted::Already);
    let stolen = Identity { user_id: other.id, ..identity.clone() };
    assert_eq!(identities.insert(&stolen).await.unwrap(), IdentityInserted::Taken);
    assert_eq!(identities.find(&identity.key).await.unwrap().unwrap().1.id, user.id);
    assert_eq!(identities.list(other.id).await.unwrap(), []);
}

pub(super) async fn of_many_that_join_one_identity_one_does(bench: &Bench) {
    let mut people = Vec::new();
    for _ in 0..10 {
        people.push(stored(bench, federated()).await.id);
    }
    let sample = samples::identity(people[0], "google");
    let results = at_once(people.len(), |index| {
        let identities = bench.stores.identities.clone();
        let identity = Identity { user_id: people[index], ..sample.clone() };
        async move { identities.insert(&identity).await.unwrap() }
    })
    .await;
    let count = |wanted| results.iter().filter(|result| **result == wanted).count();
    assert_eq!((count(IdentityInserted::New), count(IdentityInserted::Taken)), (1, 9));
}

pub(super) async fn nothing_is_joined_to_somebody_who_is_gone_or_shut_out(bench: &Bench) {
    let identities = &bench.stores.identities;
    let shut_out = stored(bench, User { disabled: true, ..federated() }).await;
    let gone = stored(bench, federated()).await;
    assert!(bench.stores.users.delete(gone.id, START).await.unwrap());
    for user in [shut_out.id, gone.id, samples::user_id()] {
        let identity = samples::identity(user, "google");
        assert_eq!(identities.insert(&identity).await.unwrap(), IdentityInserted::NoPerson);
        assert!(identities.find(&identity.key).await.unwrap().is_none());
    }
}

pub(super) async fn a_person_and_their_first_identity_are_made_together_or_not_at_all(bench: &Bench) {
    let (users, identities) = (&bench.stores.users, &bench.stores.identities);
    let first = federated();
    let identity = samples::identity(first.id, "google");
    assert_eq!(identities.create(&first, &identity).await.unwrap(), PersonCreated::New);
    let (found, person) = identities.find(&identity.key).await.unwrap().unwrap();
    assert_eq!((found, samples::seen(&person)), (identity.clone(), samples::seen(&first)));

    let again = federated();
    assert_eq!(identities.create(&again, &identity).await.unwrap(), PersonCreated::IdentityTaken);
    assert!(users.find(again.id).await.unwrap().is_none(), "half of it was stored");
    let same_name = User { username: first.username.clone(), ..federated() };
    let another = samples::identity(same_name.id, "google");
    assert_eq!(identities.create(&same_name, &another).await.unwrap(), PersonCreated::UsernameTaken);
    let same_address = User { email: first.email.clone(), ..federated() };
    assert_eq!(identities.create(&same_address, &another).await.unwrap(), PersonCreated::EmailTaken);
    assert!(identities.find(&another.key).await.unwrap().is_none());
    // What was refused leaves nothing behind.
    assert_eq!(identities.create(&again, &another).await.unwrap(), PersonCreated::New);

    assert!(users.delete(first.id, START).await.unwrap());
    assert!(
        identities.create(&first, &samples::identity(first.id, "github")).await.is_err(),
        "the id of somebody gone"
    );
}

pub(super) async fn of_many_that_make_a_person_of_one_identity_one_does(bench: &Bench) {
    let sample = samples::identity(samples::user_id(), "google");
    let results = at_once(10, |_| {
        let (identities, user, identity) = (bench.stores.identities.clone(), federated(), sample.clone());
        async move { (user.id, identities.create(&user, &identity).await.unwrap()) }
    })
    .await;
    let made: Vec<_> = results.iter().filter(|(_, result)| *result == PersonCreated::New).collect();
    assert_eq!(made.len(), 1, "{results:?}");
    for (id, result) in &results {
        let there = bench.stores.users.find(*id).await.unwrap().is_some();
        assert_eq!(there, *result == PersonCreated::New);
    }
}

pub(super) async fn the_last_way_in_stays(bench: &Bench) {
    let identities = &bench.stores.identities;
    let both = providers(&["google", "github"]);
    let user = stored(bench, federated()).await;
    let (google, github) = (joined(bench, &user, "google").await, joined(bench, &user, "github").await);
    // One at a provider that is gone or switched off is no way in.
    let only_google = identities.remove(user.id, &google.key, &providers(&["google"]), START).await.unwrap();
    assert_eq!(only_google, IdentityRemoved::LastWay);
    assert_eq!(identities.remove(user.id, &google.key, &both, START).await.unwrap(), IdentityRemoved::Yes);
    assert_eq!(identities.remove(user.id, &google.key, &both, START).await.unwrap(), IdentityRemoved::Unknown);
    assert_eq!(identities.remove(user.id, &github.key, &both, START).await.unwrap(), IdentityRemoved::LastWay);
    assert_eq!(identities.list(user.id).await.unwrap(), std::slice::from_ref(&github));

    // Not by anybody else either.
    let other = stored(bench, federated()).await;
    assert_eq!(identities.remove(other.id, &github.key, &both, START).await.unwrap(), IdentityRemoved::Unknown);

    // A password is a way in; a generated one until its time is over, which is `START + LIFE` for the sample.
    let with_password = stored(bench, User { disabled: false, ..samples::user() }).await;
    let only = joined(bench, &with_password, "google").await;
    let without_it = |now| identities.remove(with_password.id, &only.key, &both, now);
    assert_eq!(without_it(START.plus(LIFE)).await.unwrap(), IdentityRemoved::LastWay);
    assert_eq!(without_it(START).await.unwrap(), IdentityRemoved::Yes);
}

pub(super) async fn of_many_that_remove_at_once_the_last_way_stays(bench: &Bench) {
    let names = ["p-0", "p-1", "p-2", "p-3", "p-4", "p-5"];
    for _ in 0..5 {
        let user = stored(bench, federated()).await;
        let mut keys = Vec::new();
        for name in names {
            keys.push(joined(bench, &user, name).await.key);
        }
        let results = at_once(keys.len(), |index| {
            let (identities, key) = (bench.stores.identities.clone(), keys[index].clone());
            async move { identities.remove(user.id, &key, &providers(&names), START).await.unwrap() }
        })
        .await;
        let kept = results.iter().filter(|result| **result == IdentityRemoved::LastWay).count();
        assert_eq!((kept, bench.stores.identities.list(user.id).await.unwrap().len()), (1, 1), "{results:?}");
    }
}

pub(super) async fn an_identity_notes_its_use(bench: &Bench) {
    let identities = &bench.stores.identities;
    let user = stored(bench, federated()).await;
    let (recent, other) = (joined(bench, &user, "google").await, joined(bench, &user, "github").await);
    identities.touch(&recent.key, None, START.plus(LIFE)).await.unwrap();
    let touched = Identity { used_at: START.plus(LIFE), ..recent };
    assert_eq!(identities.list(user.id).await.unwrap(), [touched.clone(), other.clone()]);
    identities.touch(&touched.key, Some("new@example.org"), START).await.unwrap();
    let touched = Identity { used_at: START, label: Some("new@example.org".to_owned()), ..touched };
    assert_eq!(identities.list(user.id).await.unwrap(), [touched, other]);
    identities.touch(&samples::identity(user.id, "gone").key, None, START).await.unwrap();
}

pub(super) async fn a_deleted_person_takes_their_identities_along(bench: &Bench) {
    let identities = &bench.stores.identities;
    let (user, other) = (stored(bench, federated()).await, stored(bench, federated()).await);
    let (gone, kept) = (joined(bench, &user, "google").await, joined(bench, &other, "google").await);
    assert!(bench.stores.users.delete(user.id, START).await.unwrap());
    assert!(identities.find(&gone.key).await.unwrap().is_none());
    assert_eq!(identities.list(user.id).await.unwrap(), []);
    assert_eq!(identities.list(other.id).await.unwrap(), [kept]);
    // Whoever comes with it then is somebody new.
    let again = federated();
    assert_eq!(identities.create(&again, &gone).await.unwrap(), PersonCreated::New);
    assert_eq!(identities.find(&gone.key).await.unwrap().unwrap().1.id, again.id);
}
