//! What the ephemeral ports promise.
//!
//! Owns: one function a promise. Does not own: which backends are held against them (`contract`).

use std::time::Duration;

use crate::model::departure::Departure;
use crate::model::pending_join::PendingJoin;
use crate::model::session::Session;
use crate::protocol::opaque::TokenHash;
use crate::store::contract::samples::{self, LIFE, START};
use crate::store::contract::{Bench, at_once};
use crate::store::redis::tests::server;
use crate::store::{Returned, Taken};

const MILLI: Duration = Duration::from_millis(1);
/// The last moment of a sample's life.
const JUST_BEFORE: Duration = LIFE.saturating_sub(MILLI);
const DAY: Duration = Duration::from_hours(24);

fn touched(session: &Session, seconds: u64) -> Session {
    Session { last_seen: START.plus(Duration::from_secs(seconds)), ..session.clone() }
}

pub(super) async fn a_session_comes_back_as_stored(bench: &Bench) {
    let sessions = &bench.stores.sessions;
    let (id, session) = (samples::hash(), samples::session());
    assert_eq!(sessions.find(&id).await.unwrap(), None);
    sessions.put(&id, &session).await.unwrap();
    assert_eq!(sessions.find(&id).await.unwrap(), Some(session.clone()));
    let next = touched(&session, 1);
    assert!(sessions.replace(&id, &session, &next).await.unwrap());
    assert_eq!(sessions.find(&id).await.unwrap(), Some(next.clone()));
    assert!(!sessions.replace(&id, &session, &touched(&session, 2)).await.unwrap());
    assert_eq!(sessions.find(&id).await.unwrap(), Some(next));
    sessions.end(&id).await.unwrap();
    sessions.end(&id).await.unwrap();
    assert_eq!(sessions.find(&id).await.unwrap(), None);
}

pub(super) async fn a_session_is_gone_at_its_end_and_not_before(bench: &Bench) {
    let sessions = &bench.stores.sessions;
    let (id, session) = (samples::hash(), samples::session());
    sessions.put(&id, &session).await.unwrap();
    bench.clock.advance(JUST_BEFORE);
    assert_eq!(sessions.find(&id).await.unwrap(), Some(session));
    bench.clock.advance(MILLI);
    assert_eq!(sessions.find(&id).await.unwrap(), None);
}

pub(super) async fn an_ended_session_is_not_revived_by_a_touch(bench: &Bench) {
    let sessions = &bench.stores.sessions;
    let (id, session) = (samples::hash(), samples::session());
    sessions.put(&id, &session).await.unwrap();
    sessions.end(&id).await.unwrap();
    assert!(!sessions.replace(&id, &session, &touched(&session, 1)).await.unwrap());
    assert_eq!(sessions.find(&id).await.unwrap(), None);
}

pub(super) async fn an_expired_session_is_not_revived_by_a_touch(bench: &Bench) {
    let sessions = &bench.stores.sessions;
    let (id, session) = (samples::hash(), samples::session());
    sessions.put(&id, &session).await.unwrap();
    bench.clock.advance(LIFE);
    let longer = Session { expires_at: START.plus(DAY), ..session.clone() };
    assert!(!sessions.replace(&id, &session, &longer).await.unwrap());
    assert_eq!(sessions.find(&id).await.unwrap(), None);
}

pub(super) async fn of_many_touches_of_one_session_one_succeeds(bench: &Bench) {
    let (id, session) = (samples::hash(), samples::session());
    bench.stores.sessions.put(&id, &session).await.unwrap();
    let results = at_once(50, |index| {
        let (sessions, old) = (bench.stores.sessions.clone(), session.clone());
        let new = touched(&old, index as u64 + 1);
        async move { sessions.replace(&id, &old, &new).await.unwrap() }
    })
    .await;
    let winners: Vec<usize> = (0..50).filter(|index| results[*index]).collect();
    assert_eq!(winners.len(), 1);
    let found = bench.stores.sessions.find(&id).await.unwrap();
    assert_eq!(found, Some(touched(&session, winners[0] as u64 + 1)));
}

