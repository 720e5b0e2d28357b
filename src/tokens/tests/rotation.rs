//! Keys that follow one another while servers run; threats.md X16, X17, P7, P8.

use super::*;
use crate::model::key_line::{Ahead, KeyState};

const ES256: KeyUse = KeyUse::Signing(Algorithm::ES256);

fn chest(store: &Keys) -> KeyChest<'_> {
    KeyChest::new(&section(vec![kek(1)]), store).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn made(rotated: Rotated) -> KeyFacts {
    match rotated {
        Rotated::Made(key) => key,
        other => panic!("{other:?}"),
    }
}

async fn token_at(tokens: &Tokens, now: Timestamp) -> String {
    let claims = AccessTokenClaims { iat: now.seconds(), exp: now.seconds() + 600, ..claims() };
    tokens.sign_access_token(&claims, Algorithm::ES256).await.unwrap()
}

fn kid_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// Two servers over one store, and the store.
async fn two() -> (Keys, Tokens, Tokens) {
    let store = filled().await;
    let one = open_with(&store, vec![kek(1)]).await.unwrap();
    let two = open_with(&store, vec![kek(1)]).await.unwrap();
    (store, one, two)
}

#[tokio::test]
async fn a_key_is_published_everywhere_before_it_signs_and_the_old_one_goes_on_being_accepted() {
    let (store, one, two) = two().await;
    let before = token_at(&one, NOW).await;
    let next = made(chest(&store).rotate(ES256, Ahead::Usual, NOW).await.unwrap());
    assert_eq!(next.state, KeyState::Pending);
    for tokens in [&one, &two] {
        assert!(!tokens.jwks().contains(&next.id));
        tokens.catch_up(&store, NOW).await.unwrap();
        assert!(tokens.jwks().contains(&next.id));
        assert_eq!(kid_of(&token_at(tokens, at(359)).await), kid_of(&before));
        assert_eq!(kid_of(&token_at(tokens, at(360)).await), next.id);
    }
    let after = token_at(&two, at(360)).await;
    for token in [&before, &after] {
        assert!(one.verify_access_token(token, at(400)).is_ok());
    }
    // It stays published until all that it signed is over, and goes by itself then.
    let over = 360 + 86_400 + 60;
    for (seconds, published) in [(over - 1, true), (over, false)] {
        one.catch_up(&store, at(seconds)).await.unwrap();
        assert_eq!(one.jwks().contains(&kid_of(&before)), published);
    }
    // What it signed as a hint says who is meant for a year more.
    let hint = two.sign_id_token(&id_token_claims(), Algorithm::ES256).await.unwrap();
    assert_eq!(kid_of(&hint), kid_of(&before));
    assert!(one.verify_id_token_hint(&hint, at(over)).is_ok());
    assert!(one.verify_access_token(&before, NOW).is_err(), "and nothing more than that");
}

#[tokio::test]
async fn of_many_rotations_at_once_one_makes_a_key() {
    let store = filled().await;
    let chest = chest(&store);
    let results = futures_util::future::join_all((0..20).map(|_| chest.rotate(ES256, Ahead::Usual, NOW))).await;
    let made = results.iter().filter(|result| matches!(result, Ok(Rotated::Made(_)))).count();
    let waiting = results.iter().filter(|result| matches!(result, Ok(Rotated::Waiting(_)))).count();
    assert_eq!((made, waiting, store.of(ES256).len()), (1, 19, 2));
    assert!(matches!(chest.rotate(ES256, Ahead::Hasty, NOW).await, Ok(Rotated::Hastened(_))));
    assert_eq!(store.of(ES256)[1].signs_from, at(10));
}

