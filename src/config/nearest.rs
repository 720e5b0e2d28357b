//! "Did you mean": the known word that is nearest to a mistyped one.
//!
//! Owns: the edit distance and how near is near. Does not own: who asks.

/// The nearest known word, if a slip or two would turn one into the other.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let near = (word.len() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase().chars().collect::<Vec<_>>()), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, a) in one.iter().enumerate() {
        let mut current = Vec::with_capacity(other.len() + 1);
        current.push(row + 1);
        let mut left = row + 1;
        let mut previous_b = None;
        for (column, b) in other.iter().enumerate() {
            let diagonal = last.get(column).copied().unwrap_or(usize::MAX - 1);
            let above = last.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            let swapped = column > 0 && previous == Some(b) && previous_b == Some(a);
            if swapped {
                let crossed = before_last.get(column - 1).copied().unwrap_or(usize::MAX - 1);
                cost = cost.min(crossed + 1);
            }
            current.push(cost);
            left = cost;
            previous_b = Some(b);
        }
        previous = Some(a);
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(one.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_a_slip_away_and_nothing_for_strangers() {
        let known = ["issuer", "listen", "admin_listen", "redirect_uris"];
        for (typed, meant) in [
            ("isuer", Some("issuer")),
            ("isseur", Some("issuer")),
            ("Listen", Some("listen")),
            ("redirect_uri", Some("redirect_uris")),
            ("redirectUris", Some("redirect_uris")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }
}
