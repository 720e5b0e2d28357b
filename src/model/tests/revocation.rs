//! What an entry of the negative list covers; threats.md F02, F03.

use super::*;
use crate::model::revocation::{ENTRY_LIFE, Revocation, Revoked, RevokedSet};
use crate::protocol::access_token::{AccessTokenClaims, Audience};
use crate::protocol::claims::Claims;
use crate::protocol::ids::GrantId;

fn issued(grant: Option<u128>, at: Timestamp) -> AccessTokenClaims {
    let unique = crate::clock::uuid_v7(at, &mut crate::clock::system_rng());
    let grant = grant.map(|number| GrantId(Uuid::from_u128(number)));
    AccessTokenClaims {
        iss: issuer().as_str().to_owned(),
        sub: if grant.is_some() { user().id.to_string() } else { "web".to_owned() },
        aud: Audience::One(POSTS.to_owned()),
        exp: at.seconds() + 600,
        iat: at.seconds(),
        jti: AccessTokenClaims::jti(grant, unique),
        client_id: "web".to_owned(),
        scope: scopes("posts:read"),
        userinfo_claims: Claims::default(),
        authentication: None,
    }
}

fn set(entry: &Revocation) -> RevokedSet {
    let mut set = RevokedSet::default();
    set.add(entry);
    set
}

#[test]
fn a_token_says_to_the_millisecond_when_it_was_issued() {
    let at = NOW.plus(Duration::from_millis(123));
    assert_eq!(issued(Some(5), at).issued_at(), at);
    assert_eq!(issued(None, at).issued_at(), at);
    let strange = AccessTokenClaims { jti: "x.y".to_owned(), ..issued(None, at) };
    assert_eq!(strange.issued_at(), Timestamp::from_seconds(at.seconds()));
}

#[test]
fn an_entry_for_a_token_covers_that_one() {
    let (one, other) = (issued(Some(5), NOW), issued(Some(5), NOW));
    let set = set(&Revocation::of_token(&one, NOW));
    assert!(set.covers(&one) && !set.covers(&other));
}

#[test]
fn an_entry_for_a_grant_covers_all_of_it_whenever_it_was_issued() {
    let set = set(&Revocation::of_grant(GrantId(Uuid::from_u128(5)), NOW));
    for at in [seconds_ago(100), NOW, NOW.plus(Duration::from_secs(9))] {
        assert!(set.covers(&issued(Some(5), at)) && !set.covers(&issued(Some(6), at)));
        assert!(!set.covers(&issued(None, at)));
    }
}

#[test]
fn an_entry_for_a_person_or_client_covers_what_was_issued_before() {
    let before = NOW.minus(Duration::from_millis(1));
    let person = set(&Revocation::of_person(user().id, NOW));
    assert!(person.covers(&issued(Some(5), before)) && !person.covers(&issued(Some(5), NOW)));
    assert!(!person.covers(&issued(None, before)));
    let web = ClientId::parse("web").unwrap();
    let client = set(&Revocation::of_client(web.clone(), NOW));
    assert!(client.covers(&issued(None, before)) && !client.covers(&issued(None, NOW)));
    // Grants and codes go by when they were made.
    let what = Revoked::Client(web);
    assert!(client.has_ended_since(&what, before) && !client.has_ended_since(&what, NOW));
    assert!(!person.has_ended_since(&what, before));
}

#[test]
fn an_entry_for_somebody_who_is_gone_covers_whatever_comes_later() {
    let gone = set(&Revocation::of_gone(user().id, NOW));
    for at in [seconds_ago(9), NOW, NOW.plus(Duration::from_secs(9))] {
        assert!(gone.covers(&issued(Some(5), at)) && !gone.covers(&issued(None, at)));
    }
}

#[test]
fn of_two_entries_for_one_person_the_later_counts_in_either_order() {
    let (early, late) = (Revocation::of_person(user().id, seconds_ago(9)), Revocation::of_person(user().id, NOW));
    for entries in [[&early, &late], [&late, &early]] {
        let mut set = RevokedSet::default();
        for entry in entries {
            set.add(entry);
        }
        assert!(set.covers(&issued(Some(5), seconds_ago(1))));
    }
}

#[test]
fn an_entry_is_forgotten_when_nothing_it_covers_can_be_valid() {
    let grant = Revoked::Grant(GrantId(Uuid::from_u128(5)));
    let mut set = set(&Revocation::of_grant(GrantId(Uuid::from_u128(5)), NOW));
    set.forget(NOW.plus(ENTRY_LIFE).minus(Duration::from_millis(1)));
    assert!(set.has(&grant));
    set.forget(NOW.plus(ENTRY_LIFE));
    assert!(!set.has(&grant));
}
