//! Promises of the stores about clients that come and go; threats.md D09.

use std::collections::BTreeSet;
use std::time::Duration;

use super::samples::{self, RULES, START};
use super::{Bench, at_once};
use crate::model::grant::Grant;
use crate::model::refresh::Rotation;
use crate::model::revocation::Revocation;
use crate::model::served::{Change, Served, Settled};
use crate::protocol::ids::ClientId;
use crate::protocol::time::Timestamp;

const SECOND: Duration = Duration::from_secs(1);

fn id(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

fn ids(names: &[&str]) -> BTreeSet<ClientId> {
    names.iter().map(|name| id(name)).collect()
}

async fn settle(bench: &Bench, present: &[&str], left: &[&str], now: Timestamp) -> Settled {
    let served = Served { present: ids(present), left: ids(left) };
    bench.stores.clients.settle(&served, now).await.unwrap()
}

fn settled(changes: &[(&str, Change)], grants: u64) -> Settled {
    Settled { changes: changes.iter().map(|(name, change)| (id(name), *change)).collect(), grants }
}

async fn grant(bench: &Bench, client: &str, created_at: Timestamp) -> Grant {
    let sample = samples::grant(Some(samples::hash()));
    let grant = Grant { client_id: id(client), created_at, refresh: Some(samples::family(true)), ..sample };
    bench.stores.grants.insert(&grant).await.unwrap();
    grant
}

async fn revoked_at(bench: &Bench, grant: &Grant) -> Option<Timestamp> {
    bench.stores.grants.find(grant.id).await.unwrap().unwrap().revoked_at
}

async fn listed(bench: &Bench) -> Vec<Revocation> {
    bench.stores.revocations.since(0).await.unwrap().into_iter().map(|(_, entry)| entry).collect()
}

pub(super) async fn a_client_that_goes_takes_its_grants_along(bench: &Bench) {
    let first = settle(bench, &["a", "b"], &[], START).await;
    assert_eq!(first, settled(&[("a", Change::First), ("b", Change::First)], 0));
    let (mine, other) = (grant(bench, "a", START).await, grant(bench, "b", START).await);
    assert_eq!(settle(bench, &["a", "b"], &[], START).await, Settled::default(), "nothing is new");
    let gone = START.plus(SECOND);
    assert_eq!(settle(bench, &["b"], &[], gone).await, settled(&[("a", Change::Ended)], 1));
    assert_eq!((revoked_at(bench, &mine).await, revoked_at(bench, &other).await), (Some(gone), None));
    assert_eq!(bench.stores.grants.rotate(&mine, 0, &RULES, gone).await.unwrap(), Rotation::Refused);
    let entry = Revocation::of_client(id("a"), gone.plus(Duration::from_millis(1)));
    assert_eq!(listed(bench).await, [entry]);
    assert_eq!(settle(bench, &["b"], &[], gone.plus(SECOND)).await, Settled::default(), "once is enough");
    assert_eq!(listed(bench).await.len(), 1);
}

pub(super) async fn a_client_that_comes_back_begins_anew(bench: &Bench) {
    settle(bench, &["a"], &[], START).await;
    settle(bench, &[], &[], START.plus(SECOND)).await;
    // Of an instance that still serves it.
    let between = grant(bench, "a", START.plus(SECOND * 2)).await;
    let back = START.plus(SECOND * 3);
    assert_eq!(settle(bench, &["a"], &[], back).await, settled(&[("a", Change::Returned)], 1));
    assert_eq!(revoked_at(bench, &between).await, Some(back));
    assert!(listed(bench).await.contains(&Revocation::of_client(id("a"), back)));
    let after = grant(bench, "a", back).await;
    assert_eq!(settle(bench, &["a"], &[], back.plus(SECOND)).await, Settled::default());
    assert_eq!(revoked_at(bench, &after).await, None);
}

pub(super) async fn whoever_served_a_client_last_ends_what_it_gave(bench: &Bench) {
    settle(bench, &["a"], &[], START).await;
    settle(bench, &[], &["a"], START.plus(SECOND)).await;
    let late = grant(bench, "a", START.plus(SECOND * 2)).await;
    let heard = START.plus(SECOND * 3);
    assert_eq!(settle(bench, &[], &["a"], heard).await, settled(&[("a", Change::Ended)], 1));
    assert_eq!(revoked_at(bench, &late).await, Some(heard));
    // It went and came back before either could be noted.
    let late = grant(bench, "a", heard).await;
    let back = settle(bench, &["a"], &["a"], heard.plus(SECOND)).await;
    assert_eq!(back, settled(&[("a", Change::Ended), ("a", Change::Returned)], 1));
    assert_eq!(revoked_at(bench, &late).await, Some(heard.plus(SECOND)));
    // Its start was never noted.
    assert_eq!(settle(bench, &["a"], &["b"], heard).await, settled(&[("b", Change::Ended)], 0));
    assert_eq!(settle(bench, &["a", "b"], &[], heard).await, settled(&[("b", Change::Returned)], 0));
}

pub(super) async fn of_many_instances_one_notes_that_a_client_is_back(bench: &Bench) {
    settle(bench, &["a"], &[], START).await;
    settle(bench, &[], &[], START.plus(SECOND)).await;
    let all = at_once(20, |index| {
        let clients = bench.stores.clients.clone();
        let served = Served { present: ids(&["a"]), left: BTreeSet::new() };
        let now = START.plus(SECOND * (2 + u32::try_from(index).unwrap()));
        async move { clients.settle(&served, now).await.unwrap() }
    })
    .await;
    let noted = all.iter().filter(|settled| !settled.changes.is_empty()).count();
    assert_eq!(noted, 1, "{all:?}");
    assert_eq!(listed(bench).await.len(), 2);
}

pub(super) async fn any_number_of_grants_of_a_client_ends(bench: &Bench) {
    settle(bench, &["a", "b"], &[], START).await;
    let mut last = grant(bench, "a", START).await;
    for _ in 0..1_100 {
        last = grant(bench, "a", START).await;
    }
    let other = grant(bench, "b", START).await;
    let gone = START.plus(SECOND);
    assert_eq!(settle(bench, &["b"], &[], gone).await, settled(&[("a", Change::Ended)], 1_101));
    assert_eq!((revoked_at(bench, &last).await, revoked_at(bench, &other).await), (Some(gone), None));
    assert_eq!(listed(bench).await.len(), 1, "one entry for all of them");
}
