//! Whoever asks for the access token of a provider gets one that is live, refreshed once for all who ask.
//!
//! Nothing in the server asks yet: token exchange (RFC 8693) will. So it is asked through the library, with the parts of
//! a running server.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use vestibule::custody::{CustodyError, Lack, LiveToken};
use vestibule::model::identity::IdentityKey;
use vestibule::model::provider::{IssuerRule, Protocol, Provider};

use super::{KEEPS, come_in, kept, kept_and_opened, key, key_of, opened, pass, with};
use crate::both_setups;
use crate::support::journey::{back, expect_in, leave, start};
use crate::support::providers::{Endpoint, FakeGitHub, FakeProvider, Trouble, Twist};
use crate::support::{Ask, Setup, TestApp};

/// Longer than an access token lives.
const PAST: u32 = 3601;

pub(super) fn provider(app: &TestApp, id: &str) -> Arc<Provider> {
    Arc::clone(app.app().registry().find_provider(id).expect("a provider"))
}

async fn ask(app: &TestApp, key: &IdentityKey) -> Result<LiveToken, CustodyError> {
    app.app().custody().access_token(&provider(app, key.provider.as_str()), key).await
}

fn text(token: &LiveToken) -> String {
    token.access_token.expose_secret().to_owned()
}

#[track_caller]
fn lack(result: Result<LiveToken, CustodyError>) -> Lack {
    match result {
        Err(CustodyError::SignInThere(lack)) => lack,
        other => panic!("{other:?}"),
    }
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = tokio::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

both_setups! {
    async fn a_token_that_is_live_is_given_as_it_is(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        let (before, (access, _)) = kept_and_opened(&app, &key(&fake)).await;
        // Up to the margin, which is half a minute.
        pass(&app, &fake, 3600 - 31);
        let given = ask(&app, &key(&fake)).await.expect("a token");
        assert_eq!((text(&given), given.scope, given.expires_at), (access, before.tokens.scope.clone(), before.tokens.expires_at));
        assert_eq!(fake.count(Endpoint::Token), 1);
        pass(&app, &fake, 1);
        ask(&app, &key(&fake)).await.expect("a token");
        assert_eq!(fake.count(Endpoint::Token), 2, "it would end on the way");
    }

    /// RFC 6749 6: the refresh token is as good as before unless another one comes.
    async fn a_token_that_has_ended_is_refreshed_and_the_refresh_token_stays(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        let (_, (first, refresh)) = kept_and_opened(&app, &key(&fake)).await;
        let mut seen = vec![first];
        for _ in 0..2 {
            pass(&app, &fake, PAST);
            let given = ask(&app, &key(&fake)).await.expect("a token");
            assert!(fake.takes(&text(&given)) && !seen.contains(&text(&given)));
            assert_eq!(given.expires_at, Some(app.app().now().plus(Duration::from_hours(1))));
            let (kept, (access, stays)) = kept_and_opened(&app, &key(&fake)).await;
            assert_eq!((&access, &stays, kept.claimed_until), (&text(&given), &refresh, None));
            assert_eq!(given.scope, kept.tokens.scope);
            assert_eq!(text(&ask(&app, &key(&fake)).await.expect("a token")), access, "it is live now");
            seen.push(access);
        }
        assert_eq!(fake.count(Endpoint::Token), 3);
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    async fn a_refresh_token_that_is_of_use_once_is_replaced(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        fake.rotates_refresh_tokens();
        come_in(&app, &fake).await;
        let (_, (_, mut last)) = kept_and_opened(&app, &key(&fake)).await;
        for _ in 0..3 {
            pass(&app, &fake, PAST);
            ask(&app, &key(&fake)).await.expect("a token");
            let (_, (_, next)) = kept_and_opened(&app, &key(&fake)).await;
            assert!(next.is_some() && next != last, "{next:?}");
            last = next;
        }
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    /// At a provider where the second use of a refresh token would be refused.
    async fn of_many_who_ask_at_once_at_two_instances_one_refreshes(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        let second = app.sibling().await;
        fake.rotates_refresh_tokens();
        come_in(&app, &fake).await;
        for round in 1..=3 {
            pass(&app, &fake, PAST);
            let key = key(&fake);
            let asked = (0..10).map(|index| ask(if index % 2 == 0 { &app } else { &second }, &key));
            let given: Vec<String> = join_all(asked).await.into_iter().map(|token| text(&token.expect("a token"))).collect();
            assert!(given.iter().all(|token| *token == given[0]) && fake.takes(&given[0]), "{given:?}");
            assert_eq!(fake.count(Endpoint::Token), 1 + round);
        }
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    async fn a_refresh_token_that_was_taken_back_is_forgotten_and_the_person_has_to_sign_in_there(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        pass(&app, &fake, PAST);
        fake.withdraw_tokens();
        assert_eq!(lack(ask(&app, &key(&fake)).await), Lack::Withdrawn);
        assert_eq!(kept(&app, &key(&fake)).await, None);
        assert_eq!(lack(ask(&app, &key(&fake)).await), Lack::NothingKept);
        assert_eq!(fake.count(Endpoint::Token), 2);
        come_in(&app, &fake).await;
        assert!(fake.takes(&text(&ask(&app, &key(&fake)).await.expect("a token"))));
    }

    async fn without_a_refresh_token_an_ended_token_is_the_end(setup: Setup) {
        let (app, fake) = with(setup, "store_tokens = true\n").await;
        come_in(&app, &fake).await;
        assert!(ask(&app, &key(&fake)).await.is_ok());
        pass(&app, &fake, PAST);
        assert_eq!(lack(ask(&app, &key(&fake)).await), Lack::Expired);
        assert_eq!(fake.count(Endpoint::Token), 1);
    }

    async fn a_provider_that_is_down_or_lies_changes_nothing(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        pass(&app, &fake, PAST);
        let before = kept(&app, &key(&fake)).await.expect("kept");
        // Two of them say invalid_grant, which is no trouble but an answer.
        let known = [Trouble::Error, Trouble::ErrorWith200];
        for trouble in Trouble::ALL.iter().filter(|trouble| !known.contains(trouble) && !Trouble::SLOW.contains(trouble)) {
            fake.trouble(Endpoint::Token, *trouble);
            let error = ask(&app, &key(&fake)).await.expect_err("no token");
            assert!(matches!(error, CustodyError::Provider(_)), "{trouble:?}: {error:?}");
            let passes = matches!(trouble, Trouble::TooManyRequests | Trouble::ServerError | Trouble::Unavailable | Trouble::Closed | Trouble::TruncatedBody);
            assert_eq!(error.is_passing(), passes, "{trouble:?}: {error}");
            assert_eq!(kept(&app, &key(&fake)).await.as_ref(), Some(&before), "{trouble:?}");
            fake.well();
        }
        fake.twist(Twist::TokenTypeOther);
        assert!(matches!(ask(&app, &key(&fake)).await, Err(CustodyError::Provider(_))));
        fake.straighten();
        fake.down();
        let error = ask(&app, &key(&fake)).await.expect_err("no token");
        assert!(error.is_passing(), "{error:?}");
        assert_eq!(kept(&app, &key(&fake)).await, Some(before));
        fake.up();
        assert!(fake.takes(&text(&ask(&app, &key(&fake)).await.expect("a token"))));
    }

    /// Whoever asks waits for the one who refreshes, and takes what that one stores.
    async fn whoever_finds_the_tokens_claimed_takes_what_comes_of_it(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        pass(&app, &fake, PAST);
        let store = &app.app().stores.provider_tokens;
        let before = kept(&app, &key(&fake)).await.expect("kept");
        let now = app.app().now();
        assert!(store.claim(&before, now.plus(Duration::from_secs(30)), now).await.expect("the store"));
        let (custody, provider, of) = (app.app().custody(), provider(&app, "acme"), key(&fake));
        let waits = tokio::spawn(async move { custody.access_token(&provider, &of).await });
        tokio::task::yield_now().await;
        let mut new = opened(&app.app().tokens, &before);
        new.expires_at = None;
        new.access_token = "of-the-other".to_owned().into();
        let sealed = app.app().tokens.seal_provider_tokens(&key(&fake), &new, now, &mut app.app().rng()).expect("sealed");
        assert!(store.replace(&before, &sealed).await.expect("the store"));
        assert_eq!(text(&waits.await.expect("no panic").expect("a token")), "of-the-other");
        assert_eq!(fake.count(Endpoint::Token), 1);
    }

    /// An instance that died while it refreshed.
    async fn a_claim_that_nobody_gives_up_ends_by_itself(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        pass(&app, &fake, PAST);
        let before = kept(&app, &key(&fake)).await.expect("kept");
        let now = app.app().now();
        let until = now.plus(Duration::from_secs(30));
        assert!(app.app().stores.provider_tokens.claim(&before, until, now).await.expect("the store"));
        pass(&app, &fake, 30);
        assert!(fake.takes(&text(&ask(&app, &key(&fake)).await.expect("a token"))));
    }

    /// The provider may take the old refresh token no more: what it answers is stored whoever still waits.
    async fn a_refresh_goes_on_when_whoever_asked_goes_away(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        fake.rotates_refresh_tokens();
        come_in(&app, &fake).await;
        pass(&app, &fake, PAST);
        let (before, (old, _)) = kept_and_opened(&app, &key(&fake)).await;
        let (custody, provider, of) = (app.app().custody(), provider(&app, "acme"), key(&fake));
        let asks = tokio::spawn(async move { custody.access_token(&provider, &of).await });
        until("the provider is asked", async || fake.count(Endpoint::Token) == 2).await;
        asks.abort();
        until("it is stored", async || kept(&app, &key(&fake)).await.expect("kept").tokens.revision != before.tokens.revision).await;
        let given = text(&ask(&app, &key(&fake)).await.expect("a token"));
        assert!(given != old && fake.takes(&given));
        assert_eq!(fake.count(Endpoint::Token), 2);
    }

    async fn nothing_is_given_once_it_is_switched_off(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        assert!(ask(&app, &key(&fake)).await.is_ok());
        let mut off = Provider::clone(&provider(&app, "acme"));
        off.store_tokens = false;
        let custody = app.app().custody();
        assert_eq!(lack(custody.access_token(&Arc::new(off), &key(&fake)).await), Lack::NothingKept);
        let mut other = Provider::clone(&provider(&app, "acme"));
        other.id = vestibule::protocol::ids::ProviderId::parse("other").expect("an id");
        assert_eq!(lack(custody.access_token(&Arc::new(other), &key(&fake)).await), Lack::NothingKept);
    }

    /// The table of a provider was changed to another issuer: the refresh token is not shown to it.
    async fn a_refresh_token_goes_to_nobody_but_who_gave_it(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        pass(&app, &fake, PAST);
        let before = kept(&app, &key(&fake)).await;
        let other = FakeProvider::start();
        let mut changed = Provider::clone(&provider(&app, "acme"));
        changed.protocol = Protocol::OpenId { issuer: IssuerRule::Exact(other.issuer()), form_post: false };
        let error = app.app().custody().access_token(&Arc::new(changed.clone()), &key(&fake)).await.expect_err("no token");
        assert!(matches!(error, CustodyError::Provider(_)) && !error.is_passing(), "{error:?}");
        let hub = FakeGitHub::start();
        let base = hub.issuer().parse().expect("a URL");
        let api = hub.issuer().parse().expect("a URL");
        changed.protocol = Protocol::GitHub { base, api, organizations: Vec::new(), teams: Vec::new() };
        let error = app.app().custody().access_token(&Arc::new(changed), &key(&fake)).await.expect_err("no token");
        assert!(matches!(error, CustodyError::Provider(_)), "{error:?}");
        assert_eq!((other.count(Endpoint::Token), hub.count(Endpoint::Token)), (0, 0));
        assert_eq!(kept(&app, &key(&fake)).await, before);
    }

    /// The tokens of a GitHub App end; its refresh tokens are of use once, and its error has a name of its own.
    async fn tokens_of_a_github_app_are_refreshed(setup: Setup) {
        let hub = FakeGitHub::start();
        hub.expiring_tokens();
        let app = start(setup, &[hub.toml_with("github", "store_tokens = true\n")]).await;
        let (mut browser, request) = (app.browser(), Ask::of("trusted"));
        let there = leave(&mut browser, &app, &request, "github").await;
        let arrival = back(&mut browser, &hub.visit(&there).await).await;
        let arrival = browser.allow(arrival).await;
        expect_in(&app, &browser, &request, arrival);
        let key = key_of("github", &hub.issuer(), "583231");
        for asked in 1..=3 {
            let given = ask(&app, &key).await.expect("a token");
            assert!(hub.takes(&text(&given)) && given.scope == "read:user user:email", "{given:?}");
            assert_eq!(hub.count(Endpoint::Token), asked);
            app.advance_seconds(8 * 3600);
        }
        assert_eq!(hub.complaints(), Vec::<String>::new());
        hub.forget_refresh_tokens();
        assert_eq!(lack(ask(&app, &key).await), Lack::Withdrawn);
        assert_eq!(kept(&app, &key).await, None);
    }
}
