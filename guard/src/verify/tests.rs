//! Properties: no text is accepted but what the key signed, and the claims decide as the standards say.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::forge::{AUDIENCE, Forge, ISSUER, NOW, claims, encode, with};
use crate::keys::KeySet;

static FORGE: LazyLock<Forge> = LazyLock::new(|| Forge::new("ES256", "one"));
static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::parse(json!({ "keys": [FORGE.jwk()] }).to_string().as_bytes()).expect("a set"));
static GOOD: LazyLock<String> = LazyLock::new(|| FORGE.token(&claims()));

fn policy() -> Policy {
    Policy {
        issuer: ISSUER.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        algorithms: Algorithm::ALL.to_vec(),
        leeway: 30,
        required: Vec::new(),
    }
}

fn verify(token: &str, now: i64) -> Result<AccessToken, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(policy().verify(token, &*KEYS, now)).map(|(token, _)| token)
}

fn fault(claims: &Value) -> Option<Fault> {
    match verify(&FORGE.token(claims), NOW) {
        Ok(_) => None,
        Err(Refusal::InvalidToken(fault)) => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_refused(text in ".{0,200}|([A-Za-z0-9_-]{0,40}\\.){0,6}[A-Za-z0-9_-]{0,40}") {
        prop_assert!(matches!(verify(&text, NOW), Err(Refusal::InvalidToken(_))));
    }

    #[test]
    fn a_token_with_one_character_changed_is_refused(at in any::<prop::sample::Index>(), by in "[A-Za-z0-9_.=-]") {
        let at = at.index(GOOD.len());
        let mut token = GOOD.clone();
        token.replace_range(at..=at, &by);
        prop_assert_eq!(verify(&token, NOW).is_ok(), token == *GOOD);
    }

    #[test]
    fn a_token_that_lost_a_part_or_got_one_more_is_refused(cut in any::<prop::sample::Index>(), more in "[A-Za-z0-9_.-]{1,9}") {
        prop_assert!(verify(&GOOD[..cut.index(GOOD.len())], NOW).is_err());
        let longer = [format!("{}{more}", *GOOD), format!("{more}{}", *GOOD)];
        prop_assert!(longer.iter().all(|token| verify(token, NOW).is_err()));
    }

    #[test]
    fn any_header_over_a_good_payload_is_read_without_fear(header in arbitrary_json(), value in arbitrary_json()) {
        for header in [header, json!({ "alg": "ES256", "typ": "at+jwt", "kid": value })] {
            let token = FORGE.sign(&header.to_string(), &claims().to_string());
            prop_assert_eq!(verify(&token, NOW).is_ok(), header["kid"] == "one");
        }
    }

    #[test]
    fn a_claim_of_any_other_type_is_refused(
        name in prop::sample::select(vec!["iss", "sub", "aud", "client_id", "jti", "iat", "exp", "nbf", "scope"]),
        value in arbitrary_json().prop_filter("another type", |value| !value.is_string() && !value.is_number()),
    ) {
        let mut changed = claims();
        changed[name] = value.clone();
        let ours = name == "aud" && value.as_array().is_some_and(|list| list.iter().any(|one| one == AUDIENCE));
        prop_assert!(ours || fault(&changed).is_some());
    }

    #[test]
    fn a_token_is_good_from_its_first_second_to_its_last(now in NOW - 100..NOW + 800) {
        let from_to = verify(&GOOD, now).is_ok();
        prop_assert_eq!(from_to, (NOW - 30..NOW + 630).contains(&now));
    }

    #[test]
    fn no_time_overflows(now in any::<i64>(), exp in any::<i64>(), nbf in any::<f64>()) {
        let mut changed = with("exp", json!(exp));
        changed["nbf"] = json!(nbf);
        let _ = verify(&FORGE.token(&changed), now);
        prop_assert!(verify(&FORGE.token(&with("exp", json!(i64::MIN))), now).is_err());
    }

    #[test]
    fn a_member_that_stands_twice_is_refused(name in "[a-z]{1,8}", first in arbitrary_json(), second in arbitrary_json()) {
        let twice = format!("\"{name}\":{first},\"{name}\":{second}");
        let payload = claims().to_string();
        let payload = format!("{},{twice}}}", payload.trim_end_matches('}'));
        let token = FORGE.sign(&FORGE.header().to_string(), &payload);
        prop_assert_eq!(verify(&token, NOW).err(), Some(Fault::Claims.into()));
    }
}

#[test]
fn numeric_dates_may_have_fractions() {
    assert_eq!(fault(&with("exp", json!(1_800_000_600.75))), None);
    assert_eq!(fault(&with("iat", json!(1_800_000_000.5))), None);
    for bad in [json!("1800000600"), json!(1e300), json!(true), json!([1_800_000_600])] {
        assert_eq!(fault(&with("exp", bad)), Some(Fault::Claims));
    }
}

#[test]
fn a_payload_that_is_not_utf8_is_refused() {
    let payload = claims().to_string().replace("ada", "\u{e9}");
    let latin: Vec<u8> = payload.chars().map(|c| u8::try_from(u32::from(c)).expect("latin")).collect();
    let good = FORGE.sign(&FORGE.header().to_string(), &payload);
    assert!(verify(&good, NOW).is_ok());
    let header = good.split('.').next().expect("a header");
    let message = format!("{header}.{}", encode(&latin));
    let token = FORGE.sign_message(&message);
    assert_eq!(verify(&token, NOW).err(), Some(Fault::Claims.into()));
}