pub(super) async fn a_record_written_by_another_version_can_be_replaced(bench: &Bench) {
    let sessions = &bench.stores.sessions;
    let (id, session) = (samples::hash(), samples::session());
    let mut record = serde_json::to_value(&session).unwrap();
    record["a_field_of_tomorrow"] = true.into();
    let text = serde_json::json!({ "record": record, "until": session.expires_at, "more": 1 }).to_string();
    bench.write_raw("session", &id, &text).await;
    assert_eq!(sessions.find(&id).await.unwrap(), Some(session.clone()));
    assert!(!sessions.replace(&id, &touched(&session, 9), &touched(&session, 1)).await.unwrap());
    assert!(sessions.replace(&id, &session, &touched(&session, 1)).await.unwrap());
    assert_eq!(sessions.find(&id).await.unwrap(), Some(touched(&session, 1)));
}

pub(super) async fn a_code_is_taken_once(bench: &Bench) {
    let codes = &bench.stores.codes;
    let (code, grant) = (samples::hash(), samples::code_grant());
    assert_eq!(codes.take(&code).await.unwrap(), Taken::Unknown);
    codes.put(&code, &grant).await.unwrap();
    assert_eq!(codes.take(&samples::hash()).await.unwrap(), Taken::Unknown);
    assert_eq!(codes.take(&code).await.unwrap(), Taken::Fresh(Box::new(grant)));
    assert_eq!(codes.take(&code).await.unwrap(), Taken::Unknown);
}

pub(super) async fn of_many_takers_of_one_code_one_gets_it(bench: &Bench) {
    let code = samples::hash();
    bench.stores.codes.put(&code, &samples::code_grant()).await.unwrap();
    let results = at_once(50, |_| {
        let codes = bench.stores.codes.clone();
        async move { codes.take(&code).await.unwrap() }
    })
    .await;
    assert_eq!(results.iter().filter(|taken| matches!(taken, Taken::Fresh(_))).count(), 1);
}

pub(super) async fn a_code_is_unknown_at_its_end_and_not_before(bench: &Bench) {
    let codes = &bench.stores.codes;
    let (early, late) = (samples::hash(), samples::hash());
    for code in [&early, &late] {
        codes.put(code, &samples::code_grant()).await.unwrap();
    }
    bench.clock.advance(JUST_BEFORE);
    assert!(matches!(codes.take(&early).await.unwrap(), Taken::Fresh(_)));
    bench.clock.advance(MILLI);
    assert_eq!(codes.take(&late).await.unwrap(), Taken::Unknown);
}

pub(super) async fn a_transaction_is_found_for_a_day_after_its_end(bench: &Bench) {
    let interactions = &bench.stores.interactions;
    let (id, interaction) = (samples::hash(), samples::interaction());
    interactions.put(&id, &interaction).await.unwrap();
    bench.clock.advance(DAY + JUST_BEFORE);
    assert_eq!(interactions.find(&id).await.unwrap(), Some(interaction.clone()));
    let answered = interaction.clone().answered();
    assert!(interactions.replace(&id, &interaction, &answered).await.unwrap());
    assert_eq!(interactions.find(&id).await.unwrap(), Some(answered));
    bench.clock.advance(MILLI);
    assert_eq!(interactions.find(&id).await.unwrap(), None);
}

pub(super) async fn of_many_steps_of_one_transaction_one_succeeds(bench: &Bench) {
    let (id, interaction) = (samples::hash(), samples::interaction());
    bench.stores.interactions.put(&id, &interaction).await.unwrap();
    let results = at_once(50, |_| {
        let (interactions, old) = (bench.stores.interactions.clone(), interaction.clone());
        let new = old.clone().with_session(samples::hash());
        async move { interactions.replace(&id, &old, &new).await.unwrap() }
    })
    .await;
    assert_eq!(results.iter().filter(|won| **won).count(), 1);
}

