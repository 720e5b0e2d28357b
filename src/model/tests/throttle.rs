//! When the next try may be made.

use std::time::Duration;

use proptest::prelude::*;

use crate::model::throttle::{Limit, network};
use crate::protocol::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);

/// What the store does with a failure.
fn fail(limit: Limit, until: Option<Timestamp>, now: Timestamp) -> Timestamp {
    until.filter(|until| !until.is_over(now)).unwrap_or(now).plus(limit.cost())
}

#[test]
fn so_many_failures_are_free_and_then_one_each_share_of_the_window() {
    let limit = Limit { failures: 10, window: HOUR };
    let mut until = None;
    for failure in 0..10 {
        assert_eq!(limit.wait(until, NOW), None, "{failure}");
        until = Some(fail(limit, until, NOW));
    }
    let six_minutes = Duration::from_mins(6);
    assert_eq!(limit.wait(until, NOW), Some(six_minutes));
    let almost = NOW.plus(Duration::from_millis(6 * 60_000 - 1));
    assert_eq!(limit.wait(until, almost), Some(Duration::from_millis(1)));
    let later = NOW.plus(six_minutes);
    assert_eq!(limit.wait(until, later), None);
    until = Some(fail(limit, until, later));
    assert_eq!(limit.wait(until, later), Some(six_minutes));
    // After the window there are all of them again.
    assert_eq!(limit.wait(until, later.plus(HOUR)), None);
    assert!(until.is_some_and(|until| until.is_over(later.plus(HOUR))));
}

#[test]
fn a_clock_that_was_set_back_keeps_nobody_out_for_long() {
    let limit = Limit { failures: 10, window: HOUR };
    let far = NOW.plus(Duration::from_hours(24 * 365));
    assert_eq!(limit.wait(Some(far), NOW), Some(HOUR + limit.cost()));
}

#[test]
fn addresses_of_one_line_are_one() {
    use std::net::IpAddr;

    for (address, expected) in [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "0:0:0:0::/64"),
    ] {
        assert_eq!(network(address.parse::<IpAddr>().unwrap()), expected, "{address}");
    }
}

proptest! {
    /// However the tries are spread, no more fail than the limit and its share of the time allow.
    #[test]
    fn never_more_fail_than_the_limit_allows(
        failures in 1_u32..50,
        window in 1_u64..100_000,
        pauses in proptest::collection::vec(0_u64..5_000, 1..300),
    ) {
        let limit = Limit { failures, window: Duration::from_millis(window) };
        let (mut now, mut until, mut failed) = (NOW, None, 0_u128);
        for pause in pauses {
            now = now.plus(Duration::from_millis(pause));
            if limit.wait(until, now).is_none() {
                until = Some(fail(limit, until, now));
                failed += 1;
            }
        }
        let most = u128::from(failures) + now.since(NOW).as_millis() / limit.cost().as_millis();
        // A window that is no multiple of its failures, or shorter than they are, rounds by one.
        prop_assert!(failed <= most + 1, "{failed} of {most}");
    }

    #[test]
    fn whoever_waits_as_told_may_try(failures in 1_u32..1_000, window in 1_u64..10_000_000, debt in 0_u64..20_000_000) {
        let limit = Limit { failures, window: Duration::from_millis(window.max(u64::from(failures))) };
        let until = Some(NOW.plus(Duration::from_millis(debt).min(limit.window * 2)));
        if let Some(wait) = limit.wait(until, NOW) {
            prop_assert!(wait <= limit.window + limit.cost());
            prop_assert_eq!(limit.wait(until, NOW.plus(wait)), None);
        }
    }
}
