//! The life of keys, step by step and under every order of rotations and revocations.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::model::key_line::{Ahead, Heir, JWKS_MAX_AGE_SECONDS, KeyLine, KeyState, Next, gone, uses};
use crate::model::revocation::ENTRY_LIFE;
use crate::model::sealed_key::{KeyUse, Sealed, SealedKey};

const ES256: KeyUse = KeyUse::Signing(Algorithm::ES256);

fn key(number: u32, created_at: Timestamp, signs_from: Timestamp) -> SealedKey {
    let sealed = Some(Sealed { kek_id: "kek".to_owned(), bytes: Vec::new() });
    SealedKey { id: format!("k{number}"), usage: ES256, number, sealed, created_at, signs_from, revoked_at: None }
}

/// What the store does with a decision.
#[derive(Default)]
struct World {
    keys: Vec<SealedKey>,
    usage: Option<KeyUse>,
}

impl World {
    fn line(&self) -> KeyLine<'_> {
        KeyLine::of(&self.keys, self.usage())
    }

    fn usage(&self) -> KeyUse {
        self.usage.unwrap_or(ES256)
    }

    fn make(&mut self, number: u32, signs_from: Timestamp, now: Timestamp) {
        let key = SealedKey { usage: self.usage(), ..key(number, now, signs_from) };
        assert!(self.keys.iter().all(|known| known.number != number));
        self.keys.push(key);
    }

    fn find(&mut self, id: &str) -> &mut SealedKey {
        self.keys.iter_mut().find(|key| key.id == id).unwrap()
    }

    fn rotate(&mut self, ahead: Ahead, now: Timestamp) {
        match self.line().rotation(self.usage(), ahead, now) {
            Next::Make(slot) => self.make(slot.number, slot.signs_from, now),
            Next::Hasten(key, signs_from) => {
                let id = key.id.clone();
                self.find(&id).signs_from = signs_from;
            }
            Next::Waits(_) => {}
        }
    }

    fn revoke(&mut self, id: &str, now: Timestamp) {
        let line = self.line();
        let key = line.keys().find(|key| key.id == id).unwrap();
        match line.heir(key, now) {
            Heir::Another => {}
            Heir::Pending(heir) => {
                let heir = heir.id.clone();
                self.find(&heir).signs_from = now;
            }
            Heir::Make(slot) => self.make(slot.number, slot.signs_from, now),
        }
        let key = self.find(id);
        (key.revoked_at, key.sealed) = (Some(now), None);
    }

    fn states(&self, now: Timestamp) -> Vec<&'static str> {
        let line = self.line();
        line.keys().map(|key| line.state(key, now).as_str()).collect()
    }
}

