//! What the counters of failures promise.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`), when a
//! counter keeps somebody waiting (`model/throttle`).

use std::time::Duration;

use crate::protocol::time::Timestamp;
use crate::store::contract::samples::{self, START};
use crate::store::contract::{Bench, at_once};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const MILLI: Duration = Duration::from_millis(1);

/// The last moment of a second.
const JUST_BEFORE: Duration = SECOND.saturating_sub(MILLI);

fn after(span: Duration) -> Timestamp {
    START.plus(span)
}

pub(super) async fn a_counter_says_until_when_its_failures_are_worked_off(bench: &Bench) {
    let throttle = &bench.stores.throttle;
    let (one, two, none) = (samples::hash(), samples::hash(), samples::hash());
    assert_eq!(throttle.read(&[one]).await.unwrap(), [None]);
    throttle.add(&[(one, SECOND), (two, MINUTE)]).await.unwrap();
    throttle.add(&[(one, SECOND)]).await.unwrap();
    let expected = [Some(after(MINUTE)), None, Some(after(2 * SECOND))];
    assert_eq!(throttle.read(&[two, none, one]).await.unwrap(), expected, "in the order of the names");
    bench.clock.advance(SECOND + JUST_BEFORE);
    assert_eq!(throttle.read(&[one]).await.unwrap(), [Some(after(2 * SECOND))]);
    bench.clock.advance(MILLI);
    assert_eq!(throttle.read(&[one, two]).await.unwrap(), [None, Some(after(MINUTE))]);
}

pub(super) async fn failures_counted_at_once_are_all_counted(bench: &Bench) {
    let names = [samples::hash(), samples::hash()];
    let all = at_once(50, |_| {
        let throttle = bench.stores.throttle.clone();
        async move { throttle.add(&names.map(|name| (name, SECOND))).await }
    })
    .await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(bench.stores.throttle.read(&names).await.unwrap(), [Some(after(50 * SECOND)); 2]);
}

pub(super) async fn a_counter_of_which_nothing_is_left_begins_anew(bench: &Bench) {
    let (throttle, name) = (&bench.stores.throttle, samples::hash());
    throttle.add(&[(name, SECOND)]).await.unwrap();
    bench.clock.advance(MINUTE);
    throttle.add(&[(name, SECOND)]).await.unwrap();
    assert_eq!(throttle.read(&[name]).await.unwrap(), [Some(after(MINUTE + SECOND))]);
}

pub(super) async fn a_forgotten_counter_begins_anew_and_no_other_does(bench: &Bench) {
    let (throttle, one, two) = (&bench.stores.throttle, samples::hash(), samples::hash());
    throttle.forget(&one).await.unwrap();
    throttle.add(&[(one, MINUTE), (two, MINUTE)]).await.unwrap();
    throttle.forget(&one).await.unwrap();
    assert_eq!(throttle.read(&[one, two]).await.unwrap(), [None, Some(after(MINUTE))]);
    throttle.add(&[(one, SECOND)]).await.unwrap();
    assert_eq!(throttle.read(&[one]).await.unwrap(), [Some(after(SECOND))]);
}

pub(super) async fn the_furthest_instant_is_kept_to_the_millisecond(bench: &Bench) {
    let (throttle, name) = (&bench.stores.throttle, samples::hash());
    let year = Duration::from_hours(365 * 24);
    for years in 1..=3 {
        throttle.add(&[(name, year + MILLI)]).await.unwrap();
        assert_eq!(throttle.read(&[name]).await.unwrap(), [Some(after(years * (year + MILLI)))]);
    }
}

pub(super) async fn counters_are_swept_when_nothing_is_left_of_them(bench: &Bench) {
    let (throttle, one, two) = (&bench.stores.throttle, samples::hash(), samples::hash());
    throttle.add(&[(one, SECOND), (two, MINUTE)]).await.unwrap();
    let in_database = u64::from(bench.redis.is_none());
    assert_eq!(bench.stores.ephemeral.sweep(START.plus(JUST_BEFORE)).await.unwrap(), 0);
    assert_eq!(bench.stores.ephemeral.sweep(START.plus(SECOND)).await.unwrap(), in_database);
    assert_eq!(throttle.read(&[two]).await.unwrap(), [Some(after(MINUTE))]);
    assert_eq!(bench.stores.ephemeral.sweep(START.plus(MINUTE)).await.unwrap(), in_database);
}