pub(super) async fn parked_parameters_are_taken_once(bench: &Bench) {
    let parked = &bench.stores.parked;
    let id = samples::hash();
    let text = "client_id=web-app&state=%22%00ø'\n";
    parked.put(&id, text, START.plus(LIFE)).await.unwrap();
    let results = at_once(20, |_| {
        let parked = bench.stores.parked.clone();
        async move { parked.take(&id).await.unwrap() }
    })
    .await;
    assert_eq!(results.into_iter().flatten().collect::<Vec<_>>(), [text]);
}

pub(super) async fn parked_parameters_are_gone_at_their_end(bench: &Bench) {
    let parked = &bench.stores.parked;
    let (early, late) = (samples::hash(), samples::hash());
    for id in [&early, &late] {
        parked.put(id, "a=b", START.plus(LIFE)).await.unwrap();
    }
    bench.clock.advance(JUST_BEFORE);
    assert_eq!(parked.take(&early).await.unwrap().as_deref(), Some("a=b"));
    bench.clock.advance(MILLI);
    assert_eq!(parked.take(&late).await.unwrap(), None);
}

pub(super) async fn a_departure_comes_back_once(bench: &Bench) {
    let state = samples::hash();
    let departure = samples::departure();
    bench.stores.departures.put(&state, &departure).await.unwrap();
    let results = at_once(20, |_| {
        let departures = bench.stores.departures.clone();
        async move { departures.take(&state).await.unwrap() }
    })
    .await;
    let first = |returned: &&Returned| matches!(returned, Returned::First(found) if **found == departure);
    assert_eq!(results.iter().filter(first).count(), 1, "{results:?}");
    // The others learn where it was to lead.
    let used = Returned::Late(Box::new(Departure { came_back: true, ..departure.clone() }));
    let late = |returned: &&Returned| matches!(returned, Returned::Late(found) if found.errand == departure.errand);
    assert_eq!(results.iter().filter(late).count(), 19, "{results:?}");
    assert_eq!(bench.stores.departures.take(&state).await.unwrap(), used);
    assert_eq!(bench.stores.departures.take(&samples::hash()).await.unwrap(), Returned::Unknown);
}

pub(super) async fn a_departure_is_over_at_its_end_and_gone_a_day_later(bench: &Bench) {
    let departures = &bench.stores.departures;
    let (early, late) = (samples::hash(), samples::hash());
    for state in [&early, &late] {
        departures.put(state, &samples::departure()).await.unwrap();
    }
    bench.clock.advance(JUST_BEFORE);
    assert!(matches!(departures.take(&early).await.unwrap(), Returned::First(_)));
    bench.clock.advance(MILLI);
    assert!(matches!(departures.take(&late).await.unwrap(), Returned::Late(found) if !found.came_back));
    bench.clock.advance(DAY.saturating_sub(MILLI));
    assert!(matches!(departures.take(&late).await.unwrap(), Returned::Late(_)));
    bench.clock.advance(MILLI);
    assert_eq!(departures.take(&late).await.unwrap(), Returned::Unknown);
}

pub(super) async fn a_joining_waits_until_its_end(bench: &Bench) {
    let joins = &bench.stores.joins;
    let (id, pending) = (samples::hash(), samples::pending_join());
    assert_eq!(joins.find(&id).await.unwrap(), None);
    joins.put(&id, &pending).await.unwrap();
    bench.clock.advance(JUST_BEFORE);
    // Looked at as often as the person likes.
    for _ in 0..2 {
        assert_eq!(joins.find(&id).await.unwrap(), Some(pending.clone()));
    }
    assert_eq!(joins.find(&samples::hash()).await.unwrap(), None);
    bench.clock.advance(MILLI);
    assert_eq!(joins.find(&id).await.unwrap(), None);
}

pub(super) async fn one_hash_names_a_record_of_each_kind(bench: &Bench) {
    let stores = &bench.stores;
    let (id, session, interaction) = (samples::hash(), samples::session(), samples::interaction());
    stores.sessions.put(&id, &session).await.unwrap();
    stores.interactions.put(&id, &interaction).await.unwrap();
    stores.parked.put(&id, "a=b", START.plus(LIFE)).await.unwrap();
    assert_eq!(stores.codes.take(&id).await.unwrap(), Taken::Unknown);
    assert_eq!(stores.parked.take(&id).await.unwrap().as_deref(), Some("a=b"));
    assert_eq!(stores.interactions.find(&id).await.unwrap(), Some(interaction));
    assert_eq!(stores.sessions.find(&id).await.unwrap(), Some(session));
}

