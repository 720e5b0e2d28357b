//! What is kept by the time that a provider answers counts, whatever it answers: a sign-in came between.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use vestibule::custody::{Custody, CustodyError, Lack};
use vestibule::model::identity::IdentityKey;
use vestibule::model::provider_tokens::{KeptTokens, SealedTokens};
use vestibule::model::sealed_key::Sealed;
use vestibule::protocol::ids::UserId;
use vestibule::protocol::time::Timestamp;
use vestibule::store::{ProviderTokenStore, StoreError};

use super::refreshing::provider;
use super::{KEEPS, come_in, kept, kept_and_opened, key, opened, pass, with};
use crate::both_setups;
use crate::support::Setup;
use crate::support::providers::Endpoint;

/// The store of a server, in which something else happens as soon as somebody has claimed tokens.
struct Overtaken {
    store: Arc<dyn ProviderTokenStore>,
    then: Mutex<Option<Then>>,
}

/// What happens once.
enum Then {
    SignedIn(Box<SealedTokens>),
    Forgotten,
}

#[async_trait]
impl ProviderTokenStore for Overtaken {
    async fn find(&self, key: &IdentityKey) -> Result<Option<KeptTokens>, StoreError> {
        self.store.find(key).await
    }

    async fn list(&self, user: UserId) -> Result<Vec<KeptTokens>, StoreError> {
        self.store.list(user).await
    }

    async fn put(&self, key: &IdentityKey, tokens: &SealedTokens) -> Result<bool, StoreError> {
        self.store.put(key, tokens).await
    }

    async fn forget(&self, key: &IdentityKey) -> Result<(), StoreError> {
        self.store.forget(key).await
    }

    async fn claim(&self, found: &KeptTokens, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let claimed = self.store.claim(found, until, now).await?;
        let then = self.then.lock().expect("the lock").take();
        match then {
            Some(Then::SignedIn(tokens)) => assert!(self.store.put(&found.key, &tokens).await?),
            Some(Then::Forgotten) => self.store.forget(&found.key).await?,
            None => {}
        }
        Ok(claimed)
    }

    async fn release(&self, found: &KeptTokens, until: Timestamp) -> Result<bool, StoreError> {
        self.store.release(found, until).await
    }

    async fn replace(&self, found: &KeptTokens, tokens: &SealedTokens) -> Result<bool, StoreError> {
        self.store.replace(found, tokens).await
    }

    async fn remove(&self, found: &KeptTokens) -> Result<bool, StoreError> {
        self.store.remove(found).await
    }

    async fn sealed_by_others(&self, kek_id: &str, limit: u64) -> Result<Vec<KeptTokens>, StoreError> {
        self.store.sealed_by_others(kek_id, limit).await
    }

    async fn reseal(&self, found: &KeptTokens, sealed: &Sealed) -> Result<bool, StoreError> {
        self.store.reseal(found, sealed).await
    }

    async fn count(&self) -> Result<usize, StoreError> {
        self.store.count().await
    }
}

both_setups! {
    /// The provider refreshes, or takes the token no more: either way the tokens of the new sign-in are given and stay.
    async fn a_sign_in_that_comes_between_counts_and_not_the_refresh(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        for withdrawn in [false, true] {
            come_in(&app, &fake).await;
            pass(&app, &fake, 3601);
            let asked = fake.count(Endpoint::Token);
            if withdrawn {
                fake.withdraw_tokens();
            }
            let before = kept(&app, &key(&fake)).await.expect("kept");
            let mut new = opened(&app.app().tokens, &before);
            new.access_token = "of-the-new-sign-in".to_owned().into();
            new.expires_at = Some(app.app().now().plus(Duration::from_hours(1)));
            let tokens = &app.app().tokens;
            let sealed = tokens.seal_provider_tokens(&key(&fake), &new, app.app().now(), &mut app.app().rng());
            let then = Mutex::new(Some(Then::SignedIn(Box::new(sealed.expect("sealed")))));
            let store = Arc::new(Overtaken { store: Arc::clone(&app.app().stores.provider_tokens), then });
            let custody = Custody { store, ..app.app().custody() };
            let given = custody.access_token(&provider(&app, "acme"), &key(&fake)).await.expect("a token");
            assert_eq!(given.access_token.expose_secret(), "of-the-new-sign-in");
            let (_, (stays, _)) = kept_and_opened(&app, &key(&fake)).await;
            assert_eq!((stays.as_str(), fake.count(Endpoint::Token)), ("of-the-new-sign-in", asked + 1));
        }
    }

    /// What was forgotten meanwhile does not come back with the answer.
    async fn tokens_that_are_forgotten_during_a_refresh_stay_so(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        pass(&app, &fake, 3601);
        let store = Arc::clone(&app.app().stores.provider_tokens);
        let store = Arc::new(Overtaken { store, then: Mutex::new(Some(Then::Forgotten)) });
        let custody = Custody { store, ..app.app().custody() };
        let refused = custody.access_token(&provider(&app, "acme"), &key(&fake)).await;
        assert!(matches!(refused, Err(CustodyError::SignInThere(Lack::NothingKept))), "{refused:?}");
        assert_eq!(kept(&app, &key(&fake)).await, None);
        assert_eq!(fake.count(Endpoint::Token), 2);
    }
}
