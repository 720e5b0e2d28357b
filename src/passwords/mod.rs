//! Passwords: hashing off the event loop in a bounded pool, the rules for new ones, and signing in.
//!
//! Owns: argon2id, the queue, the dummy hash, the blocklist. Does not own: people (`model`, `store`).

use std::time::Duration;

use secrecy::SecretString;

use crate::config;
use crate::model::person::{StoredPassword, User};
use crate::protocol::time::Timestamp;
use crate::store::{StoreError, UserStore};

/// The pool that hashes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PasswordHasher {}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once")]
pub struct Busy {
    /// When to try again.
    pub retry_after: Duration,
}

/// What came of verifying.
#[derive(Debug)]
pub enum Verdict {
    /// It is the password. `upgrade` is its hash with the current parameters where the stored one is weaker.
    Right {
        /// A PHC string to store.
        upgrade: Option<SecretString>,
    },
    /// It is not.
    Wrong,
}

impl PasswordHasher {
    /// Starts the threads and makes the dummy hash.
    ///
    /// # Errors
    /// When the parameters are not argon2's.
    pub fn start(settings: &config::Passwords) -> Result<Self, String> {
        todo!()
    }

    /// Verifies; without a stored password it does the same work on a dummy and is `Wrong`.
    ///
    /// # Errors
    /// When the queue is full.
    pub async fn verify(&self, password: SecretString, stored: Option<&StoredPassword>) -> Result<Verdict, Busy> {
        todo!()
    }

    /// Hashes a new password: a PHC string.
    ///
    /// # Errors
    /// When the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<SecretString, Busy> {
        todo!()
    }

    /// How many hashes were computed since the start: what tests count.
    #[must_use]
    pub fn hashes_run(&self) -> u64 {
        todo!()
    }
}

/// What came of a sign-in by password.
#[derive(Debug)]
pub enum Outcome {
    /// The password was right and the person may come in (perhaps only to `/password`).
    SignedIn(Box<User>),
    /// Unknown name, wrong or absent password, disabled, generated password past its time: one answer.
    Refused,
}

/// Why a sign-in could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// Longer than any password: refused before any work.
    #[error("the password is too long")]
    TooLong,
    /// The queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs a person in: finds, verifies (or does the same work), and stores an upgraded hash.
///
/// # Errors
/// When it could not be decided.
pub async fn authenticate(
    users: &dyn UserStore,
    hasher: &PasswordHasher,
    name: &str,
    password: SecretString,
    now: Timestamp,
) -> Result<Outcome, AuthenticateError> {
    todo!()
}

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
    todo!()
}

/// A generated password for `user add`: 20 characters that are easy to type, 100 bits.
#[must_use]
pub fn generate(rng: &mut (impl rand::CryptoRng + ?Sized)) -> SecretString {
    todo!()
}