#[tokio::test]
async fn what_a_revoked_key_signed_is_refused_by_every_server_and_another_key_signs() {
    let (store, one, two) = two().await;
    let stolen = token_at(&one, NOW).await;
    let hint = one.sign_id_token(&id_token_claims(), Algorithm::ES256).await.unwrap();
    let Revoked::Now(usage, Some(next)) = chest(&store).revoke(&kid_of(&stolen), NOW).await.unwrap() else { panic!() };
    assert_eq!(usage, ES256);
    one.catch_up(&store, NOW).await.unwrap();
    let fresh = token_at(&one, NOW).await;
    assert_eq!(kid_of(&fresh), next);
    // The other server, which has not asked yet, asks because of a key that it does not know, and learns both.
    assert!(two.verify_access_token(&fresh, NOW).is_err() && two.verify_access_token(&stolen, NOW).is_ok());
    assert!(two.catch_up_for(&fresh, &store, NOW).await);
    for tokens in [&one, &two] {
        assert!(tokens.verify_access_token(&fresh, NOW).is_ok());
        assert!(tokens.verify_access_token(&stolen, NOW).is_err());
        assert!(tokens.verify_id_token_hint(&hint, NOW).is_err());
        assert!(!tokens.jwks().contains(&kid_of(&stolen)));
    }
    let kept = store.of(ES256);
    assert!(kept[0].sealed.is_none(), "nothing of it is left");
    assert_eq!(chest(&store).revoke(&kid_of(&stolen), NOW).await.unwrap(), Revoked::Before);
    assert_eq!(chest(&store).revoke("nothing", NOW).await.unwrap(), Revoked::Unknown);
    assert!(open_with(&store, vec![kek(1)]).await.is_ok(), "a server starts beside what is left of it");
}

#[tokio::test]
async fn a_revoked_key_is_followed_by_the_one_that_everybody_has() {
    let (store, one, _) = two().await;
    let pending = made(chest(&store).rotate(ES256, Ahead::Usual, NOW).await.unwrap());
    let active = kid_of(&token_at(&one, NOW).await);
    let revoked = chest(&store).revoke(&active, at(5)).await.unwrap();
    assert_eq!(revoked, Revoked::Now(ES256, Some(pending.id.clone())));
    one.catch_up(&store, at(5)).await.unwrap();
    assert_eq!(kid_of(&token_at(&one, at(5)).await), pending.id);
    // One that does not sign has no successor.
    let waiting = made(chest(&store).rotate(ES256, Ahead::Usual, at(5)).await.unwrap());
    assert_eq!(chest(&store).revoke(&waiting.id, at(6)).await.unwrap(), Revoked::Now(ES256, None));
}

#[tokio::test]
async fn tokens_that_name_unknown_keys_make_a_server_ask_once_a_second_at_most() {
    let (store, one, two) = two().await;
    let good = token_at(&one, NOW).await;
    let asked = store.asked.load(Ordering::SeqCst);
    let strangers: Vec<String> = (0..50)
        .map(|number| es256(&one, &json!({"typ": "at+jwt", "alg": "ES256", "kid": format!("{number}")}), &payload()))
        .collect();
    // Known names and texts that are no tokens say nothing new.
    for text in [good.as_str(), "", "x", "a.b.c", &"A".repeat(76), &"A".repeat(9000)] {
        assert!(!two.catch_up_for(text, &store, NOW).await || text.len() == 76, "{text:.40}");
    }
    futures_util::future::join_all(strangers.iter().map(|token| two.catch_up_for(token, &store, NOW))).await;
    assert!(store.asked.load(Ordering::SeqCst) <= asked + 1);
}

#[tokio::test]
async fn refresh_tokens_of_the_old_key_are_read_and_new_ones_are_of_the_new_key() {
    let (store, one, two) = two().await;
    let grant = GrantId(Uuid::from_u128(5));
    let old = one.make_refresh_token(grant, 1, NOW).unwrap();
    let next = made(chest(&store).rotate(KeyUse::Refresh, Ahead::Usual, NOW).await.unwrap());
    assert!(next.signs_from > NOW, "the others have it first");
    one.catch_up(&store, NOW).await.unwrap();
    assert_eq!(one.make_refresh_token(grant, 1, NOW).unwrap(), old);
    let new = one.make_refresh_token(grant, 1, next.signs_from).unwrap();
    assert_ne!(new, old);
    assert_eq!(two.read_refresh_token(&new), None);
    assert!(two.catch_up_for(&new, &store, NOW).await);
    for token in [&old, &new] {
        assert_eq!(two.read_refresh_token(token), Some((grant, 1)));
    }
    let first = store.of(KeyUse::Refresh).remove(0);
    chest(&store).revoke(&first.id, next.signs_from).await.unwrap();
    two.catch_up(&store, next.signs_from).await.unwrap();
    assert_eq!((two.read_refresh_token(&old), two.read_refresh_token(&new)), (None, Some((grant, 1))));
}