fn at(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn a_key_is_published_before_it_signs_and_until_its_last_token_is_over() {
    let mut world = World::default();
    world.rotate(Ahead::Usual, NOW);
    assert_eq!(world.states(NOW), ["active"], "the first signs at once");
    world.rotate(Ahead::Usual, at(1000));
    assert_eq!(world.states(at(1000)), ["active", "pending"]);
    let lead = Ahead::Usual.span(ES256).as_secs();
    assert!(lead >= JWKS_MAX_AGE_SECONDS);
    assert_eq!(world.states(at(1000 + lead - 1)), ["active", "pending"]);
    assert_eq!(world.states(at(1000 + lead)), ["retired", "active"]);
    let life = ENTRY_LIFE.as_secs();
    assert_eq!(world.states(at(1000 + lead + life - 1)), ["retired", "active"]);
    assert_eq!(world.states(at(1000 + lead + life)), ["past", "active"]);
    let remembered = 1000 + lead + 400 * 86_400;
    assert_eq!(world.states(at(remembered - 1)), ["past", "active"]);
    assert_eq!(world.states(at(remembered)), ["gone", "active"]);
    let swept = gone(&world.keys, at(remembered));
    assert_eq!(swept.iter().map(|key| key.number).collect::<Vec<_>>(), [0]);
    assert!(gone(&world.keys, at(remembered - 1)).is_empty());
}

#[test]
fn while_a_key_is_pending_no_second_one_is_made_and_it_may_be_hastened() {
    let mut world = World::default();
    world.rotate(Ahead::Usual, NOW);
    world.rotate(Ahead::Planned, at(10));
    assert_eq!(world.keys[1].signs_from, at(10 + 86_400));
    world.rotate(Ahead::Planned, at(20));
    world.rotate(Ahead::Usual, at(20));
    assert_eq!((world.keys.len(), world.keys[1].signs_from), (2, at(20 + 360)));
    world.rotate(Ahead::Usual, at(30));
    world.rotate(Ahead::Planned, at(30));
    assert_eq!(world.keys[1].signs_from, at(20 + 360));
    world.rotate(Ahead::Hasty, at(30));
    assert_eq!((world.keys.len(), world.keys[1].signs_from), (2, at(40)));
    world.rotate(Ahead::Hasty, at(40));
    assert_eq!(world.states(at(40)), ["retired", "active", "pending"]);
}

#[test]
fn a_revoked_active_key_is_followed_at_once() {
    let mut world = World::default();
    world.rotate(Ahead::Usual, NOW);
    world.revoke("k0", at(10));
    assert_eq!(world.states(at(10)), ["revoked", "active"]);
    // By the one that everybody has already, where there is one.
    world.rotate(Ahead::Usual, at(20));
    world.revoke("k1", at(30));
    assert_eq!(world.states(at(30)), ["revoked", "revoked", "active"]);
    // One that does not sign leaves the line as it is.
    world.rotate(Ahead::Usual, at(40));
    world.revoke("k3", at(50));
    assert_eq!(world.states(at(10_000)), ["revoked", "revoked", "active", "revoked"]);
    world.rotate(Ahead::Hasty, at(10_000));
    assert_eq!(world.states(at(10_010)), ["revoked", "revoked", "retired", "revoked", "active"]);
    let until = at(10_010).plus(ENTRY_LIFE);
    assert_eq!(world.line().state(&world.keys[2], at(10_010)), KeyState::Retired { until });
}

#[test]
fn a_planned_successor_is_due_a_day_ahead_and_once() {
    let mut world = World::default();
    let every = Duration::from_hours(24 * 90);
    assert!(!world.line().is_due(every, NOW), "there is nothing to follow");
    world.rotate(Ahead::Usual, NOW);
    assert!(!world.line().is_due(every, at(89 * 86_400 - 1)));
    assert!(world.line().is_due(every, at(89 * 86_400)));
    world.rotate(Ahead::Planned, at(89 * 86_400));
    assert_eq!(world.keys[1].signs_from, at(90 * 86_400));
    assert!(!world.line().is_due(every, at(89 * 86_400)));
    assert!(!world.line().is_due(every, at(90 * 86_400)));
}

#[test]
fn the_oldest_signs_where_the_clock_is_behind_all_of_them() {
    let keys = [key(0, at(5), at(5)), key(1, at(60), at(60))];
    assert_eq!(KeyLine::of(&keys, ES256).active(NOW).unwrap().number, 0);
    assert!(KeyLine::of(&keys, KeyUse::Refresh).active(NOW).is_none());
}

#[test]
fn keys_of_other_uses_are_other_lines() {
    let other = SealedKey { usage: KeyUse::Refresh, number: 7, ..key(7, NOW, NOW) };
    let keys = [other, key(0, NOW, NOW)];
    assert_eq!(uses(&keys), [ES256, KeyUse::Refresh]);
    assert_eq!(KeyLine::of(&keys, ES256).keys().count(), 1);
    for usage in [KeyUse::Refresh, ES256, KeyUse::Signing(Algorithm::PS256)] {
        assert_eq!(KeyUse::parse(usage.as_str()), Some(usage));
    }
    assert_eq!(KeyUse::parse("HS256"), None);
}

/// What somebody does, and how many seconds later.
#[derive(Debug, Clone)]
enum Step {
    Rotate(Ahead),
    /// The key at that place of the unrevoked ones.
    Revoke(usize),
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Rotate(Ahead::Usual)),
        1 => Just(Step::Rotate(Ahead::Planned)),
        1 => Just(Step::Rotate(Ahead::Hasty)),
        1 => (0..4_usize).prop_map(Step::Revoke),
        5 => Just(Step::Wait),
    ];
    let wait = prop_oneof![0..20_u64, 0..1000_u64, 0..200_000_u64];
    prop::collection::vec((wait, step), 1..60)
}

