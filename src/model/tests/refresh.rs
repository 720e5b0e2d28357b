//! What a presented generation comes to, as a table and as a property; threats.md E01, E03, E09.

use proptest::prelude::*;

use super::*;
use crate::model::refresh::{Family, KEPT_ROTATIONS, RefreshRules, Rotation};

const RULES: RefreshRules = RefreshRules {
    rotation: true,
    idle: Duration::from_secs(1_000),
    absolute: Duration::from_secs(5_000),
    grace: Duration::from_secs(20),
};

fn begun() -> Family {
    Family::begin(SignIn::by_password(NOW), None, false, &RULES, NOW)
}

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// The family after one rotation at each of these instants.
fn rotated(at: &[u64]) -> Family {
    at.iter().fold(begun(), |family, seconds| match family.present(family.generation, &RULES, after(*seconds)) {
        Rotation::Rotated(next) => *next,
        other => panic!("{other:?}"),
    })
}

#[test]
fn the_current_generation_rotates_and_is_noted() {
    let family = rotated(&[100, 250]);
    assert_eq!((family.generation, family.rotated_at.as_slice()), (2, [after(100), after(250)].as_slice()));
    assert_eq!((family.idle_until, family.expires_at), (after(1_250), after(5_000)));
}

#[test]
fn a_superseded_generation_gets_the_current_one_within_the_grace_and_ends_the_family_after_it() {
    let family = rotated(&[100, 105]);
    for (generation, seconds, expected) in [
        (1, 105, Rotation::Again(2)),
        (1, 125, Rotation::Again(2)),
        (1, 126, Rotation::Reused),
        (0, 120, Rotation::Again(2)),
        (0, 121, Rotation::Reused),
        (0, 900, Rotation::Reused),
    ] {
        assert_eq!(family.present(generation, &RULES, after(seconds)), expected, "{generation} at {seconds}");
    }
}

#[test]
fn nothing_older_than_what_is_remembered_ends_a_family_that_is_busy_within_the_grace() {
    let busy = rotated(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(busy.rotated_at.len(), KEPT_ROTATIONS);
    assert_eq!(busy.present(0, &RULES, after(10)), Rotation::Refused);
    assert_eq!(busy.present(1, &RULES, after(10)), Rotation::Again(9));
    // The oldest of the eight is of second 2.
    assert_eq!(busy.present(0, &RULES, after(22)), Rotation::Refused);
    assert_eq!(busy.present(0, &RULES, after(23)), Rotation::Reused);
    // One of the eight is older than the grace: so is everything before it.
    let mixed = rotated(&[1, 2, 103, 104, 105, 106, 107, 108, 109]);
    assert_eq!(mixed.present(0, &RULES, after(110)), Rotation::Reused);
}

#[test]
fn a_generation_of_the_future_changes_nothing() {
    assert_eq!(rotated(&[1]).present(2, &RULES, after(2)), Rotation::Refused);
    assert_eq!(begun().present(u32::MAX, &RULES, after(2)), Rotation::Refused);
}

#[test]
fn a_family_is_over_when_idle_and_when_old_whatever_is_presented() {
    let family = rotated(&[100]);
    assert!(matches!(family.present(1, &RULES, after(1_099)), Rotation::Rotated(_)));
    assert_eq!(family.present(1, &RULES, after(1_100)), Rotation::Refused);
    assert_eq!(family.present(0, &RULES, after(1_100)), Rotation::Refused);
    let busy = rotated(&[900, 1_800, 2_700, 3_600, 4_500]);
    assert_eq!(busy.ends_at(), after(5_000));
    assert!(matches!(busy.present(5, &RULES, after(4_999)), Rotation::Rotated(_)));
    assert_eq!(busy.present(5, &RULES, after(5_000)), Rotation::Refused);
}

#[test]
fn without_rotation_the_same_generation_stays_and_its_use_is_noted_by_the_minute() {
    let rules = RefreshRules { rotation: false, ..RULES };
    let family = begun();
    assert_eq!(family.present(0, &rules, after(59)), Rotation::Again(0));
    let Rotation::Kept(next) = family.present(0, &rules, after(60)) else { panic!("not noted") };
    assert_eq!((next.generation, next.idle_until, next.rotated_at.len()), (0, after(1_060), 0));
}

#[test]
fn a_clients_own_rules_come_before_the_general_ones() {
    let own = RefreshPolicy { rotation: false, grace: Some(Duration::ZERO), ..RefreshPolicy::default() };
    assert_eq!(own.rules(&RULES), RefreshRules { rotation: false, grace: Duration::ZERO, ..RULES });
    assert_eq!(RefreshPolicy::default().rules(&RULES), RULES);
}

proptest! {
    /// Whoever presents whatever, whenever: there is one current generation, it only grows by one, and only
    /// its own holder makes it grow. So two different successors of one token are never both accepted.
    #[test]
    fn a_family_never_forks(steps in proptest::collection::vec((0..12_u32, 0..40_u64), 1..60)) {
        let mut family = begun();
        let mut now = NOW;
        for (back, pause) in steps {
            now = now.plus(Duration::from_secs(pause));
            let presented = family.generation.saturating_sub(back);
            match family.present(presented, &RULES, now) {
                Rotation::Rotated(next) => {
                    prop_assert_eq!(presented, family.generation);
                    prop_assert_eq!(next.generation, family.generation + 1);
                    prop_assert!(next.rotated_at.len() <= KEPT_ROTATIONS);
                    prop_assert_eq!(next.rotated_at.last(), Some(&now));
                    family = *next;
                }
                Rotation::Again(current) => {
                    prop_assert!(presented < family.generation);
                    prop_assert_eq!(current, family.generation);
                }
                Rotation::Kept(_) => prop_assert!(false, "it rotates"),
                Rotation::Reused | Rotation::Refused => {
                    prop_assert!(presented < family.generation || family.ends_at().is_over(now));
                }
            }
        }
    }

    /// An honest client that lost the answer asks again within the grace, and is never signed out.
    #[test]
    fn whoever_repeats_a_request_within_the_grace_never_ends_a_family(waits in proptest::collection::vec(0..=20_u64, 1..40)) {
        let mut family = begun();
        let mut now = NOW;
        for wait in waits {
            let held = family.generation;
            let Rotation::Rotated(next) = family.present(held, &RULES, now) else { panic!("the current one") };
            family = *next;
            now = now.plus(Duration::from_secs(wait));
            prop_assert_eq!(family.present(held, &RULES, now), Rotation::Again(family.generation));
        }
    }
}
