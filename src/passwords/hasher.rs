//! Verifying and making password hashes.
//!
//! Owns: that every verification costs the same work, and upgrades. Does not own: threads (`pool`),
//! the stored form (`phc`), who signs in (`authenticate`).
//!
//! A password is hashed in Unicode normal form C, so that it is the same one from every keyboard. This
//! is decided once: another form would lock out people whose passwords are stored. Only verifying also
//! tries what was typed, for hashes that another program made.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Params;
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::clock::system_rng;
use crate::config;
use crate::model::person::StoredPassword;
use crate::passwords::phc::{Bounded, Hash, OUTPUT_LEN, SALT_LEN};
use crate::passwords::pool::{self, Busy, Memory, Pool};
use crate::passwords::stored::Stored;

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

/// The pool that hashes. Cheap to clone.
#[derive(Clone)]
pub struct PasswordHasher {
    pool: Arc<Pool>,
    rules: Arc<Rules>,
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("params", self.rules.configured.params()).finish_non_exhaustive()
    }
}

impl PasswordHasher {
    /// Starts the threads and makes the dummy hash.
    ///
    /// # Errors
    /// When the parameters are not argon2's, or beyond what would be verified again.
    pub fn start(settings: &config::Passwords) -> Result<Self, String> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(OUTPUT_LEN))
            .map_err(|error| format!("argon2 parameters: {error}"))?;
        let rules = Rules::new(Bounded::check(params)?)?;
        let pool = Pool::start(settings.threads, settings.queue)
            .map_err(|error| format!("the hashing threads could not be started: {error}"))?;
        Ok(Self { pool: Arc::new(pool), rules: Arc::new(rules) })
    }

    /// Waits for a turn to hash, in the order of arrival.
    ///
    /// # Errors
    /// At once when the queue is full.
    pub async fn turn(&self) -> Result<Turn, Busy> {
        Ok(Turn { turn: self.pool.turn().await?, rules: Arc::clone(&self.rules) })
    }

    /// [`Turn::verify`] in a turn of its own.
    ///
    /// # Errors
    /// When the queue is full.
    pub async fn verify(&self, password: SecretString, stored: Option<&StoredPassword>) -> Result<Verdict, Busy> {
        self.turn().await?.verify(password, stored).await
    }

    /// Hashes a new password: a PHC string.
    ///
    /// # Errors
    /// When the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<SecretString, Busy> {
        let Turn { turn, rules } = self.turn().await?;
        let made = turn.run(move |memory| rules.hash(memory, &normal(&password))).await?;
        // Parameters were checked at the start; what is left is memory that cannot be had now.
        made.ok_or_else(Busy::now)
    }

    /// How many more could join the queue now.
    #[must_use]
    pub fn places_left(&self) -> usize {
        self.pool.places_left()
    }

    /// KiB that the hashing threads keep now, all together.
    #[must_use]
    pub fn held_kib(&self) -> usize {
        self.pool.held_kib()
    }

    /// How many hashes were computed since the start: what tests count.
    #[must_use]
    pub fn hashes_run(&self) -> u64 {
        self.rules.hashes_run.load(Ordering::Relaxed)
    }
}

/// The right to hash now; others wait until it is dropped.
pub struct Turn {
    turn: pool::Turn,
    rules: Arc<Rules>,
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Turn {
    /// Verifies; without a stored password it does the same work on a dummy and is `Wrong`.
    ///
    /// # Errors
    /// When the thread is lost to somebody who went away.
    pub async fn verify(&self, password: SecretString, stored: Option<&StoredPassword>) -> Result<Verdict, Busy> {
        let stored = stored.map(|stored| stored.phc.clone());
        let rules = Arc::clone(&self.rules);
        self.turn.run(move |memory| rules.verify(memory, &password, stored.as_ref())).await
    }
}

/// What the threads need.
struct Rules {
    configured: Bounded,
    dummy: Hash,
    hashes_run: AtomicU64,
}

impl Rules {
    fn new(configured: Bounded) -> Result<Self, String> {
        // Random bytes are the hash of no password that anybody knows, and cost the same to verify.
        let (mut salt, mut output) = ([0_u8; SALT_LEN], [0_u8; OUTPUT_LEN]);
        let mut rng = system_rng();
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut output);
        let dummy = Hash::new(&configured, &salt, &output).ok_or("the dummy hash could not be made")?;
        Ok(Self { configured, dummy, hashes_run: AtomicU64::new(0) })
    }

    fn verify(&self, memory: &mut Memory, password: &SecretString, stored: Option<&SecretString>) -> Verdict {
        let normal = normal(password);
        let known = stored.and_then(|stored| Stored::parse(stored.expose_secret()).ok());
        let typed = password.expose_secret();
        let mut right = self.is_hash_of(memory, &normal, known.as_ref());
        if !right && typed != normal.as_str() {
            // Another program hashed what was typed, in whatever form the keyboard gave.
            right = self.is_hash_of(memory, typed, known.as_ref());
        }
        let weaker = match known {
            Some(Stored::Argon2(hash)) if right => hash.is_weaker_than(&self.configured),
            Some(Stored::Imported(_)) if right => true,
            _ => return Verdict::Wrong,
        };
        Verdict::Right { upgrade: weaker.then(|| self.hash(memory, &normal)).flatten() }
    }

    /// Verifies one form of a password. Whatever is stored, a hash is computed: that of a dummy where
    /// there is none, or one that cannot be it.
    fn is_hash_of(&self, memory: &mut Memory, password: &str, known: Option<&Stored>) -> bool {
        let computed = match known {
            Some(Stored::Argon2(hash)) => return self.computes_to(memory, password, hash),
            Some(Stored::Imported(imported)) => imported.matches(password.as_bytes()),
            None => None,
        };
        if let Some(matches) = computed {
            self.hashes_run.fetch_add(1, Ordering::Relaxed);
            return matches;
        }
        self.computes_to(memory, password, &self.dummy);
        false
    }

    fn computes_to(&self, memory: &mut Memory, password: &str, hash: &Hash) -> bool {
        let mut computed = Zeroizing::new(vec![0_u8; hash.output_len()]);
        let done = self.compute(memory, password, hash.salt(), &hash.argon2(), &mut computed);
        done && hash.matches(&computed)
    }

    fn hash(&self, memory: &mut Memory, password: &str) -> Option<SecretString> {
        let mut salt = [0_u8; SALT_LEN];
        system_rng().fill_bytes(&mut salt);
        let mut computed = Zeroizing::new([0_u8; OUTPUT_LEN]);
        let blank = Hash::new(&self.configured, &salt, computed.as_slice())?;
        if !self.compute(memory, password, &salt, &blank.argon2(), computed.as_mut_slice()) {
            return None;
        }
        Hash::new(&self.configured, &salt, computed.as_slice())?.to_phc().map(SecretString::from)
    }

    fn compute(
        &self,
        memory: &mut Memory,
        password: &str,
        salt: &[u8],
        argon2: &argon2::Argon2<'_>,
        out: &mut [u8],
    ) -> bool {
        self.hashes_run.fetch_add(1, Ordering::Relaxed);
        let kept = self.configured.params().m_cost();
        memory.compute(argon2, password.as_bytes(), salt, kept, out).is_ok()
    }
}

/// The form that is hashed.
pub(super) fn normal(password: &SecretString) -> Zeroizing<String> {
    let text = password.expose_secret();
    // Room for all of it, so that no half of it is left behind by a reallocation.
    let mut normal = Zeroizing::new(String::with_capacity(text.len() * 3));
    normal.extend(text.nfc());
    normal
}