proptest! {
    /// X16: one active key at every instant; each key is known to everybody before its first signature, unless
    /// it took the place of a revoked one, and good until the last token that it signed is over.
    #[test]
    fn one_key_is_active_and_everybody_has_it_before_and_long_after(steps in steps(), of_refresh: bool) {
        let mut world = World { usage: of_refresh.then_some(KeyUse::Refresh), ..World::default() };
        world.rotate(Ahead::Usual, NOW);
        let mut now = NOW;
        let mut last_signed: HashMap<String, Timestamp> = HashMap::new();
        let mut emergency = true;
        for (wait, step) in steps {
            for part in 1..=4 {
                let now = now.plus(Duration::from_secs(wait * part / 4));
                let line = world.line();
                let states: Vec<_> = line.keys().map(|key| (key, line.state(key, now))).collect();
                let active: Vec<_> = states.iter().filter(|(_, state)| *state == KeyState::Active).collect();
                prop_assert_eq!(active.len(), 1);
                let signing = active[0].0;
                prop_assert!(line.active(now) == Some(signing));
                let known = now.since(signing.created_at);
                let first = !last_signed.contains_key(&signing.id);
                prop_assert!(!first || emergency || known >= Ahead::Hasty.span(world.usage()));
                last_signed.insert(signing.id.clone(), now);
                emergency = false;
                prop_assert!(states.iter().filter(|(_, state)| *state == KeyState::Pending).count() <= 1);
                for (key, state) in states {
                    let over = last_signed.get(&key.id).is_none_or(|at| at.plus(Duration::from_hours(24)) < now);
                    prop_assert!(state.is_good() || over || key.revoked_at.is_some());
                    prop_assert!(!state.is_good() || key.revoked_at.is_none());
                }
            }
            now = now.plus(Duration::from_secs(wait));
            match step {
                Step::Rotate(ahead) => world.rotate(ahead, now),
                Step::Revoke(place) => {
                    let id = world.line().keys().filter(|key| key.revoked_at.is_none()).nth(place).map(|key| key.id.clone());
                    if let Some(id) = id {
                        world.revoke(&id, now);
                        emergency = true;
                    }
                }
                Step::Wait => {
                    let swept: Vec<String> = gone(&world.keys, now).iter().map(|key| key.id.clone()).collect();
                    world.keys.retain(|key| !swept.contains(&key.id));
                }
            }
        }
    }

    /// Without `--now` and without a revocation, whoever keeps the set for as long as it may never meets a
    /// signature of a key that it has not.
    #[test]
    fn who_keeps_the_set_as_long_as_it_may_knows_every_key_that_signs(waits in prop::collection::vec(0..2000_u64, 1..80)) {
        let mut world = World::default();
        world.rotate(Ahead::Usual, NOW);
        let (mut now, mut fetched_at, mut set) = (NOW, NOW, Vec::new());
        for wait in waits {
            now = now.plus(Duration::from_secs(wait));
            let line = world.line();
            if set.is_empty() || now.since(fetched_at).as_secs() >= JWKS_MAX_AGE_SECONDS {
                fetched_at = now;
                set = line.keys().filter(|key| line.state(key, now).is_good()).map(|key| key.id.clone()).collect();
            }
            prop_assert!(set.contains(&line.active(now).unwrap().id));
            world.rotate(Ahead::Usual, now);
        }
    }
}