pub(super) async fn what_is_no_record_counts_as_lost(bench: &Bench) {
    let stores = &bench.stores;
    for text in ["", "{}", "null", r#"{"until":99999999999999,"record":{"id":7}}"#] {
        let id = samples::hash();
        bench.write_raw("session", &id, text).await;
        bench.write_raw("code", &id, text).await;
        assert_eq!(stores.sessions.find(&id).await.unwrap(), None);
        assert_eq!(stores.codes.take(&id).await.unwrap(), Taken::Unknown);
    }
}

pub(super) async fn only_what_is_over_is_swept(bench: &Bench) {
    let stores = &bench.stores;
    let (session, transaction) = (samples::hash(), samples::hash());
    stores.sessions.put(&session, &samples::session()).await.unwrap();
    stores.interactions.put(&transaction, &samples::interaction()).await.unwrap();
    assert_eq!(stores.ephemeral.sweep(START.plus(JUST_BEFORE)).await.unwrap(), 0);
    assert!(stores.sessions.find(&session).await.unwrap().is_some());
    stores.ephemeral.sweep(START.plus(LIFE)).await.unwrap();
    assert!(stores.interactions.find(&transaction).await.unwrap().is_some());
}

/// A thief of the store gets no session id, no code, no transaction id.
pub(super) async fn no_secret_is_stored(bench: &Bench) {
    let stores = &bench.stores;
    let secrets: Vec<_> = (0..8).map(|_| samples::secret()).collect();
    let grant = samples::grant(Some(secrets[1].hash()));
    let identity = samples::identity(samples::user_id(), "acme-id").key;
    stores.sessions.put(&secrets[0].hash(), &samples::session_through(&identity, Some("1"))).await.unwrap();
    stores.codes.put(&secrets[1].hash(), &samples::code_grant()).await.unwrap();
    stores.grants.insert(&grant).await.unwrap();
    let interaction = samples::interaction().with_session(secrets[4].hash());
    stores.interactions.put(&secrets[2].hash(), &interaction).await.unwrap();
    stores.parked.put(&secrets[3].hash(), "a=b", START.plus(LIFE)).await.unwrap();
    stores.departures.put(&secrets[7].hash(), &samples::departure_with(&secrets[2])).await.unwrap();
    let hidden = PendingJoin::hide(&secrets[6], &secrets[4], &secrets[5]);
    let pending = PendingJoin { transaction: Some(hidden), browser: secrets[6].hash(), ..samples::pending_join() };
    assert_eq!(pending.reveal(&secrets[6], &secrets[4]).unwrap().expose(), secrets[5].expose());
    stores.joins.put(&secrets[4].hash(), &pending).await.unwrap();
    let everything = bench.dump().await;
    let has = |text: &str| everything.windows(text.len()).any(|window| window == text.as_bytes());
    for secret in &secrets {
        assert!(!has(secret.expose()));
    }
    // The dump is one: the hashes are in it.
    assert!(secrets[..4].iter().all(|secret| has(&secret.hash().to_key())));
}

pub(super) async fn the_ephemeral_backend_answers(bench: &Bench) {
    bench.stores.ephemeral.ping().await.unwrap();
}

impl Bench {
    /// Writes a text where the record of that kind and hash is.
    async fn write_raw(&self, kind: &str, hash: &TokenHash, text: &str) {
        match &self.redis {
            Some(redis) => {
                let name = format!("{}{kind}:{}", redis.key_prefix, hash.to_key());
                server::send::<()>(redis, &["SET", &name, text]).await;
            }
            None => self.folder.write_record(kind, hash, text).await,
        }
    }

    /// Every byte that the stores keep.
    async fn dump(&self) -> Vec<u8> {
        let mut all = self.folder.bytes();
        if let Some(redis) = &self.redis {
            all.extend(server::dump(redis).await);
        }
        all
    }
}
