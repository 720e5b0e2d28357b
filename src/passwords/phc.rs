//! Stored hashes: PHC strings of argon2, read with ceilings.
//!
//! Owns: their reading and writing, what is refused, what is weaker than configured. Does not own:
//! computing (`pool`).

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;

use crate::passwords::stored::StoredFault;

/// The scheme.
const NAME: &str = "argon2";
/// Above this a stored or configured hash is not computed: 256 MiB.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
/// Likewise for passes.
const MOST_ITERATIONS: u32 = 16;
/// Likewise for lanes.
const MOST_LANES: u32 = 16;
/// Bytes of a hash that is made here.
pub(super) const OUTPUT_LEN: usize = 32;
/// Bytes of a salt that is made here (RFC 9106 3.1).
pub(super) const SALT_LEN: usize = 16;

/// Parameters that are within the ceilings.
#[derive(Debug, Clone)]
pub(super) struct Bounded(Params);

impl Bounded {
    /// Checks them.
    pub(super) fn check(params: Params) -> Result<Self, String> {
        let within =
            params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_ITERATIONS && params.p_cost() <= MOST_LANES;
        within.then_some(Self(params)).ok_or_else(|| {
            format!(
                "argon2 parameters: at most {MOST_MEMORY_KIB} KiB of memory, {MOST_ITERATIONS} iterations and \
                 {MOST_LANES} lanes"
            )
        })
    }

    pub(super) const fn params(&self) -> &Params {
        &self.0
    }
}

/// A hash of a password, as parts.
#[derive(Debug, Clone)]
pub(super) struct Hash {
    algorithm: Algorithm,
    version: Version,
    params: Bounded,
    salt: Salt,
    output: Output,
}

impl Hash {
    /// Of parts made here: argon2id, version 1.3.
    pub(super) fn new(params: &Bounded, salt: &[u8], output: &[u8]) -> Option<Self> {
        Some(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params.clone(),
            salt: Salt::new(salt).ok()?,
            output: Output::new(output).ok()?,
        })
    }

    /// Reads a PHC string.
    ///
    /// # Errors
    /// When it is malformed, of another scheme, or above the ceilings.
    pub(super) fn parse(phc: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let parsed = PasswordHash::new(phc).map_err(|_| malformed)?;
        let params = Params::try_from(&parsed).map_err(|_| malformed)?;
        Ok(Self {
            algorithm: Algorithm::try_from(parsed.algorithm.as_str()).map_err(|_| malformed)?,
            // Without a version it is one from before there were versions.
            version: parsed.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| malformed)?,
            params: Bounded::check(params).map_err(|_| StoredFault::TooCostly(NAME))?,
            salt: parsed.salt.ok_or(malformed)?,
            output: parsed.hash.ok_or(malformed)?,
        })
    }

    /// The variant, by its name.
    pub(super) const fn scheme(&self) -> &'static str {
        self.algorithm.as_str()
    }

    /// What computes this hash again.
    pub(super) fn argon2(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.params.params().clone())
    }

    /// The salt.
    pub(super) fn salt(&self) -> &[u8] {
        self.salt.as_ref()
    }

    /// Bytes of the hash.
    pub(super) fn output_len(&self) -> usize {
        self.output.len()
    }

    /// Whether a computed hash is this one; constant time.
    pub(super) fn matches(&self, computed: &[u8]) -> bool {
        self.output.as_bytes().ct_eq(computed).into()
    }

    /// Whether it is weaker in any respect than what is configured now.
    pub(super) fn is_weaker_than(&self, configured: &Bounded) -> bool {
        let (mine, wanted) = (self.params.params(), configured.params());
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || mine.m_cost() < wanted.m_cost()
            || mine.t_cost() < wanted.t_cost()
            || mine.p_cost() < wanted.p_cost()
            || self.output.len() < OUTPUT_LEN
            || self.salt().len() < SALT_LEN
    }

    /// The PHC string.
    pub(super) fn to_phc(&self) -> Option<String> {
        let hash = PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(self.params.params()).ok()?,
            salt: Some(self.salt),
            hash: Some(self.output),
        };
        Some(hash.to_string())
    }
}
