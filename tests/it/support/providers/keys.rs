//! The keys that a fake provider signs with.
//!
//! Owns: making them, their JWKs, and signatures right and wrong. Does not own: what is signed.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Finding the primes takes long, so all fakes share a few.
static RSA: LazyLock<[RsaKeyPair; 2]> =
    LazyLock::new(|| [(); 2].map(|()| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")));

/// One key.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(&'static RsaKeyPair),
    Ec(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// ES256: quick to make.
    pub(super) fn ec(kid: String) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { kid, pair: Pair::Ec(Box::new(pair)) }
    }

    /// RS256. Two that are made one after the other differ.
    pub(super) fn rsa(kid: String, number: usize) -> Self {
        Self { kid, pair: Pair::Rsa(&RSA[number % RSA.len()]) }
    }

    /// A key of the same kind that nobody published.
    pub(super) fn stranger(&self) -> Self {
        match self.pair {
            Pair::Ec(_) => Self::ec(self.kid.clone()),
            Pair::Rsa(own) => {
                let other = usize::from(std::ptr::eq(own, &raw const RSA[0]));
                Self::rsa(self.kid.clone(), other)
            }
        }
    }

    /// `alg`.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
        }
    }

    /// As it is published.
    pub(super) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({
                    "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
                    "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
                })
            }
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair.public_key().as_ref());
                json!({
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid,
                    "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e),
                })
            }
        }
    }

    /// The signature of these bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
                signature
            }
        }
    }

    /// The public key in PEM, which an attacker would take for the secret of HS256.
    pub(super) fn public_pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Ec(pair) => pair.public_key().as_der().expect("DER"),
            Pair::Rsa(pair) => pair.public_key().as_der().expect("DER"),
        };
        pem("PUBLIC KEY", der.as_ref())
    }
}

/// A compact JWS.
pub(super) fn jws(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// HS256.
pub(super) fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

/// A new private key as Apple's `.p8`, and the public one as a point.
pub(super) fn apple_key() -> (String, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let pkcs8 = pair.to_pkcs8v1().expect("PKCS#8");
    (pem("PRIVATE KEY", pkcs8.as_ref()), pair.public_key().as_ref().to_vec())
}

/// DER as text.
pub(super) fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

/// Of an `RSAPublicKey` (RFC 8017 A.1.1): two integers in a sequence.
fn modulus_and_exponent(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (sequence, _) = element(der);
    let (modulus, rest) = element(sequence);
    let (exponent, _) = element(rest);
    let unsigned = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    (unsigned(modulus), unsigned(exponent))
}

/// The content of the first element of DER, and what comes after it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let first = usize::from(der[1]);
    let (length, start) = if first < 0x80 {
        (first, 2)
    } else {
        let end = 2 + (first & 0x7f);
        (der[2..end].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), end)
    };
    der[start..].split_at(length)
}
