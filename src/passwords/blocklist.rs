//! Passwords that are guessed first.
//!
//! Owns: the lists and the patterns. Does not own: the other rules (`policy`).
//!
//! What matters is what is left of a password when everything predictable is taken out of it, so the
//! short list of words stands for every password that is put together from them.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

/// Whole passwords that appear in leaks: letters and digits, lower case.
static PASSWORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("blocklist.txt").lines().map(str::trim).filter(|line| !line.is_empty()).collect());

/// Words that passwords are put together from, longest first.
static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut words: Vec<&str> = include_str!("blocklist_words.txt").split_whitespace().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
});

/// Rows, columns and zigzags of keyboards, alphabet and digits; read in both directions.
const SEQUENCES: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
];

/// Letters that must be left when words, digits and signs are taken out.
const LEAST_LETTERS: usize = 4;
/// A number of so many digits that is no pattern is as good as words.
const LEAST_DIGITS: usize = 15;

/// Whether a password is on a list, one pattern, or made of common words and the person's own.
pub(super) fn is_common(password: &str, own_words: &[String]) -> bool {
    let lower: String = password.nfkc().flat_map(char::to_lowercase).collect();
    let text: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    // A year or a counter beside a known password changes nothing.
    let core = text.trim_matches(char::is_numeric);
    PASSWORDS.contains(text.as_str())
        || PASSWORDS.contains(core)
        || is_pattern(&lower.chars().collect::<Vec<_>>())
        || is_made_of_words(&lower, own_words, |c| c)
        || is_made_of_words(&lower, own_words, without_substitution)
}

/// Whether at least three quarters of the characters follow from the one before (or the text repeats a
/// short unit).
fn is_pattern(chars: &[char]) -> bool {
    let following = chars.windows(2).filter(|pair| matches!(pair, [a, b] if follows(*a, *b))).count();
    let fresh = chars.len().saturating_sub(following);
    let unit = (1..=chars.len() / 2).find(|period| chars.iter().zip(chars.iter().skip(*period)).all(|(a, b)| a == b));
    let few = chars.iter().collect::<HashSet<_>>().len() < 5;
    fresh * 4 <= chars.len() || unit.is_some_and(|period| period <= 6) || few
}

fn follows(a: char, b: char) -> bool {
    let beside = |sequence: &str| {
        let pairs = sequence.chars().zip(sequence.chars().skip(1));
        pairs.into_iter().any(|(left, right)| (left, right) == (a, b) || (right, left) == (a, b))
    };
    a == b || SEQUENCES.into_iter().any(beside)
}

/// Whether almost no letter is left when common words and the person's own are taken out. `read` is how
/// a character is read when words are looked for. Signs of other scripts, emoji among them, count as
/// letters; ASCII signs do not.
fn is_made_of_words(lower: &str, own_words: &[String], read: fn(char) -> char) -> bool {
    let as_read = lower.chars().map(|c| (c, read(c)));
    let mut rest: Vec<(char, char)> = as_read.filter(|(_, c)| c.is_alphanumeric() || is_foreign_sign(*c)).collect();
    let mut own: Vec<String> = own_words.iter().map(|word| squeezed(word)).collect();
    own.retain(|word| word.chars().count() >= 3);
    own.sort_by_key(|word| std::cmp::Reverse(word.len()));
    own.iter().map(String::as_str).chain(WORDS.iter().copied()).for_each(|word| take_out(&mut rest, word));
    let letters = rest.iter().filter(|(c, _)| c.is_alphabetic() || is_foreign_sign(*c)).count();
    let digits = rest.iter().filter(|(c, _)| c.is_numeric()).count();
    letters < LEAST_LETTERS && digits < LEAST_DIGITS
}

/// Puts spaces in the place of a word, so that what is left on its sides does not make another.
fn take_out(rest: &mut [(char, char)], word: &str) {
    let length = word.chars().count().max(1);
    let is_word = |window: &[(char, char)]| window.iter().map(|(_, c)| *c).eq(word.chars());
    while let Some(at) = rest.windows(length).position(is_word) {
        rest.iter_mut().skip(at).take(length).for_each(|place| *place = (' ', ' '));
    }
}

fn is_foreign_sign(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace()
}

fn squeezed(word: &str) -> String {
    word.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// `p@ssw0rd` as `password`.
const fn without_substitution(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' | '+' => 't',
        other => other,
    }
}
