//! What the durable ports promise.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`).

use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::model::consent::Permission;
use crate::model::grant::Grant;
use crate::model::person::{LoginName, StoredPassword};
use crate::model::revocation::Revocation;
use crate::protocol::ids::{ClientId, RoleName};
use crate::protocol::scope::Scope;
use crate::store::contract::samples::{self, LIFE, START};
use crate::store::contract::{Bench, at_once};
use crate::store::{GrantInserted, UserInserted};

const LATER: Duration = Duration::from_secs(5);

pub(super) async fn a_person_comes_back_as_stored(bench: &Bench) {
    let users = &bench.stores.users;
    let full = samples::user();
    let mut bare = samples::user();
    (bare.email, bare.name, bare.password, bare.roles) = (None, None, None, Vec::new());
    (bare.email_verified, bare.disabled) = (false, false);
    let mut third = samples::user();
    third.email = None;
    for user in [&full, &bare, &third] {
        assert_eq!(users.insert(user).await.unwrap(), UserInserted::New);
        let found = users.find(user.id).await.unwrap().unwrap();
        assert_eq!(samples::seen(&found), samples::seen(user));
    }
    assert!(users.find(samples::user_id()).await.unwrap().is_none());
}

pub(super) async fn a_username_and_an_address_belong_to_one_person(bench: &Bench) {
    let users = &bench.stores.users;
    let first = samples::user();
    assert_eq!(users.insert(&first).await.unwrap(), UserInserted::New);
    let mut same_name = samples::user();
    same_name.username = first.username.clone();
    assert_eq!(users.insert(&same_name).await.unwrap(), UserInserted::UsernameTaken);
    let mut same_address = samples::user();
    same_address.email = first.email.clone();
    assert_eq!(users.insert(&same_address).await.unwrap(), UserInserted::EmailTaken);
    assert!(users.find(same_name.id).await.unwrap().is_none());
    assert!(users.find(same_address.id).await.unwrap().is_none());
    let mut same_id = samples::user();
    same_id.id = first.id;
    assert!(users.insert(&same_id).await.is_err());
}

pub(super) async fn of_many_people_with_one_username_one_is_stored(bench: &Bench) {
    let name = samples::user().username;
    let results = at_once(50, |_| {
        let users = bench.stores.users.clone();
        let mut user = samples::user();
        user.username = name.clone();
        async move { users.insert(&user).await.unwrap() }
    })
    .await;
    assert_eq!(results.iter().filter(|result| **result == UserInserted::New).count(), 1);
    assert_eq!(results.iter().filter(|result| **result == UserInserted::UsernameTaken).count(), 49);
}

pub(super) async fn people_are_stored_in_one_go_and_whoever_cannot_be_is_named(bench: &Bench) {
    let users = &bench.stores.users;
    assert_eq!(users.insert_many(&[]).await.unwrap(), []);
    let known = samples::user();
    users.insert(&known).await.unwrap();
    let mut same_name = samples::user();
    same_name.username = known.username.clone();
    let mut same_address = samples::user();
    same_address.email = known.email.clone();
    let first = samples::user();
    let mut again = samples::user();
    again.username = first.username.clone();
    let mut address_again = samples::user();
    address_again.email = first.email.clone();
    let mut many: Vec<_> = (0..600).map(|_| samples::user()).collect();
    many.extend([same_name, same_address, first, again, address_again]);
    let results = users.insert_many(&many).await.unwrap();
    assert!(results[..600].iter().all(|result| *result == UserInserted::New));
    let (name, address) = (UserInserted::UsernameTaken, UserInserted::EmailTaken);
    assert_eq!(results[600..], [name, address, UserInserted::New, name, address]);
    for (user, result) in many.iter().zip(results) {
        let found = users.find(user.id).await.unwrap().map(|found| samples::seen(&found));
        assert_eq!(found, (result == UserInserted::New).then(|| samples::seen(user)));
    }
    assert_eq!(users.insert_many(&many[..2]).await.unwrap(), [name, name]);
}

