//! Instants and spans in words, for people.
//!
//! Owns: `2026-11-24 20:15:30 UTC (in 10 minutes)`. Does not own: the clock.

use crate::protocol::time::Timestamp;

/// The instant in UTC and how far it is from now.
#[must_use]
pub fn instant_and_distance(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", instant(at), distance(at, now))
}

/// `2026-11-24 20:15:30 UTC` (proleptic Gregorian calendar).
#[must_use]
pub fn instant(at: Timestamp) -> String {
    let seconds = at.seconds();
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let second_of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// `in 10 minutes`, `3 hours ago`, `now`.
#[must_use]
pub fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.seconds().saturating_sub(now.seconds());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(seconds.unsigned_abs())),
        _ => format!("{} ago", span(seconds.unsigned_abs())),
    }
}

fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Days since 1970-01-01 as year, month, day, by eras of 400 years counted from March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(instant(Timestamp::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn no_instant_overflows() {
        assert!(instant(Timestamp::from_millis(i64::MAX)).ends_with(" UTC"));
        assert!(instant(Timestamp::from_millis(i64::MIN)).ends_with(" UTC"));
    }

    #[test]
    fn distances_are_in_words() {
        let now = Timestamp::from_seconds(1_000_000);
        for (offset, text) in [
            (0, "now"),
            (1, "in 1 second"),
            (600, "in 10 minutes"),
            (-7_200, "2 hours ago"),
            (3 * 86_400, "in 3 days"),
            (-60, "60 seconds ago"),
        ] {
            assert_eq!(distance(Timestamp::from_seconds(1_000_000 + offset), now), text);
        }
    }
}
