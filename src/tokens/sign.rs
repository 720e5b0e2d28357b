//! RFC 7515: making a compact JWS with keys that were parsed once.
//!
//! Owns: the signers, header and encoding, and the threads that RSA runs on. Does not own: which key
//! is used (`keyring`) or what is said (`protocol`).

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature::{Error as SignatureError, Signer as TrySign};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::model::signing_key::Algorithm;
use crate::tokens::TokenError;
use crate::tokens::key_pair::SigningKey;

/// Signs with a key that is parsed already; `jsonwebtoken::encode` would parse it each time.
pub(super) type Signer = dyn JwtSigner + Send + Sync;

/// RS256 or PS256 with a parsed key pair.
pub(super) struct RsaSigner {
    pub(super) pair: RsaKeyPair,
    pub(super) algorithm: Algorithm,
}

impl TrySign<Vec<u8>> for RsaSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let padding: &'static dyn RsaEncoding =
            if self.algorithm == Algorithm::PS256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
        self.pair.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(SignatureError::from_source)?;
        Ok(signature)
    }
}

impl JwtSigner for RsaSigner {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jose(self.algorithm)
    }
}

/// EdDSA with a parsed Ed25519 key pair (RFC 8037 3.1).
pub(super) struct EdDsaSigner(pub(super) Ed25519KeyPair);

impl TrySign<Vec<u8>> for EdDsaSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature = self.0.try_sign(message).map_err(SignatureError::from_source)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl JwtSigner for EdDsaSigner {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jose(Algorithm::EdDSA)
    }
}

/// ES256 with a parsed key pair; the signature is `r || s` (RFC 7518 3.4).
pub(super) struct Es256Signer(pub(super) EcdsaKeyPair);

impl TrySign<Vec<u8>> for Es256Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature = self.0.sign(&SystemRandom::new(), message).map_err(SignatureError::from_source)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl JwtSigner for Es256Signer {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jose(Algorithm::ES256)
    }
}

/// HS256 with a secret that an API shares.
pub(super) struct Hs256Signer(hmac::Key);

impl Hs256Signer {
    /// Making the key costs two blocks of SHA-256.
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl TrySign<Vec<u8>> for Hs256Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256Signer {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jsonwebtoken::Algorithm::HS256
    }
}

/// The library's name of an algorithm.
pub(super) const fn jose(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
    }
}

/// The JWS signing input (RFC 7515 5.1): header and payload, encoded.
pub(super) fn input(
    typ: &str,
    algorithm: jsonwebtoken::Algorithm,
    kid: &str,
    claims: &impl Serialize,
) -> Result<String, TokenError> {
    let mut header = Header::new(algorithm);
    header.typ = Some(typ.to_owned());
    header.kid = Some(kid.to_owned());
    let unwritable = |_| TokenError::Cryptography("a token could not be written as JSON");
    let header = serde_json::to_vec(&header).map_err(unwritable)?;
    let payload = serde_json::to_vec(claims).map_err(unwritable)?;
    let mut input = String::with_capacity((header.len() + payload.len()) * 4 / 3 + 360);
    URL_SAFE_NO_PAD.encode_string(header, &mut input);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    Ok(input)
}

/// Appends the signature.
pub(super) fn complete(mut input: String, signer: &Signer) -> Result<String, TokenError> {
    let signature =
        signer.try_sign(input.as_bytes()).map_err(|_| TokenError::Cryptography("a token could not be signed"))?;
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut input);
    Ok(input)
}

struct Job {
    input: String,
    signer: Arc<Signer>,
    answer: oneshot::Sender<Result<String, TokenError>>,
}

/// Threads for RSA: one signature takes most of a millisecond, too long for the event loop and too
/// short for a thread of its own. They end with this value.
#[derive(Debug)]
pub(super) struct RsaThreads {
    jobs: Sender<Job>,
}

impl RsaThreads {
    /// Starts one a core.
    pub(super) fn start() -> Result<Self, TokenError> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..thread::available_parallelism().map_or(1, usize::from) {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("sign-{number}"))
                .spawn(move || work(&queue))
                .map_err(|_| TokenError::Cryptography("a signing thread could not be started"))?;
        }
        Ok(Self { jobs })
    }

    /// [`complete`], on one of the threads.
    pub(super) async fn complete(&self, input: String, key: &SigningKey) -> Result<String, TokenError> {
        let gone = "the signing threads are gone";
        let (answer, answered) = oneshot::channel();
        self.jobs
            .send(Job { input, signer: Arc::clone(&key.signer), answer })
            .map_err(|_| TokenError::Cryptography(gone))?;
        answered.await.map_err(|_| TokenError::Cryptography(gone))?
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting: whoever holds it is next, the others wait for it.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Whoever asked may be gone by now: then there is nothing to do.
        if !job.answer.is_closed() {
            let _ = job.answer.send(complete(job.input, job.signer.as_ref()));
        }
    }
}
