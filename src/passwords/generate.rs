//! Passwords that the server makes: for `user add` and the demo people.
//!
//! Owns: their alphabet and length. Does not own: how long they are good for (`model/person`).

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Crockford's base 32 in lower case: no letter that looks like a digit, no Shift key. 32 characters,
/// so that each byte of randomness gives one without bias.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Five bits each.
const LENGTH: usize = 20;

/// A generated password for `user add`: 20 characters that are easy to type, 100 bits.
#[must_use]
pub fn generate(rng: &mut (impl rand::CryptoRng + ?Sized)) -> SecretString {
    let mut random = Zeroizing::new([0_u8; LENGTH]);
    rng.fill_bytes(random.as_mut_slice());
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from);
    SecretString::from(random.iter().filter_map(letter).collect::<String>())
}
