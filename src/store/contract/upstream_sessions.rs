//! What the ports promise of sessions that began at an external provider, and of its logout tokens.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`), or which sessions a
//! sign-out means (`model/upstream_session`).

use std::time::Duration;

use crate::model::identity::IdentityKey;
use crate::model::session::Session;
use crate::model::upstream_session::EndedThere;
use crate::protocol::ids::ProviderId;
use crate::protocol::opaque::TokenHash;
use crate::store::contract::samples::{self, LIFE, START};
use crate::store::contract::{Bench, at_once};

const MILLI: Duration = Duration::from_millis(1);

fn identity() -> IdentityKey {
    samples::identity(samples::user_id(), "acme-id").key
}

fn anybodys(identity: &IdentityKey, sid: &str) -> EndedThere {
    let IdentityKey { provider, issuer, .. } = identity.clone();
    EndedThere::Anybodys { provider, issuer, sid: sid.to_owned() }
}

/// Stores it under a new id.
async fn put(bench: &Bench, session: Session) -> (TokenHash, Session) {
    let id = samples::hash();
    bench.stores.sessions.put(&id, &session).await.unwrap();
    (id, session)
}

/// What is found, in the order of the sessions' ids.
async fn found(bench: &Bench, ended: &EndedThere) -> Vec<(TokenHash, Session)> {
    let mut found = bench.stores.sessions.find_begun(ended).await.unwrap();
    found.sort_by_key(|(id, _)| id.to_key());
    found
}

fn sorted(mut sessions: Vec<(TokenHash, Session)>) -> Vec<(TokenHash, Session)> {
    sessions.sort_by_key(|(id, _)| id.to_key());
    sessions
}

pub(super) async fn sessions_are_found_by_the_identity_and_by_the_session_elsewhere(bench: &Bench) {
    let (ada, bob) = (identity(), identity());
    let at_another = IdentityKey { provider: ProviderId::parse("other-id").unwrap(), ..ada.clone() };
    let of_another = IdentityKey { issuer: "https://other.example".to_owned(), ..ada.clone() };
    let one = put(bench, samples::session_through(&ada, Some("s\n1"))).await;
    let two = put(bench, samples::session_through(&ada, Some("2"))).await;
    let untold = put(bench, samples::session_through(&ada, None)).await;
    let shared = put(bench, samples::session_through(&bob, Some("2"))).await;
    for elsewhere in [at_another, of_another] {
        put(bench, samples::session_through(&elsewhere, Some("2"))).await;
    }
    put(bench, samples::session()).await;

    let all = EndedThere::All(ada.clone());
    assert_eq!(found(bench, &all).await, sorted(vec![one.clone(), two.clone(), untold.clone()]));
    let of_one = EndedThere::One { identity: ada.clone(), sid: "s\n1".to_owned() };
    assert_eq!(found(bench, &of_one).await, sorted(vec![one.clone(), untold]));
    assert_eq!(found(bench, &anybodys(&ada, "s\n1")).await, [one]);
    assert_eq!(found(bench, &anybodys(&ada, "2")).await, sorted(vec![two, shared]));
    assert_eq!(found(bench, &anybodys(&ada, "3")).await, []);
    assert_eq!(found(bench, &EndedThere::All(identity())).await, []);
}

pub(super) async fn a_session_that_ended_or_changed_is_found_as_it_is(bench: &Bench) {
    let ada = identity();
    let (gone, _) = put(bench, samples::session_through(&ada, Some("1"))).await;
    let (id, session) = put(bench, samples::session_through(&ada, Some("1"))).await;
    let touched = Session { last_seen: START.plus(MILLI), ..session.clone() };
    assert!(bench.stores.sessions.replace(&id, &session, &touched).await.unwrap());
    bench.stores.sessions.end(&gone).await.unwrap();
    assert_eq!(found(bench, &EndedThere::All(ada.clone())).await, [(id, touched.clone())]);
    assert_eq!(found(bench, &anybodys(&ada, "1")).await, [(id, touched)]);
}

pub(super) async fn a_session_is_found_by_its_identity_until_its_end(bench: &Bench) {
    let ada = identity();
    let longer = Session { expires_at: START.plus(LIFE * 3), ..samples::session_through(&ada, None) };
    let longer = put(bench, longer).await;
    bench.clock.advance(MILLI);
    // One that is over sooner does not shorten the list.
    let shorter = put(bench, samples::session_through(&ada, None)).await;
    let all = EndedThere::All(ada);
    assert_eq!(found(bench, &all).await, sorted(vec![longer.clone(), shorter]));
    bench.clock.advance(LIFE);
    bench.stores.ephemeral.sweep(START.plus(LIFE)).await.unwrap();
    assert_eq!(found(bench, &all).await, std::slice::from_ref(&longer));
    // A list is read after some on it are over, and another was put on it.
    let later = Session { expires_at: START.plus(LIFE * 3), ..samples::session() };
    let later = put(bench, Session { upstream: longer.1.upstream.clone(), ..later }).await;
    assert_eq!(found(bench, &all).await, sorted(vec![longer, later]));
    bench.clock.advance(LIFE * 2);
    assert_eq!(found(bench, &all).await, []);
}

pub(super) async fn of_many_sessions_of_one_identity_all_are_found(bench: &Bench) {
    let ada = identity();
    let put = at_once(50, |_| {
        let (sessions, session) = (bench.stores.sessions.clone(), samples::session_through(&ada, Some("1")));
        async move {
            let id = samples::hash();
            sessions.put(&id, &session).await.unwrap();
            (id, session)
        }
    })
    .await;
    assert_eq!(found(bench, &EndedThere::All(ada.clone())).await, sorted(put.clone()));
    assert_eq!(found(bench, &anybodys(&ada, "1")).await, sorted(put));
}

pub(super) async fn of_many_takers_of_one_logout_token_one_gets_it(bench: &Bench) {
    let tokens = &bench.stores.logout_tokens;
    let (token, until) = (samples::hash(), START.plus(LIFE));
    assert!(!tokens.is_taken(&token).await.unwrap());
    let results = at_once(50, |_| {
        let tokens = tokens.clone();
        async move { tokens.take(&token, until).await.unwrap() }
    })
    .await;
    assert_eq!(results.iter().filter(|taken| **taken).count(), 1);
    assert!(tokens.is_taken(&token).await.unwrap());
    assert!(tokens.take(&samples::hash(), until).await.unwrap(), "another is another");
}

pub(super) async fn a_taken_logout_token_stays_taken_until_its_end(bench: &Bench) {
    let tokens = &bench.stores.logout_tokens;
    let token = samples::hash();
    assert!(tokens.take(&token, START.plus(LIFE)).await.unwrap());
    bench.clock.advance(LIFE.saturating_sub(MILLI));
    bench.stores.ephemeral.sweep(START.plus(LIFE).minus(MILLI)).await.unwrap();
    assert!(tokens.is_taken(&token).await.unwrap());
    assert!(!tokens.take(&token, START.plus(LIFE)).await.unwrap());
}
