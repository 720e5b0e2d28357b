//! What the tests of this room share: a store of keys in memory and tokens signed at will.

mod id_token_hint;
mod keyring;
mod provider_tokens;
mod rotation;
mod shared_secret;
mod verify;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::clock::ManualClock;
use crate::model::sealed_key::{Sealed, SealedKey};
use crate::protocol::access_token::{Audience, Authentication};
use crate::protocol::claims::Claims;
use crate::protocol::error::ErrorCode;
use crate::protocol::id_token::PersonClaims;
use crate::protocol::scope::Scopes;
use crate::store::Successor;
use crate::tokens::key_pair::SigningKey;
use crate::tokens::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://id.example.test";

/// Keeps keys as the real store promises.
#[derive(Default)]
struct Keys {
    kept: Mutex<Vec<SealedKey>>,
    /// How often it was asked.
    asked: AtomicUsize,
}

impl Keys {
    fn holding(kept: Vec<SealedKey>) -> Self {
        Self { kept: Mutex::new(kept), asked: AtomicUsize::new(0) }
    }

    fn all(&self) -> Vec<SealedKey> {
        self.kept.lock().unwrap().clone()
    }

    fn of(&self, usage: KeyUse) -> Vec<SealedKey> {
        self.all().into_iter().filter(|key| key.usage == usage).collect()
    }

    /// Lets `change` at the key, if it still is where it was found.
    fn change(&self, found: &SealedKey, change: impl FnOnce(&mut SealedKey)) -> bool {
        let mut kept = self.kept.lock().unwrap();
        let same =
            |key: &&mut SealedKey| (&key.id, key.signs_from, key.revoked_at) == (&found.id, found.signs_from, None);
        kept.iter_mut().find(same).map(change).is_some()
    }
}

#[async_trait]
impl KeyStore for Keys {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut keys = self.all();
        keys.sort_by_key(|key| (key.usage.as_str(), key.number));
        Ok(keys)
    }

    async fn insert(&self, key: &SealedKey) -> Result<bool, StoreError> {
        let mut kept = self.kept.lock().unwrap();
        let free = kept.iter().all(|known| (known.usage, known.number) != (key.usage, key.number));
        if free {
            kept.push(key.clone());
        }
        Ok(free)
    }

    async fn hasten(&self, found: &SealedKey, signs_from: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(found, |key| key.signs_from = signs_from))
    }

    async fn revoke(
        &self,
        found: &SealedKey,
        successor: Option<Successor<'_>>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let followed = match successor {
            None => true,
            Some(Successor::Pending(key)) => self.hasten(key, now).await?,
            Some(Successor::New(key)) => self.insert(key).await?,
        };
        Ok(followed && self.change(found, |key| (key.revoked_at, key.sealed) = (Some(now), None)))
    }

    async fn reseal(&self, found: &SealedKey, sealed: &Sealed) -> Result<bool, StoreError> {
        Ok(self.change(found, |key| key.sealed = Some(sealed.clone())))
    }
}

fn kek(seed: u8) -> SecretString {
    let bytes: Vec<u8> = (0..32).map(|index| index ^ seed).collect();
    SecretString::from(STANDARD.encode(bytes))
}

fn section(encryption_keys: Vec<SecretString>) -> config::Keys {
    config::Keys { encryption_keys, rotate_every: None }
}

async fn open_for(algorithms: &[Algorithm], store: &Keys, keys: Vec<SecretString>) -> Result<Tokens, TokenError> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    Tokens::open(&issuer, &section(keys), algorithms, store, &ManualClock::new(NOW)).await
}

async fn open_with(store: &Keys, keys: Vec<SecretString>) -> Result<Tokens, TokenError> {
    open_for(&Algorithm::ALL, store, keys).await
}

/// A store with keys in it; made once, because RSA keys take time.
async fn filled() -> Keys {
    static KEYS: OnceCell<Vec<SealedKey>> = OnceCell::const_new();
    let keys = KEYS
        .get_or_init(|| async {
            let store = Keys::default();
            open_with(&store, vec![kek(1)]).await.unwrap();
            store.all()
        })
        .await;
    Keys::holding(keys.clone())
}

async fn tokens() -> Tokens {
    open_with(&filled().await, vec![kek(1)]).await.unwrap()
}

fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ISSUER.to_owned(),
        sub: "0198f0a2-0000-7000-8000-000000000001".to_owned(),
        aud: Audience::One("https://api.example.test".to_owned()),
        exp: NOW.seconds() + 600,
        iat: NOW.seconds(),
        jti: AccessTokenClaims::jti(None, Uuid::nil()),
        client_id: "web".to_owned(),
        scope: Scopes::parse("read:users").unwrap(),
        userinfo_claims: Claims::default(),
        authentication: Some(Authentication {
            auth_time: NOW.seconds(),
            acr: "1".to_owned(),
            amr: vec!["pwd".to_owned()],
        }),
    }
}

fn id_token_claims() -> IdTokenClaims {
    IdTokenClaims {
        iss: ISSUER.to_owned(),
        sub: claims().sub,
        aud: "web".to_owned(),
        exp: NOW.seconds() + 600,
        iat: NOW.seconds(),
        auth_time: NOW.seconds(),
        nonce: None,
        acr: "1".to_owned(),
        amr: vec!["pwd".to_owned()],
        sid: None,
        at_hash: None,
        person: PersonClaims::default(),
    }
}

fn payload() -> Value {
    serde_json::to_value(claims()).unwrap()
}

/// The key that signs now.
fn key(tokens: &Tokens, algorithm: Algorithm) -> Arc<SigningKey> {
    Arc::clone(tokens.ring.load().signing(algorithm, NOW).unwrap())
}

fn kid(tokens: &Tokens, algorithm: Algorithm) -> String {
    key(tokens, algorithm).kid.clone()
}

fn header(tokens: &Tokens, algorithm: Algorithm) -> Value {
    let kid = kid(tokens, algorithm);
    json!({"typ": "at+jwt", "alg": algorithm.as_str(), "kid": kid})
}

/// Signs any texts with the key of an algorithm, as somebody who had our key could.
fn signed(tokens: &Tokens, algorithm: Algorithm, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    sign::complete(input, key(tokens, algorithm).signer.as_ref()).unwrap()
}

/// Signs a header and a payload with the ES256 key.
fn es256(tokens: &Tokens, header: &Value, payload: &Value) -> String {
    signed(tokens, Algorithm::ES256, &header.to_string(), &payload.to_string())
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

#[track_caller]
fn assert_refused(tokens: &Tokens, token: &str) {
    let error = tokens.verify_access_token(token, NOW).expect_err(&token[..token.len().min(200)]);
    assert_eq!(error.code(), ErrorCode::InvalidToken);
}
