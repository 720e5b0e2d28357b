//! Promises of the stores about refresh tokens and the negative list; threats.md E01, E03, F02.

use std::time::Duration;

use super::samples::{self, LIFE, RULES, START};
use super::{Bench, at_once};
use crate::model::grant::Grant;
use crate::model::refresh::{RefreshRules, Rotation};
use crate::model::revocation::{ENTRY_LIFE, Revocation, Revoked};
use crate::model::secret_key::Purpose;
use crate::protocol::ids::SessionId;
use crate::protocol::time::Timestamp;
use crate::store::GrantInserted;

const MINUTE: Duration = Duration::from_mins(1);

async fn grant(bench: &Bench, session: Option<SessionId>, offline: bool) -> Grant {
    let sample = samples::grant(Some(samples::hash()));
    let grant = Grant { session_id: session.or(sample.session_id), refresh: Some(samples::family(offline)), ..sample };
    assert_eq!(bench.stores.grants.insert(&grant).await.unwrap(), GrantInserted::New);
    grant
}

async fn found(bench: &Bench, grant: &Grant) -> Grant {
    bench.stores.grants.find(grant.id).await.unwrap().unwrap()
}

async fn listed(bench: &Bench) -> Vec<Revocation> {
    bench.stores.revocations.since(0).await.unwrap().into_iter().map(|(_, entry)| entry).collect()
}

pub(super) async fn a_family_comes_back_as_stored(bench: &Bench) {
    let stored = grant(bench, None, true).await;
    assert_eq!(found(bench, &stored).await, stored);
    for step in 1..=10_u32 {
        let now = START.plus(MINUTE * step);
        let before = found(bench, &stored).await;
        let rotation = bench.stores.grants.rotate(&before, step - 1, &RULES, now).await.unwrap();
        let Rotation::Rotated(next) = rotation else { panic!("{rotation:?}") };
        let after = found(bench, &stored).await;
        assert_eq!((after.refresh.as_ref(), next.generation), (Some(next.as_ref()), step));
        assert_eq!(after.expires_at, next.idle_until.plus(MINUTE));
    }
}

pub(super) async fn of_many_that_present_one_token_one_rotates_it(bench: &Bench) {
    let stored = grant(bench, None, false).await;
    for generation in 0..3_u32 {
        let before = found(bench, &stored).await;
        let results = at_once(50, |_| {
            let (grants, before) = (bench.stores.grants.clone(), before.clone());
            async move { grants.rotate(&before, generation, &RULES, START).await.unwrap() }
        })
        .await;
        let rotated = results.iter().filter(|result| matches!(result, Rotation::Rotated(_))).count();
        let again = results.iter().filter(|result| **result == Rotation::Again(generation + 1)).count();
        assert_eq!((rotated, again), (1, 49), "{results:?}");
    }
    assert!(listed(bench).await.is_empty());
}

pub(super) async fn a_thousand_rotations_leave_one_row(bench: &Bench) {
    let stored = grant(bench, None, false).await;
    let mut before = found(bench, &stored).await;
    for generation in 0..1000_u32 {
        let now = START.plus(MINUTE * generation);
        let rotation = bench.stores.grants.rotate(&before, generation, &RULES, now).await.unwrap();
        let Rotation::Rotated(next) = rotation else { panic!("{rotation:?}") };
        assert!(next.rotated_at.len() <= 8);
        before.refresh = Some(*next);
    }
    let end = START.plus(RULES.absolute * 2);
    assert_eq!(bench.stores.durable.sweep(end).await.unwrap(), 1);
}

pub(super) async fn a_family_that_does_not_rotate_notes_its_use(bench: &Bench) {
    let stored = grant(bench, None, false).await;
    let steady = RefreshRules { rotation: false, ..RULES };
    let later = START.plus(MINUTE * 5);
    let rotation = bench.stores.grants.rotate(&stored, 0, &steady, later).await.unwrap();
    assert!(matches!(&rotation, Rotation::Kept(next) if next.generation == 0), "{rotation:?}");
    assert_eq!(found(bench, &stored).await.refresh.unwrap().idle_until, later.plus(RULES.idle));
}

pub(super) async fn a_reused_token_ends_its_grant_and_puts_it_on_the_list(bench: &Bench) {
    let (stored, other) = (grant(bench, None, false).await, grant(bench, None, false).await);
    let grants = &bench.stores.grants;
    grants.rotate(&stored, 0, &RULES, START).await.unwrap();
    let late = START.plus(MINUTE);
    // With what was read before it, too: the row decides.
    assert_eq!(grants.rotate(&stored, 0, &RULES, late).await.unwrap(), Rotation::Reused);
    assert_eq!(found(bench, &stored).await.revoked_at, Some(late));
    assert_eq!(grants.rotate(&found(bench, &stored).await, 1, &RULES, late).await.unwrap(), Rotation::Refused);
    assert_eq!(listed(bench).await, [Revocation::of_grant(stored.id, late)]);
    assert_eq!(found(bench, &other).await, other);
}

