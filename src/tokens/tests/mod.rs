//! What the tests of this room share: a store of keys in memory and tokens signed at will.

mod id_token_hint;
mod keyring;
mod verify;

use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::clock::ManualClock;
use crate::model::secret_key::{Purpose, SealedSecretKey};
use crate::model::signing_key::SealedSigningKey;
use crate::protocol::access_token::{Audience, Authentication};
use crate::protocol::claims::Claims;
use crate::protocol::error::ErrorCode;
use crate::protocol::id_token::PersonClaims;
use crate::protocol::scope::Scopes;
use crate::tokens::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://id.example.test";

/// Keeps keys as the real store promises: the first of an algorithm stays, newest first.
#[derive(Default)]
struct Keys(Mutex<Vec<SealedSigningKey>>, Mutex<Vec<SealedSecretKey>>);

impl Keys {
    fn holding(keys: Vec<SealedSigningKey>) -> Self {
        Self(Mutex::new(keys), Mutex::default())
    }
}

#[async_trait]
impl KeyStore for Keys {
    async fn list(&self) -> Result<Vec<SealedSigningKey>, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn insert_first(&self, key: &SealedSigningKey) -> Result<(), StoreError> {
        let mut keys = self.0.lock().unwrap();
        if keys.iter().all(|known| known.algorithm != key.algorithm) {
            keys.insert(0, key.clone());
        }
        Ok(())
    }

    async fn list_secret(&self, purpose: Purpose) -> Result<Vec<SealedSecretKey>, StoreError> {
        Ok(self.1.lock().unwrap().iter().filter(|key| key.purpose == purpose).cloned().collect())
    }

    async fn insert_first_secret(&self, key: &SealedSecretKey) -> Result<(), StoreError> {
        let mut keys = self.1.lock().unwrap();
        if keys.iter().all(|known| known.purpose != key.purpose) {
            keys.push(key.clone());
        }
        Ok(())
    }
}

fn kek(seed: u8) -> SecretString {
    let bytes: Vec<u8> = (0..32).map(|index| index ^ seed).collect();
    SecretString::from(STANDARD.encode(bytes))
}

async fn open_for(algorithms: &[Algorithm], store: &Keys, keys: Vec<SecretString>) -> Result<Tokens, TokenError> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    Tokens::open(&issuer, &config::Keys { encryption_keys: keys }, algorithms, store, &ManualClock::new(NOW)).await
}

async fn open_with(store: &Keys, keys: Vec<SecretString>) -> Result<Tokens, TokenError> {
    open_for(&Algorithm::ALL, store, keys).await
}

/// A store with keys in it; made once, because RSA keys take time.
async fn filled() -> Keys {
    static KEYS: OnceCell<Vec<SealedSigningKey>> = OnceCell::const_new();
    let keys = KEYS
        .get_or_init(|| async {
            let store = Keys::default();
            open_with(&store, vec![kek(1)]).await.unwrap();
            store.list().await.unwrap()
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

fn header(tokens: &Tokens, algorithm: Algorithm) -> Value {
    let kid = &tokens.keyring.signing(algorithm).unwrap().kid;
    json!({"typ": "at+jwt", "alg": algorithm.as_str(), "kid": kid})
}

/// Signs any texts with the key of an algorithm, as somebody who had our key could.
fn signed(tokens: &Tokens, algorithm: Algorithm, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    sign::complete(input, tokens.keyring.signing(algorithm).unwrap().signer.as_ref()).unwrap()
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
