//! The rules for new passwords (NIST SP 800-63B-4 3.1.1.2): length and a blocklist, no composition rules.
//!
//! Owns: the rules and the words that say them. Does not own: the lists (`blocklist`). They hold when a
//! password is set, never at sign-in.

use crate::config;
use crate::model::person::{Email, User};
use crate::passwords::blocklist;

/// The most code points of a new password.
const MOST: usize = 256;
/// Beyond these a text at sign-in is no password of anybody, and no work is done for it.
const MOST_AT_SIGN_IN: usize = 1024;
/// The same in bytes.
const MOST_BYTES_AT_SIGN_IN: usize = 4096;

/// Why a new password is refused, in words for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Too short: the fewest code points.
    #[error("Use at least {0} characters. A few words make a good password.")]
    TooShort(usize),
    /// Too long.
    #[error("Use at most 256 characters.")]
    TooLong,
    /// On the blocklist, or made of the person's own names.
    #[error("This password is too easy to guess: it is on a list of common passwords or made of your name.")]
    Common,
}

/// Holds a new password against the rules (NIST SP 800-63B-4).
///
/// # Errors
/// The rule that it breaks.
pub fn check_new(password: &str, user: &User, settings: &config::Passwords) -> Result<(), PolicyFault> {
    let length = password.chars().take(MOST + 1).count();
    if length > MOST {
        return Err(PolicyFault::TooLong);
    }
    if length < settings.min_length {
        return Err(PolicyFault::TooShort(settings.min_length));
    }
    if blocklist::is_common(password, &own_words(user)) {
        return Err(PolicyFault::Common);
    }
    Ok(())
}

/// What a person is called: the first things that are tried.
fn own_words(user: &User) -> Vec<String> {
    let email = user.email.as_ref().map(Email::as_str);
    let parts = email.into_iter().flat_map(|email| email.split(['@', '.', '+', '-', '_']));
    let local = email.and_then(|email| email.split_once('@')).map(|(local, _)| local);
    let name = user.name.iter().flat_map(|name| name.split_whitespace());
    let username = user.username.as_str();
    let words = [Some(username), local].into_iter().flatten().chain(parts).chain(name);
    words.chain(username.split(['.', '-', '_'])).map(str::to_owned).collect()
}

/// Whether a text is longer than any password.
pub(super) fn is_beyond_any(password: &str) -> bool {
    password.len() > MOST_BYTES_AT_SIGN_IN || password.chars().count() > MOST_AT_SIGN_IN
}
