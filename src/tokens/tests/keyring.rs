//! The keyring at rest: made once, sealed, opened again.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};

use super::*;
use crate::clock::system_rng;
use crate::tokens::seal::KeyEncryptionKeys;

/// Keys at the first start: one of each algorithm, and that of refresh tokens.
const FIRST: usize = Algorithm::ALL.len() + 1;
const ES256: KeyUse = KeyUse::Signing(Algorithm::ES256);

fn kids(tokens: &Tokens) -> Vec<String> {
    let mut kids: Vec<String> = tokens.ring.load().keys().map(|key| key.kid.clone()).collect();
    kids.sort();
    kids
}

fn opener(keys: &[SecretString]) -> KeyEncryptionKeys {
    KeyEncryptionKeys::parse(keys).unwrap()
}

#[tokio::test]
async fn the_first_start_makes_one_key_of_each_algorithm_and_the_second_finds_them() {
    let store = Keys::default();
    let first = open_with(&store, vec![kek(1)]).await.unwrap();
    assert_eq!(store.all().len(), FIRST);
    let second = open_with(&store, vec![kek(1)]).await.unwrap();
    assert_eq!(kids(&first), kids(&second));
    assert_eq!(first.jwks(), second.jwks());
    let token = first.sign_access_token(&claims(), Algorithm::ES256).await.unwrap();
    assert!(second.verify_access_token(&token, NOW).is_ok());
}

#[tokio::test]
async fn only_algorithms_in_use_have_keys_and_a_new_one_is_made_beside_them() {
    let store = Keys::default();
    let (one, two) = ([Algorithm::ES256], [Algorithm::ES256, Algorithm::EdDSA]);
    let first = open_for(&one, &store, vec![kek(1)]).await.unwrap();
    assert_eq!(store.all().len(), 2);
    let refused = first.sign_access_token(&claims(), Algorithm::EdDSA).await;
    assert!(matches!(refused, Err(TokenError::NoKey(Algorithm::EdDSA))));
    let second = open_for(&two, &store, vec![kek(1)]).await.unwrap();
    assert_eq!(store.all().len(), 3);
    let token = first.sign_access_token(&claims(), Algorithm::ES256).await.unwrap();
    assert!(second.verify_access_token(&token, NOW).is_ok());
    // What is not used any more still verifies what it signed.
    let token = second.sign_access_token(&claims(), Algorithm::EdDSA).await.unwrap();
    let third = open_for(&one, &store, vec![kek(1)]).await.unwrap();
    assert!(third.verify_access_token(&token, NOW).is_ok());
}