pub(super) async fn a_person_is_found_by_either_name(bench: &Bench) {
    let users = &bench.stores.users;
    let user = samples::user();
    users.insert(&user).await.unwrap();
    let address = user.email.clone().unwrap();
    for typed in [user.username.as_str().to_uppercase(), address.as_str().to_uppercase()] {
        let found = users.find_by_login(&LoginName::read(&typed)).await.unwrap();
        assert_eq!(found.unwrap().id, user.id, "{typed}");
    }
    let long = "x".repeat(100_000);
    for typed in
        ["", "nobody", "nobody@example.org", "@", "'; DROP TABLE users; --", "%", "a\0b", "a\0@b", "\u{fffe}", &long]
    {
        assert!(users.find_by_login(&LoginName::read(typed)).await.unwrap().is_none(), "{typed}");
    }
}

pub(super) async fn people_are_listed_in_pages_by_username(bench: &Bench) {
    let users = &bench.stores.users;
    let mut expected = Vec::new();
    for _ in 0..5 {
        let user = samples::user();
        users.insert(&user).await.unwrap();
        expected.push(user.username);
    }
    expected.sort();
    let mut listed = Vec::new();
    while let page = users.list(listed.last(), 2).await.unwrap()
        && !page.is_empty()
    {
        assert!(page.len() <= 2);
        listed.extend(page.into_iter().map(|user| user.username));
    }
    assert_eq!(listed, expected);
}

pub(super) async fn roles_are_replaced(bench: &Bench) {
    let users = &bench.stores.users;
    let user = samples::user();
    users.insert(&user).await.unwrap();
    let roles = [RoleName::parse("reader").unwrap()];
    assert!(users.set_roles(user.id, &roles, START.plus(LATER)).await.unwrap());
    let found = users.find(user.id).await.unwrap().unwrap();
    assert_eq!((found.roles.as_slice(), found.updated_at), (roles.as_slice(), START.plus(LATER)));
    assert_eq!(found.valid_from, user.valid_from);
    assert!(!users.set_roles(samples::user_id(), &roles, START).await.unwrap());
    let told: Vec<_> = bench.stores.revocations.since(0).await.unwrap().into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(told, [Revocation::of_change(user.id, START.plus(LATER))], "who remembers them is told");
}

pub(super) async fn a_name_is_replaced(bench: &Bench) {
    let users = &bench.stores.users;
    let (user, other) = (samples::user(), samples::user());
    for person in [&user, &other] {
        users.insert(person).await.unwrap();
    }
    assert!(users.set_name(user.id, "Ada \u{1f989}", START.plus(LATER)).await.unwrap());
    let found = users.find(user.id).await.unwrap().unwrap();
    assert_eq!((found.name.as_deref(), found.updated_at), (Some("Ada \u{1f989}"), START.plus(LATER)));
    assert_eq!(found.valid_from, user.valid_from);
    assert_eq!(users.find(other.id).await.unwrap().unwrap().name, other.name);
    assert!(!users.set_name(samples::user_id(), "x", START).await.unwrap());
    let told: Vec<_> = bench.stores.revocations.since(0).await.unwrap().into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(told, [Revocation::of_change(user.id, START.plus(LATER))], "who remembers them is told");
}

pub(super) async fn a_password_changes_only_from_the_expected_one(bench: &Bench) {
    let users = &bench.stores.users;
    let user = samples::user();
    users.insert(&user).await.unwrap();
    let old = user.password.clone().unwrap();
    let new = samples::password("$new");
    assert!(!users.set_password(user.id, &samples::password("$other"), &new, false, START).await.unwrap());
    assert!(!users.set_password(samples::user_id(), &old, &new, false, START).await.unwrap());
    assert_eq!(samples::seen(&users.find(user.id).await.unwrap().unwrap()), samples::seen(&user));

    assert!(users.set_password(user.id, &old, &new, false, START.plus(LATER)).await.unwrap());
    let found = users.find(user.id).await.unwrap().unwrap();
    assert_eq!(found.valid_from, START.plus(LATER));
    let stored = found.password.unwrap();
    assert_eq!((stored.phc.expose_secret(), stored.generated_until), ("$new", None));
    assert!(!users.set_password(user.id, &old, &new, false, START.plus(LATER)).await.unwrap());

    let mut without = samples::user();
    without.password = None;
    users.insert(&without).await.unwrap();
    assert!(!users.set_password(without.id, &old, &new, false, START).await.unwrap());
}

