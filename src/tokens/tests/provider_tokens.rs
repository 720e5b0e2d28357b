//! Providers' tokens at rest (threat I18).

use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::clock::system_rng;
use crate::model::identity::IdentityKey;
use crate::model::provider_tokens::ProviderTokens;
use crate::model::sealed_key::Sealed;
use crate::protocol::ids::ProviderId;

fn key() -> IdentityKey {
    IdentityKey {
        provider: ProviderId::parse("google").unwrap(),
        issuer: "https://accounts.example".to_owned(),
        subject: "sübject".to_owned(),
    }
}

fn given() -> ProviderTokens {
    ProviderTokens {
        access_token: SecretString::from("the-access-\"\\\u{1}-token"),
        refresh_token: Some(SecretString::from("the-refresh-token")),
        scope: "openid email".to_owned(),
        expires_at: Some(NOW),
    }
}

#[tokio::test]
async fn tokens_of_a_provider_come_back_as_they_were_sealed() {
    let tokens = open_with(&Keys::default(), vec![kek(1)]).await.unwrap();
    for given in [given(), ProviderTokens { refresh_token: None, expires_at: None, ..given() }] {
        let [sealed, again] =
            [(); 2].map(|()| tokens.seal_provider_tokens(&key(), &given, NOW, &mut system_rng()).unwrap());
        assert!(sealed.revision != again.revision && sealed.sealed.bytes != again.sealed.bytes);
        let facts = (given.scope.clone(), given.expires_at, given.refresh_token.is_some());
        assert_eq!((sealed.scope, sealed.expires_at, sealed.refreshable), facts);
        let opened = tokens.open_provider_tokens(&key(), &sealed.sealed).unwrap();
        let shown = |tokens: &ProviderTokens| {
            let refresh = tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned());
            (tokens.access_token.expose_secret().to_owned(), refresh, tokens.scope.clone(), tokens.expires_at)
        };
        assert_eq!(shown(&opened), shown(&given));
    }
}

#[tokio::test]
async fn tokens_open_as_those_of_their_identity_alone() {
    let tokens = open_with(&Keys::default(), vec![kek(1)]).await.unwrap();
    let sealed = tokens.seal_provider_tokens(&key(), &given(), NOW, &mut system_rng()).unwrap().sealed;
    for other in [
        IdentityKey { provider: ProviderId::parse("github").unwrap(), ..key() },
        IdentityKey { issuer: "https://accounts.example/".to_owned(), ..key() },
        IdentityKey { subject: "subject".to_owned(), ..key() },
    ] {
        let refused = tokens.open_provider_tokens(&other, &sealed);
        assert!(matches!(refused, Err(TokenError::SealedTokens { .. })), "{other:?}");
    }
    let mut changed = sealed.bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    for bytes in [changed, Vec::new(), sealed.bytes[..20].to_vec()] {
        let changed = Sealed { bytes, ..sealed.clone() };
        assert!(matches!(tokens.open_provider_tokens(&key(), &changed), Err(TokenError::SealedTokens { .. })));
    }
    assert!(tokens.open_provider_tokens(&key(), &sealed).is_ok());
}

#[tokio::test]
async fn every_configured_key_opens_tokens_and_the_error_names_the_one_that_is_missing() {
    let store = Keys::default();
    let old = open_with(&store, vec![kek(1)]).await.unwrap();
    let sealed = old.seal_provider_tokens(&key(), &given(), NOW, &mut system_rng()).unwrap().sealed;
    let both = open_with(&store, vec![kek(2), kek(1)]).await.unwrap();
    assert!(both.open_provider_tokens(&key(), &sealed).is_ok());
    let new = open_with(&Keys::default(), vec![kek(2)]).await.unwrap();
    let error = new.open_provider_tokens(&key(), &sealed).unwrap_err().to_string();
    assert!(error.contains(&sealed.kek_id) && error.contains("google") && !error.contains("sübject"), "{error}");
}
