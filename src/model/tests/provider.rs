//! What a provider's mapping does to the roles of a person.

use proptest::prelude::*;

use super::role_name;
use crate::model::provider::{ClaimPath, RoleMapping};
use crate::protocol::ids::RoleName;

fn mapping() -> RoleMapping {
    let pair = |value: &str, role: &str| (value.to_owned(), role_name(role));
    RoleMapping {
        claim: Some(ClaimPath(vec!["groups".to_owned()])),
        roles: vec![pair("writers", "writer"), pair("authors", "writer"), pair("office", "clerk")],
    }
}

fn roles(names: &[&str]) -> Vec<RoleName> {
    names.iter().map(|name| role_name(name)).collect()
}

#[test]
fn the_roles_of_the_mapping_are_given_and_taken_and_others_stay() {
    for (held, given, expected) in [
        (&[][..], &["writer"][..], &["writer"][..]),
        (&["writer"], &[], &[]),
        (&["admin", "writer"], &["clerk"], &["admin", "clerk"]),
        (&["writer", "admin"], &["writer"], &["writer", "admin"]),
        // What the mapping cannot give is not given, and not taken.
        (&["admin"], &["admin", "root"], &["admin"]),
        (&[], &["writer", "writer"], &["writer"]),
    ] {
        assert_eq!(mapping().applied(&roles(held), &roles(given)), roles(expected), "{held:?} {given:?}");
    }
    let none = RoleMapping { claim: None, ..mapping() };
    assert_eq!(none.applied(&roles(&["writer"]), &[]), roles(&["writer"]), "a provider without a mapping");
}

proptest! {
    #[test]
    fn applied_twice_is_applied_once_and_what_is_not_mapped_never_moves(
        held in proptest::collection::vec("(writer|clerk|admin|reader)", 0..6),
        given in proptest::collection::vec("(writer|clerk|admin|root)", 0..6),
    ) {
        let held: Vec<RoleName> = held.iter().map(|name| role_name(name)).collect();
        let given: Vec<RoleName> = given.iter().map(|name| role_name(name)).collect();
        let once = mapping().applied(&held, &given);
        prop_assert_eq!(mapping().applied(&once, &given), once.clone());
        for role in ["admin", "reader", "root"].map(role_name) {
            prop_assert_eq!(once.contains(&role), held.contains(&role));
        }
        for role in ["writer", "clerk"].map(role_name) {
            prop_assert_eq!(once.contains(&role), given.contains(&role));
        }
    }
}