pub(super) async fn an_upgraded_hash_ends_no_session(bench: &Bench) {
    let users = &bench.stores.users;
    let user = samples::user();
    users.insert(&user).await.unwrap();
    let new = StoredPassword { generated_until: Some(START), ..samples::password("$upgraded") };
    let old = user.password.clone().unwrap();
    assert!(users.set_password(user.id, &old, &new, true, START.plus(LATER)).await.unwrap());
    let found = users.find(user.id).await.unwrap().unwrap();
    assert_eq!((found.valid_from, found.updated_at), (user.valid_from, user.updated_at));
    let stored = found.password.unwrap();
    assert_eq!((stored.phc.expose_secret(), stored.generated_until), ("$upgraded", Some(START)));
}

pub(super) async fn of_many_password_changes_one_succeeds(bench: &Bench) {
    let user = samples::user();
    bench.stores.users.insert(&user).await.unwrap();
    let results = at_once(20, |index| {
        let users = bench.stores.users.clone();
        let (id, old) = (user.id, user.password.clone().unwrap());
        let new = samples::password(&format!("$new-{index}"));
        async move { users.set_password(id, &old, &new, false, START).await.unwrap() }
    })
    .await;
    let winners: Vec<usize> = (0..20).filter(|index| results[*index]).collect();
    assert_eq!(winners.len(), 1);
    let stored = bench.stores.users.find(user.id).await.unwrap().unwrap().password.unwrap();
    assert_eq!(stored.phc.expose_secret(), format!("$new-{}", winners[0]));
}

pub(super) async fn a_consent_only_grows(bench: &Bench) {
    let consents = &bench.stores.consents;
    let (user, client) = (samples::user(), samples::client());
    bench.stores.users.insert(&user).await.unwrap();
    assert_eq!(consents.find(user.id, &client).await.unwrap(), None);
    consents.add(user.id, &client, &Permission::default(), START).await.unwrap();
    assert_eq!(consents.find(user.id, &client).await.unwrap(), None);
    consents.add(user.id, &client, &samples::permission("openid email", "name"), START).await.unwrap();
    consents
        .add(user.id, &client, &samples::permission("email profile", "address name"), START.plus(LATER))
        .await
        .unwrap();
    let found = consents.find(user.id, &client).await.unwrap().unwrap();
    assert_eq!(found.permission, samples::permission("email openid profile", "name address"));
    assert_eq!((found.user_id, found.updated_at), (user.id, START.plus(LATER)));
    let other = ClientId::parse("other").unwrap();
    assert_eq!(consents.find(user.id, &other).await.unwrap(), None);
}

pub(super) async fn consents_added_at_once_lose_nothing(bench: &Bench) {
    let (user, client) = (samples::user(), samples::client());
    bench.stores.users.insert(&user).await.unwrap();
    at_once(30, |index| {
        let (consents, user, client) = (bench.stores.consents.clone(), user.id, client.clone());
        let more = samples::permission(&format!("openid scope-{index}"), "phone_number");
        async move { consents.add(user, &client, &more, START).await.unwrap() }
    })
    .await;
    let found = bench.stores.consents.find(user.id, &client).await.unwrap().unwrap().permission.scope;
    assert_eq!(found.len(), 31);
    assert!((0..30).all(|index| found.contains(&Scope::parse(&format!("scope-{index}")).unwrap())));
}

