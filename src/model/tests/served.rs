//! What is noted of clients when a configuration begins to apply.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::model::served::{Change, Served};
use crate::protocol::ids::ClientId;
use crate::protocol::time::Timestamp;

fn id(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

fn ids(names: &[&str]) -> BTreeSet<ClientId> {
    names.iter().map(|name| id(name)).collect()
}

fn noted(present: &[&str], left: &[&str], known: &[(&str, bool)]) -> Vec<(String, Change)> {
    let known: BTreeMap<ClientId, bool> = known.iter().map(|(name, served)| (id(name), *served)).collect();
    let served = Served { present: ids(present), left: ids(left) };
    served.changes(&known).into_iter().map(|(id, change)| (id.to_string(), change)).collect()
}

#[test]
fn of_a_client_only_what_changed_is_noted() {
    let one = |change| vec![("a".to_owned(), change)];
    for (present, left, known, expected) in [
        (&["a"][..], &[][..], &[][..], one(Change::First)),
        (&["a"], &[], &[("a", true)], Vec::new()),
        (&["a"], &[], &[("a", false)], one(Change::Returned)),
        (&[], &[], &[("a", true)], one(Change::Ended)),
        (&[], &[], &[("a", false)], Vec::new()),
        (&[], &[], &[], Vec::new()),
        // Somebody else noted it before, and this process served it until now.
        (&[], &["a"], &[("a", false)], one(Change::Ended)),
        (&[], &["a"], &[], one(Change::Ended)),
        // It left and came back before the first could be noted.
        (&["a"], &["a"], &[("a", true)], vec![("a".to_owned(), Change::Ended), ("a".to_owned(), Change::Returned)]),
    ] {
        assert_eq!(noted(present, left, known), expected, "{present:?} {left:?} {known:?}");
    }
}

#[test]
fn what_ended_in_this_millisecond_is_over_and_what_begins_in_it_is_not() {
    let now = Timestamp::from_millis(5);
    assert_eq!(Change::First.valid_from(now), None);
    assert_eq!(Change::Ended.valid_from(now), Some(Timestamp::from_millis(6)));
    assert_eq!(Change::Returned.valid_from(now), Some(now));
}

proptest! {
    /// Noting it and asking again changes nothing more.
    #[test]
    fn it_is_noted_once(
        present in proptest::collection::btree_set("[a-e]", 0..5),
        left in proptest::collection::btree_set("[a-e]", 0..5),
        known in proptest::collection::btree_map("[a-e]", any::<bool>(), 0..5),
    ) {
        let ids = |names: BTreeSet<String>| names.iter().map(|name| id(name)).collect::<BTreeSet<_>>();
        let mut known: BTreeMap<ClientId, bool> = known.iter().map(|(name, served)| (id(name), *served)).collect();
        let served = Served { present: ids(present), left: ids(left) };
        for (id, change) in served.changes(&known) {
            known.insert(id, change != Change::Ended);
        }
        let served_now: BTreeSet<ClientId> = known.iter().filter(|(_, served)| **served).map(|(id, _)| id.clone()).collect();
        prop_assert_eq!(&served_now, &served.present);
        let again = Served { left: BTreeSet::new(), ..served };
        prop_assert!(again.changes(&known).is_empty());
    }
}
