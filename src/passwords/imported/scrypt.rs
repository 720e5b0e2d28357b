//! scrypt (RFC 7914): passlib's and PHC's `$scrypt$ln=…,r=…,p=…$`, Django's `scrypt$`.
//!
//! Owns: reading and verifying these. Does not own: other schemes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use scrypt::Params;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::passwords::imported::decimal;
use crate::passwords::stored::StoredFault;

/// The scheme.
pub(super) const NAME: &str = "scrypt";

/// How its hashes begin.
pub(super) const PREFIXES: [&str; 2] = ["$scrypt$", "scrypt$"];

/// `N * r` at most: 128 bytes each, so 128 MiB.
const MOST_MEMORY: u64 = 1 << 20;
/// `N * r * p` at most: some four seconds.
const MOST_WORK: u64 = 4 << 20;

/// An scrypt hash.
pub(in crate::passwords) struct Scrypt {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Scrypt {
    /// Reads one.
    pub(in crate::passwords) fn parse(text: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let parts: Vec<&str> = text.split('$').collect();
        match parts.as_slice() {
            ["", "scrypt", settings, salt, output] => {
                let values: Vec<&str> = settings.split(',').collect();
                let [log_n, r, p] = values.as_slice() else { return Err(malformed) };
                let number = |text: &str, key| text.strip_prefix(key).and_then(decimal).ok_or(malformed);
                let numbers = (number(log_n, "ln=")?, number(r, "r=")?, number(p, "p=")?);
                Self::of(numbers, STANDARD_NO_PAD.decode(salt).ok(), STANDARD_NO_PAD.decode(output).ok())
            }
            // Django's salt is the text itself, and N is written out.
            ["scrypt", n, salt, r, p, output] => {
                let number = |text: &str| decimal(text).ok_or(malformed);
                let n = number(n)?;
                if !n.is_power_of_two() {
                    return Err(malformed);
                }
                let numbers = (n.ilog2(), number(r)?, number(p)?);
                Self::of(numbers, Some(salt.as_bytes().to_vec()), STANDARD.decode(output).ok())
            }
            _ => Err(malformed),
        }
    }

    fn of((log_n, r, p): (u32, u32, u32), salt: Option<Vec<u8>>, output: Option<Vec<u8>>) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let (salt, output) = (salt.ok_or(malformed)?, output.ok_or(malformed)?);
        // All three are bounded before they are multiplied: no product overflows.
        let n = 1_u64.checked_shl(log_n).filter(|n| *n <= MOST_MEMORY).ok_or(StoredFault::TooCostly(NAME))?;
        let memory = n.checked_mul(u64::from(r)).filter(|memory| *memory <= MOST_MEMORY);
        let work = memory.and_then(|memory| memory.checked_mul(u64::from(p))).filter(|work| *work <= MOST_WORK);
        work.ok_or(StoredFault::TooCostly(NAME))?;
        let log_n = u8::try_from(log_n).map_err(|_| malformed)?;
        let params = Params::new(log_n, r, p).map_err(|_| malformed)?;
        if !(16..=64).contains(&output.len()) {
            return Err(malformed);
        }
        Ok(Self { params, salt, output })
    }

    /// Whether it is the hash of this password.
    pub(in crate::passwords) fn matches(&self, password: &[u8]) -> bool {
        let mut computed = Zeroizing::new(vec![0_u8; self.output.len()]);
        let done = scrypt::scrypt(password, &self.salt, &self.params, &mut computed).is_ok();
        done && bool::from(computed.as_slice().ct_eq(&self.output))
    }
}