pub(super) async fn a_grant_comes_back_as_stored(bench: &Bench) {
    let grants = &bench.stores.grants;
    let code = samples::hash();
    let full = samples::grant(Some(code));
    let mut bare = samples::grant(None);
    (bare.session_id, bare.revoked_at) = (None, Some(START.plus(LATER)));
    // Two grants without a code are no replay of one another.
    for grant in [&full, &bare, &samples::grant(None)] {
        assert_eq!(grants.insert(grant).await.unwrap(), GrantInserted::New);
        assert_eq!(grants.find(grant.id).await.unwrap().as_ref(), Some(grant));
    }
    assert_eq!(grants.find_by_code(&code).await.unwrap(), Some(full));
    assert_eq!(grants.find_by_code(&samples::hash()).await.unwrap(), None);
    assert_eq!(grants.find(samples::grant_id()).await.unwrap(), None);
}

pub(super) async fn a_grant_is_found_with_its_person_or_not_at_all(bench: &Bench) {
    let person = samples::user();
    assert_eq!(bench.stores.users.insert(&person).await.unwrap(), UserInserted::New);
    let of = |user_id| Grant { user_id, ..samples::grant(Some(samples::hash())) };
    let (grant, of_nobody) = (of(person.id), of(samples::user_id()));
    for grant in [&grant, &of_nobody] {
        assert_eq!(bench.stores.grants.insert(grant).await.unwrap(), GrantInserted::New);
    }
    let found = bench.stores.grants.find_with_person(grant.id).await.unwrap();
    assert_eq!(found.map(|(grant, person)| (grant, person.username)), Some((grant, person.username)));
    for id in [of_nobody.id, samples::grant_id()] {
        assert!(bench.stores.grants.find_with_person(id).await.unwrap().is_none());
    }
}

pub(super) async fn of_many_redemptions_of_one_code_one_is_new(bench: &Bench) {
    let code = samples::hash();
    let results = at_once(50, |_| {
        let grants = bench.stores.grants.clone();
        let grant = samples::grant(Some(code));
        async move { (grant.id, grants.insert(&grant).await.unwrap()) }
    })
    .await;
    let winners: Vec<_> = results.iter().filter(|(_, result)| *result == GrantInserted::New).collect();
    assert_eq!(winners.len(), 1);
    let winner = winners[0].0;
    let replays = results.iter().filter(|(_, result)| *result == GrantInserted::CodeUsed(winner)).count();
    assert_eq!(replays, 49);
    assert_eq!(bench.stores.grants.find_by_code(&code).await.unwrap().unwrap().id, winner);
}

pub(super) async fn a_grant_is_revoked_once(bench: &Bench) {
    let grants = &bench.stores.grants;
    let (grant, other) = (samples::grant(Some(samples::hash())), samples::grant(None));
    grants.insert(&grant).await.unwrap();
    grants.insert(&other).await.unwrap();
    grants.revoke(grant.id, START).await.unwrap();
    grants.revoke(grant.id, START.plus(LATER)).await.unwrap();
    grants.revoke(samples::grant_id(), START).await.unwrap();
    assert_eq!(grants.find(grant.id).await.unwrap().unwrap().revoked_at, Some(START));
    assert_eq!(grants.find(other.id).await.unwrap().unwrap().revoked_at, None);
}

pub(super) async fn grants_are_swept_when_they_are_over_and_not_before(bench: &Bench) {
    let (stores, grant) = (&bench.stores, samples::grant(Some(samples::hash())));
    stores.grants.insert(&grant).await.unwrap();
    let end = START.plus(LIFE);
    assert_eq!(stores.durable.sweep(end.minus(Duration::from_millis(1))).await.unwrap(), 0);
    assert_eq!(stores.grants.find(grant.id).await.unwrap(), Some(grant.clone()));
    assert_eq!(stores.durable.sweep(end).await.unwrap(), 1);
    assert_eq!(stores.grants.find(grant.id).await.unwrap(), None);
    assert_eq!(stores.durable.sweep(end).await.unwrap(), 0);
}

pub(super) async fn the_durable_backend_answers(bench: &Bench) {
    bench.stores.durable.ping().await.unwrap();
}