pub(super) async fn a_revoked_or_unknown_grant_rotates_nothing(bench: &Bench) {
    let stored = grant(bench, None, false).await;
    let grants = &bench.stores.grants;
    grants.revoke(stored.id, START).await.unwrap();
    grants.revoke(stored.id, START.plus(LIFE)).await.unwrap();
    assert_eq!(grants.rotate(&stored, 0, &RULES, START).await.unwrap(), Rotation::Refused);
    assert_eq!(listed(bench).await, [Revocation::of_grant(stored.id, START)], "one entry for one grant");
    let unknown = Grant { id: samples::grant_id(), ..stored.clone() };
    assert_eq!(grants.rotate(&unknown, 0, &RULES, START).await.unwrap(), Rotation::Refused);
    let without = samples::grant(None);
    grants.insert(&without).await.unwrap();
    assert_eq!(grants.rotate(&without, 0, &RULES, START).await.unwrap(), Rotation::Refused);
}

pub(super) async fn signing_out_ends_the_grants_of_that_session_but_offline_ones(bench: &Bench) {
    let session = samples::session().id;
    let (mine, offline) = (grant(bench, Some(session), false).await, grant(bench, Some(session), true).await);
    let elsewhere = grant(bench, None, false).await;
    let ended = bench.stores.grants.end_session(session, START).await.unwrap();
    assert_eq!(ended, [mine.id]);
    assert_eq!(found(bench, &mine).await.revoked_at, Some(START));
    assert_eq!((found(bench, &offline).await, found(bench, &elsewhere).await), (offline, elsewhere));
    assert_eq!(listed(bench).await, [Revocation::of_session(session, START), Revocation::of_grant(mine.id, START)]);
    assert!(bench.stores.grants.end_session(session, START).await.unwrap().is_empty());
}

pub(super) async fn a_changed_password_and_a_disabled_person_are_on_the_list(bench: &Bench) {
    let users = &bench.stores.users;
    let user = samples::user();
    users.insert(&user).await.unwrap();
    let (old, new) = (user.password.clone().unwrap(), samples::password("$new"));
    assert!(users.set_password(user.id, &old, &new, true, START).await.unwrap());
    assert!(listed(bench).await.is_empty(), "an upgrade ends nothing");
    assert!(!users.set_password(user.id, &old, &new, false, START).await.unwrap());
    assert!(listed(bench).await.is_empty(), "nothing changed");
    let (first, second) = (START.plus(LIFE), START.plus(LIFE * 2));
    assert!(users.set_password(user.id, &new, &old, false, first).await.unwrap());
    assert!(users.set_disabled(user.id, true, second).await.unwrap());
    let found = users.find(user.id).await.unwrap().unwrap();
    assert_eq!((found.disabled, found.valid_from), (true, second));
    let expected = [Revocation::of_person(user.id, first), Revocation::of_person(user.id, second)];
    assert_eq!(listed(bench).await, expected);
    // Letting somebody in again revives nothing.
    assert!(users.set_disabled(user.id, false, second.plus(LIFE)).await.unwrap());
    let found = users.find(user.id).await.unwrap().unwrap();
    assert_eq!((found.disabled, found.valid_from), (false, second));
    let again = Revocation::of_change(user.id, second.plus(LIFE));
    assert_eq!(listed(bench).await, [&expected[..], &[again]].concat());
    assert!(!users.set_disabled(samples::user_id(), true, second).await.unwrap());
}

pub(super) async fn the_list_is_read_from_any_number_and_swept_when_it_covers_nothing(bench: &Bench) {
    let list = &bench.stores.revocations;
    let entry = |what: Revoked, seconds: u64| {
        let expires_at = START.plus(Duration::from_secs(seconds));
        Revocation { what, not_before: START, expires_at }
    };
    let entries = [
        entry(Revoked::Token("a.b".to_owned()), 30),
        entry(Revoked::Grant(samples::grant_id()), 20),
        entry(Revoked::Session(samples::session().id), 20),
        entry(Revoked::Client(samples::client()), 20),
        entry(Revoked::Person(samples::user_id()), 10),
    ];
    for entry in &entries {
        list.add(entry).await.unwrap();
    }
    let all = list.since(0).await.unwrap();
    assert_eq!(all.iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>(), entries);
    assert!(all.is_sorted_by_key(|(number, _)| *number));
    assert_eq!(list.since(all[1].0).await.unwrap(), all[2..]);
    assert!(list.since(all[4].0).await.unwrap().is_empty());
    let at = |seconds: u64| START.plus(Duration::from_secs(seconds));
    assert_eq!(bench.stores.durable.sweep(at(9)).await.unwrap(), 0);
    assert_eq!(bench.stores.durable.sweep(at(20)).await.unwrap(), 4);
    assert_eq!(list.since(0).await.unwrap(), all[..1]);
    // A number that was swept is not used again.
    bench.stores.durable.sweep(at(30)).await.unwrap();
    let late: Timestamp = START.plus(ENTRY_LIFE);
    list.add(&Revocation::of_grant(samples::grant_id(), late)).await.unwrap();
    assert!(list.since(all[4].0).await.unwrap().len() == 1);
}

pub(super) async fn of_many_first_secret_keys_one_is_stored(bench: &Bench) {
    at_once(20, |index| {
        let keys = bench.stores.keys.clone();
        async move { keys.insert_first_secret(&samples::secret_key(&format!("{index:08x}"))).await.unwrap() }
    })
    .await;
    let stored = bench.stores.keys.list_secret(Purpose::Refresh).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert!(stored[0] == samples::secret_key(&stored[0].id));
}