#[tokio::test]
async fn every_algorithm_signs_what_a_library_verifies_by_the_published_key() {
    let tokens = tokens().await;
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&tokens.jwks()).unwrap();
    for algorithm in Algorithm::ALL {
        let token = tokens.sign_access_token(&claims(), algorithm).await.unwrap();
        assert!(tokens.verify_access_token(&token, NOW).is_ok(), "{algorithm:?}");
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.alg, sign::jose(algorithm));
        let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(header.alg);
        (validation.validate_aud, validation.validate_exp) = (false, false);
        let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
        jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
    }
    let kinds: Vec<Value> = serde_json::from_str::<Value>(&tokens.jwks()).unwrap()["keys"].as_array().unwrap().clone();
    let find = |alg: &str| kinds.iter().find(|key| key["alg"] == alg).unwrap();
    assert_eq!((&find("EdDSA")["kty"], &find("EdDSA")["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert_eq!(find("PS256")["kty"], "RSA");
    assert_ne!(find("PS256")["kid"], find("RS256")["kid"], "a key has one algorithm");
    for key in kinds {
        assert!(["d", "p", "q", "k"].iter().all(|private| key.get(*private).is_none()));
    }
}

#[tokio::test]
async fn two_instances_that_start_together_end_with_the_same_keys() {
    let store = Keys::default();
    let (one, two) = tokio::join!(open_with(&store, vec![kek(1)]), open_with(&store, vec![kek(1)]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(kids(&one), kids(&two));
    assert_eq!(store.all().len(), FIRST);
}

#[tokio::test]
async fn a_wrong_key_encryption_key_is_named_and_writes_nothing() {
    let store = filled().await;
    // With one key missing, a fresh one would be due.
    store.kept.lock().unwrap().truncate(1);
    let before = store.all();
    let error = open_with(&store, vec![kek(2)]).await.unwrap_err().to_string();
    assert!(error.starts_with("no configured key-encryption key opens key "), "{error}");
    assert!(error.contains(&before[0].id) && error.contains(kek_of(&before[0])), "{error}");
    assert!(store.all() == before);
}

#[tokio::test]
async fn the_first_key_encryption_key_seals_and_all_open() {
    let store = filled().await;
    assert!(open_with(&store, vec![kek(2), kek(1)]).await.is_ok());
    store.kept.lock().unwrap().retain(|key| key.usage == KeyUse::Signing(Algorithm::RS256));
    open_with(&store, vec![kek(2), kek(1)]).await.unwrap();
    let keys = store.all();
    assert_eq!(keys.len(), FIRST);
    assert!(keys[1..].iter().all(|key| kek_of(key) == kek_of(&keys[1]) && kek_of(key) != kek_of(&keys[0])));
    assert!(open_with(&store, vec![kek(1)]).await.is_err());
}

#[tokio::test]
async fn a_changed_record_does_not_open() {
    let keys = filled().await.all();
    let (one, two) = (&keys[0], &keys[1]);
    let swapped = SealedKey { sealed: two.sealed.clone(), ..one.clone() };
    let renamed = SealedKey { id: two.id.clone(), ..one.clone() };
    let retyped = SealedKey { usage: two.usage, ..one.clone() };
    for record in [swapped, renamed, retyped] {
        let store = Keys::holding(vec![record]);
        assert!(matches!(open_with(&store, vec![kek(1)]).await, Err(TokenError::Sealed { .. })));
        assert_eq!(store.all().len(), 1);
    }
}

#[tokio::test]
async fn a_key_under_a_foreign_name_is_refused_even_when_it_opens() {
    let mut random = system_rng();
    let opener = opener(&[kek(1)]);
    let es = filled().await.of(ES256).remove(0);
    let pkcs8 = opener.open(&es).unwrap();
    let sealed = Some(opener.seal("other", ES256, &pkcs8, &mut random).unwrap());
    let record = SealedKey { id: "other".to_owned(), sealed, ..es };
    assert!(matches!(open_with(&Keys::holding(vec![record]), vec![kek(1)]).await, Err(TokenError::Damaged { .. })));
}

fn kek_of(key: &SealedKey) -> &str {
    &key.sealed.as_ref().unwrap().kek_id
}

/// A record of these bytes.
fn record(id: &str, usage: KeyUse, sealed: Sealed) -> SealedKey {
    let (created_at, signs_from) = (NOW, NOW);
    SealedKey { id: id.to_owned(), usage, number: 0, sealed: Some(sealed), created_at, signs_from, revoked_at: None }
}

#[test]
fn every_flipped_bit_of_a_sealed_key_is_noticed() {
    let mut random = system_rng();
    let opener = opener(&[kek(1)]);
    let sealed = opener.seal("kid", ES256, b"a private key", &mut random).unwrap();
    assert_eq!(opener.open(&record("kid", ES256, sealed.clone())).unwrap().as_slice(), b"a private key");
    for bit in 0..sealed.bytes.len() * 8 {
        let mut changed = sealed.clone();
        changed.bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(opener.open(&record("kid", ES256, changed)).is_err(), "{bit}");
    }
    for length in 0..sealed.bytes.len() {
        let shorter = Sealed { bytes: sealed.bytes[..length].to_vec(), ..sealed.clone() };
        assert!(opener.open(&record("kid", ES256, shorter)).is_err(), "{length}");
    }
    for (id, usage) in [("kid2", ES256), ("kid", KeyUse::Signing(Algorithm::RS256)), ("kid", KeyUse::Refresh)] {
        assert!(opener.open(&record(id, usage, sealed.clone())).is_err());
    }
    let foreign = Sealed { kek_id: "00000000".to_owned(), ..sealed };
    assert!(opener.open(&record("kid", ES256, foreign)).is_err());
}

#[test]
fn sealing_twice_gives_different_bytes_without_the_clear_text() {
    let mut random = system_rng();
    let opener = opener(&[kek(1)]);
    let one = opener.seal("kid", ES256, b"a private key", &mut random).unwrap();
    let two = opener.seal("kid", ES256, b"a private key", &mut random).unwrap();
    assert!(one != two);
    assert!(!one.bytes.windows(7).any(|window| window == b"private"));
}

#[test]
fn key_encryption_keys_are_read_in_every_spelling_of_base64() {
    let bytes: Vec<u8> = (200..232).collect();
    let padded = STANDARD.encode(&bytes);
    let spellings = [
        padded.clone(),
        format!("  {padded}\n"),
        STANDARD_NO_PAD.encode(&bytes),
        URL_SAFE.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
    ];
    let mut random = system_rng();
    let sealed = opener(&[SecretString::from(padded)]).seal("k", ES256, b"x", &mut random).unwrap();
    assert_eq!(sealed.kek_id.len(), 8);
    for spelling in spellings {
        assert!(opener(&[SecretString::from(spelling)]).open(&record("k", ES256, sealed.clone())).is_ok());
    }
}

#[test]
fn a_key_encryption_key_of_another_shape_says_what_was_expected_and_not_what_it_was() {
    for (text, fault) in [
        ("", "empty"),
        ("  \n", "empty"),
        ("hunter2 hunter2", "not base64"),
        ("c2VjcmV0", "fewer than 32 bytes"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "placeholder"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI=", "more than 32 bytes"),
    ] {
        let Err(error) = KeyEncryptionKeys::parse(&[kek(1), SecretString::from(text)]) else { panic!("{text}") };
        let message = error.to_string();
        assert!(message.starts_with("key-encryption key 2 of 2: "), "{message}");
        assert!(message.contains(fault) && message.contains("32 random bytes in base64"), "{message}");
        assert!(text.trim().is_empty() || !format!("{message} {error:?}").contains(text.trim()));
    }
    assert!(matches!(KeyEncryptionKeys::parse(&[]), Err(TokenError::NoEncryptionKey)));
}

#[tokio::test]
async fn nothing_secret_is_shown_by_debug() {
    let tokens = tokens().await;
    let shown = format!("{tokens:?}");
    assert!(shown.contains("kid") && !shown.contains("signer"), "{shown}");
    let Err(error) = KeyEncryptionKeys::parse(&[SecretString::from("c2VjcmV0")]) else { panic!() };
    assert!(!format!("{error:?}{error}").contains("c2VjcmV0"));
}

#[tokio::test]
async fn refresh_tokens_of_one_instance_are_read_by_another_and_open_under_no_other_purpose_or_name() {
    let store = Keys::default();
    let (one, two) = tokio::join!(open_with(&store, vec![kek(1)]), open_with(&store, vec![kek(1)]));
    let (one, two) = (one.unwrap(), two.unwrap());
    let grant = GrantId(Uuid::from_u128(5));
    let token = one.make_refresh_token(grant, 9, NOW).unwrap();
    assert_eq!(two.read_refresh_token(&token), Some((grant, 9)));
    assert_eq!(two.make_refresh_token(grant, 9, NOW).unwrap(), token);

    let kept = store.of(KeyUse::Refresh).remove(0);
    let opener = opener(&[kek(1)]);
    assert!(opener.open(&kept).is_ok());
    assert!(opener.open(&SealedKey { id: "00000000".to_owned(), ..kept.clone() }).is_err());
    assert!(opener.open(&SealedKey { usage: ES256, ..kept.clone() }).is_err());
    assert!(tokens().await.read_refresh_token(&token).is_none(), "other keys");
    assert!(store.change(&kept, |key| key.sealed.as_mut().unwrap().bytes[20] ^= 1));
    assert!(open_with(&store, vec![kek(1)]).await.is_err());
}
