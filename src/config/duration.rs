//! Lengths of time as configuration writes them.
//!
//! Owns: `"500ms"`, `"60s"`, `"10m"`, `"12h"`, `"7d"`, `"1h30m"`. Does not own: which lengths a key takes.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads a length; `None` when the text is none or too long for 64 bits of milliseconds.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let length = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(length);
        let (_, milliseconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(milliseconds)?)?;
        rest = next;
    }
    Some(Duration::from_millis(total))
}

/// Writes a length in the largest unit that it is a whole number of.
pub(super) fn show(duration: Duration) -> String {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let unit = UNITS.into_iter().find(|(_, size)| milliseconds >= *size && milliseconds % size == 0);
    unit.map_or_else(|| "0s".to_owned(), |(name, size)| format!("{}{name}", milliseconds / size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        for (text, seconds) in
            [("60s", Some(60)), ("10m", Some(600)), ("12h", Some(43_200)), ("7d", Some(604_800)), ("1h30m", Some(5400))]
        {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        for text in ["", "10", "m", "10 m", "-1s", "1.5h", "10min", "99999999999999999999d", "9999999999999999d", "10M"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(milliseconds in 1_u64..=u64::MAX / 2) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&show(duration)), Some(duration));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