#[tokio::test]
async fn p7_after_resealing_nothing_is_left_under_the_old_key_encryption_key() {
    let (store, one, _) = two().await;
    let stolen = kid_of(&token_at(&one, NOW).await);
    chest(&store).revoke(&stolen, NOW).await.unwrap();
    one.catch_up(&store, NOW).await.unwrap();
    let both = KeyChest::new(&section(vec![kek(2), kek(1)]), &store).unwrap();
    let ids: Vec<String> = both.kek_ids().map(str::to_owned).collect();
    let total = Algorithm::ALL.len() + 1;
    assert_eq!(both.reseal().await.unwrap(), Resealed { changed: total, total });
    assert_eq!(both.reseal().await.unwrap(), Resealed { changed: 0, total });
    let listed = both.list(NOW).await.unwrap();
    assert_eq!(listed.iter().filter(|key| key.kek_id.as_ref() == Some(&ids[0])).count(), total);
    assert_eq!(listed.iter().filter(|key| key.kek_id.is_none()).count(), 1, "the revoked one is erased");
    // Whoever runs is not disturbed, and whoever starts needs the new one alone.
    one.catch_up(&store, NOW).await.unwrap();
    let started = open_with(&store, vec![kek(2)]).await.unwrap();
    assert!(started.verify_access_token(&token_at(&one, NOW).await, NOW).is_ok());
    assert!(open_with(&store, vec![kek(1)]).await.is_err());
}

#[tokio::test]
async fn p8_a_wrong_key_encryption_key_changes_nothing() {
    let (store, one, _) = two().await;
    let before = store.all();
    let wrong = KeyChest::new(&section(vec![kek(2)]), &store).unwrap();
    let kid = kid_of(&token_at(&one, NOW).await);
    assert!(matches!(wrong.rotate(ES256, Ahead::Usual, NOW).await, Err(TokenError::Sealed { .. })));
    assert!(matches!(wrong.revoke(&kid, NOW).await, Err(TokenError::Sealed { .. })));
    assert!(matches!(wrong.reseal().await, Err(TokenError::Sealed { .. })));
    assert!(store.all() == before);
    assert_eq!(wrong.list(NOW).await.unwrap().len(), before.len(), "looking needs no key");
}

#[tokio::test]
async fn a_key_that_does_not_open_here_is_left_out_and_revocations_count_all_the_same() {
    let (store, one, _) = two().await;
    let stolen = token_at(&one, NOW).await;
    let elsewhere = KeyChest::new(&section(vec![kek(2), kek(1)]), &store).unwrap();
    let next = made(elsewhere.rotate(ES256, Ahead::Usual, NOW).await.unwrap());
    one.catch_up(&store, NOW).await.unwrap();
    assert!(!one.jwks().contains(&next.id));
    assert_eq!(kid_of(&token_at(&one, at(400)).await), kid_of(&stolen), "it signs with what it has");
    elsewhere.revoke(&kid_of(&stolen), NOW).await.unwrap();
    one.catch_up(&store, NOW).await.unwrap();
    assert!(one.verify_access_token(&stolen, NOW).is_err());
    assert!(one.sign_access_token(&claims(), Algorithm::ES256).await.is_err());
}

#[tokio::test]
async fn keys_follow_one_another_by_themselves_a_day_ahead() {
    let (store, one, two) = two().await;
    let every = Duration::from_hours(24 * 90);
    let due = at(89 * 86_400);
    for now in [NOW, due.minus(Duration::from_secs(1))] {
        one.rotate_when_due(every, &Algorithm::ALL, &store, now).await.unwrap();
        assert_eq!(store.all().len(), Algorithm::ALL.len() + 1);
    }
    for tokens in [&one, &two, &one] {
        tokens.rotate_when_due(every, &[Algorithm::ES256], &store, due).await.unwrap();
        tokens.catch_up(&store, due).await.unwrap();
    }
    let keys = store.of(ES256);
    assert_eq!((keys.len(), store.all().len()), (2, Algorithm::ALL.len() + 2));
    assert_eq!(kid_of(&token_at(&one, at(90 * 86_400)).await), keys[1].id);
}
