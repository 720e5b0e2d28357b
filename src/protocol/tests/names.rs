//! Small shapes: issuer, scope, prompt, ids, instants, secrets.

use std::time::Duration;

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::refused;
use crate::protocol::error::ErrorCode;
use crate::protocol::ids::{ClientId, ClientIdError, RoleName, UserId};
use crate::protocol::issuer::{Issuer, IssuerError};
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::prompt::{Prompt, parse_max_age};
use crate::protocol::scope::{Scope, Scopes};
use crate::protocol::time::Timestamp;

#[test]
fn an_issuer_is_a_url_in_normal_form() {
    for (text, origin, path, https, loopback) in [
        ("https://id.example.com", "https://id.example.com", "", true, false),
        ("https://id.example.com:8443/a/b", "https://id.example.com:8443", "/a/b", true, false),
        ("http://localhost:9400", "http://localhost:9400", "", false, true),
        ("http://127.0.0.1:9400/x", "http://127.0.0.1:9400", "/x", false, true),
        ("http://[::1]:9400", "http://[::1]:9400", "", false, true),
        ("https://localhost", "https://localhost", "", true, true),
    ] {
        let issuer = Issuer::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((issuer.as_str(), issuer.origin(), issuer.path()), (text, origin, path));
        assert_eq!((issuer.is_https(), issuer.is_loopback()), (https, loopback), "{text}");
        assert_eq!(serde_json::to_value(&issuer).unwrap(), text);
    }
}

#[test]
fn an_issuer_of_another_shape_is_refused() {
    for (text, error) in [
        ("", IssuerError::Shape),
        ("id.example.com", IssuerError::Shape),
        ("ftp://id.example.com", IssuerError::Shape),
        ("https://", IssuerError::Shape),
        ("urn:x", IssuerError::Shape),
        ("https://id.example.com?x=1", IssuerError::Extra),
        ("https://id.example.com?", IssuerError::Extra),
        ("https://id.example.com#", IssuerError::Extra),
        ("https://user@id.example.com", IssuerError::Extra),
        ("https://id.example.com/", IssuerError::NotNormal),
        ("https://id.example.com//", IssuerError::NotNormal),
        ("https://id.example.com/a/", IssuerError::NotNormal),
        ("https://ID.example.com", IssuerError::NotNormal),
        ("HTTPS://id.example.com", IssuerError::NotNormal),
        ("https://id.example.com:443", IssuerError::NotNormal),
        ("https://id.example.com/a/../b", IssuerError::NotNormal),
        ("https://id.example.com/%2e", IssuerError::NotNormal),
        (" https://id.example.com", IssuerError::NotNormal),
        ("https:id.example.com", IssuerError::NotNormal),
        ("https:\\\\id.example.com", IssuerError::NotNormal),
        ("https://id;x.example.com", IssuerError::Host),
        ("https://id\"x.example.com", IssuerError::Host),
        ("https://*.example.com", IssuerError::Host),
        ("http://id.example.com", IssuerError::PlainHttp),
        ("http://192.168.1.1", IssuerError::PlainHttp),
        ("http://localhost.evil.com", IssuerError::PlainHttp),
    ] {
        assert_eq!(Issuer::parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn scopes_keep_their_order_and_count_once() {
    let scopes = Scopes::parse("  read:users openid  read:users write ").unwrap();
    assert_eq!(scopes.to_string(), "read:users openid write");
    assert_eq!(scopes.len(), 3);
    assert!(Scopes::parse("").unwrap().is_empty());
    assert!(Scopes::parse("Openid").unwrap().iter().all(|scope| !scope.is_openid()));
}

#[test]
fn a_scope_has_only_the_characters_of_the_rfc() {
    for bad in ["a\"b", "a\\b", "a\tb", "a\nb", "é", "a\0", "\u{7f}", &"a".repeat(129)] {
        assert!(Scope::parse(bad).is_none() && Scopes::parse(bad).is_err(), "{bad}");
    }
    assert!(Scope::parse("").is_none() && Scope::parse("a b").is_none());
    for good in ["!", "~", "https://api.test/read", "a:b#[]", &"a".repeat(128)] {
        assert!(Scope::parse(good).is_some(), "{good}");
    }
}

#[test]
fn n05_many_scopes_are_refused() {
    let many = |count: usize| (0..count).map(|index| format!("s{index}")).collect::<Vec<_>>().join(" ");
    assert!(Scopes::parse(&many(100)).is_ok());
    assert!(Scopes::parse(&many(101)).is_err());
    assert!(Scopes::parse(&many(10_000)).is_err());
    assert!(Scopes::parse(&"same ".repeat(10_000)).is_ok());
}

#[test]
fn sets_of_scopes_are_joined_and_cut() {
    let set = |text: &str| Scopes::parse(text).unwrap();
    assert_eq!(set("a b").union(&set("b c")), set("a b c"));
    assert_eq!(set("a b c").without(&set("b d")), set("a c"));
    assert_eq!(set("a b").without(&Scopes::default()), set("a b"));
    assert_eq!(serde_json::to_string(&set("a b")).unwrap(), r#""a b""#);
    assert_eq!(serde_json::from_str::<Scopes>(r#""b a""#).unwrap(), set("b a"));
    assert!(serde_json::from_str::<Scopes>(r#""a\"""#).is_err());
}

#[test]
fn prompt_is_a_set_of_known_values() {
    let prompt = |none, login, consent| Prompt { none, login, consent, select_account: false };
    let select = |login| Prompt { select_account: true, login, ..Prompt::default() };
    for (text, expected) in [
        (None, prompt(false, false, false)),
        (Some("none"), prompt(true, false, false)),
        (Some("login"), prompt(false, true, false)),
        (Some("select_account"), select(false)),
        (Some("login select_account"), select(true)),
        (Some("consent login"), prompt(false, true, true)),
        (Some(" consent  consent "), prompt(false, false, true)),
    ] {
        assert_eq!(Prompt::parse(text), Ok(expected), "{text:?}");
    }
    for text in
        ["none login", "consent none", "none select_account", "create", "Login", "login,consent", "login\tconsent"]
    {
        assert_eq!(refused(Prompt::parse(Some(text))).0, ErrorCode::InvalidRequest, "{text}");
    }
}

#[test]
fn max_age_is_a_whole_number_of_seconds() {
    assert_eq!(parse_max_age(None), Ok(None));
    assert_eq!(parse_max_age(Some("0")), Ok(Some(0)));
    assert_eq!(parse_max_age(Some("4294967295")), Ok(Some(u32::MAX)));
    for text in ["-1", "+1", "1.0", "1e3", " 1", "1 ", "4294967296", "9".repeat(100).as_str(), "١", "", "0x1"] {
        assert_eq!(refused(parse_max_age(Some(text))).0, ErrorCode::InvalidRequest, "{text}");
    }
}

#[test]
fn d12_a_client_id_never_looks_like_a_user_id() {
    for good in ["web", "a", "A_b.c-9", &"x".repeat(128)] {
        assert_eq!(ClientId::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", " web", "a b", "a:b", "é", "a/b", "a\0", &"x".repeat(129)] {
        assert_eq!(ClientId::parse(bad), Err(ClientIdError::Shape), "{bad}");
    }
    let id = "0198f0a2-1c3d-7000-8000-000000000001";
    for bad in [id, &id.to_uppercase(), &id.replace('-', "")] {
        assert_eq!(ClientId::parse(bad), Err(ClientIdError::LooksLikeUser), "{bad}");
    }
    assert!(serde_json::from_str::<ClientId>("\"a b\"").is_err());
}

#[test]
fn ids_have_one_spelling() {
    let id = "0198f0a2-1c3d-7000-8000-00000000000a";
    assert_eq!(UserId::parse(id).unwrap().to_string(), id);
    for bad in [&id.to_uppercase(), &id.replace('-', ""), &format!("{{{id}}}"), &format!("urn:uuid:{id}"), "", " "] {
        assert_eq!(UserId::parse(bad), None, "{bad}");
    }
    assert_eq!(RoleName::parse("billing.admin:eu_1").unwrap().as_str(), "billing.admin:eu_1");
    for bad in ["", "a b", "é", "a/b", &"r".repeat(65)] {
        assert_eq!(RoleName::parse(bad), None, "{bad}");
    }
}

#[test]
fn instants_saturate_and_never_go_backwards() {
    let (least, most) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    assert_eq!(most.plus(Duration::from_secs(1)), most);
    assert_eq!(least.minus(Duration::MAX), least);
    assert_eq!(least.plus(Duration::MAX), Timestamp::from_millis(-1));
    assert_eq!(Timestamp::from_seconds(i64::MAX), most);
    assert_eq!(least.since(most), Duration::ZERO);
    assert_eq!(most.since(least), Duration::from_millis(u64::try_from(i64::MAX).unwrap()));
    let made = Timestamp::from_millis(1_767_225_600_007);
    let v7 = uuid::Builder::from_unix_timestamp_millis(1_767_225_600_007, &[0xff; 10]).into_uuid();
    assert_eq!((Timestamp::of_uuid(v7), Timestamp::of_uuid(Uuid::nil())), (Some(made), None));
    assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
    assert_eq!(Timestamp::from_millis(1999).seconds(), 1);
    let then = Timestamp::from_seconds(10);
    assert!(then.is_over(then) && then.is_over(most) && !then.is_over(Timestamp::from_millis(9999)));
}

#[test]
fn a_secret_is_43_characters_and_is_not_shown() {
    let token = OpaqueToken::generate(&mut StdRng::seed_from_u64(1));
    assert_eq!(token.expose().len(), 43);
    assert_eq!(OpaqueToken::parse(token.expose()).unwrap().hash(), token.hash());
    assert!(!format!("{token:?}").contains(token.expose()));
    assert_ne!(token.expose(), OpaqueToken::generate(&mut StdRng::seed_from_u64(2)).expose());
    let text = token.expose();
    for bad in
        ["", &text[1..], &format!("{text}A"), &format!("{}+", &text[1..]), &format!("{} ", &text[1..]), &"é".repeat(21)]
    {
        assert!(OpaqueToken::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_derived_secret_is_bound_to_its_source_and_purpose() {
    let mut rng = StdRng::seed_from_u64(1);
    let (one, two) = (OpaqueToken::generate(&mut rng), OpaqueToken::generate(&mut rng));
    let derived = one.derive("csrf login");
    assert!(one.derived("csrf login", &derived));
    assert!(!one.derived("csrf consent", &derived) && !two.derived("csrf login", &derived));
    assert!(derived != one.expose() && derived.len() == 43);
    for bad in ["", "A", &derived[..42], &format!("{derived}A"), one.expose(), "é", &"A".repeat(43)] {
        assert!(!one.derived("csrf login", bad), "{bad}");
    }
}

#[test]
fn a_hash_has_two_spellings_and_shows_a_prefix() {
    // FIPS 180-2, appendix B.1.
    let hash = TokenHash::of(b"abc");
    let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hash.to_hex(), hex);
    assert_eq!(TokenHash::from_hex(hex), Some(hash));
    assert_eq!(TokenHash::from_key(&hash.to_key()), Some(hash));
    assert_eq!(hash.log_prefix(), "ba7816bf");
    assert_eq!(format!("{hash:?}"), "TokenHash(ba7816bf)");
    assert!(hash.matches(&TokenHash::of(b"abc")) && !hash.matches(&TokenHash::of(b"abd")));
    for bad in ["", &hex[1..], &hex.to_uppercase(), &hex.replace('b', "g"), &format!("{hex}00"), &"é".repeat(32)] {
        assert_eq!(TokenHash::from_hex(bad), None, "{bad}");
    }
    assert_eq!(serde_json::from_str::<TokenHash>(&serde_json::to_string(&hash).unwrap()).unwrap(), hash);
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>(), ascii in "[ -~]{0,80}") {
        for text in [&text, &ascii] {
            if let Ok(issuer) = Issuer::parse(text) {
                prop_assert_eq!(issuer.as_str(), text);
                prop_assert!(!text.ends_with('/'));
            }
            if let Ok(scopes) = Scopes::parse(text) {
                prop_assert_eq!(Scopes::parse(&scopes.to_string()).unwrap(), scopes);
            }
            let _ = (Prompt::parse(Some(text)), parse_max_age(Some(text)), ClientId::parse(text), RoleName::parse(text));
            let _ = (UserId::parse(text), OpaqueToken::parse(text), TokenHash::from_hex(text), TokenHash::from_key(text));
        }
    }

    #[test]
    fn ids_and_hashes_come_back(bytes in any::<[u8; 16]>(), secret in any::<Vec<u8>>()) {
        let id = UserId(Uuid::from_bytes(bytes));
        prop_assert_eq!(UserId::parse(&id.to_string()), Some(id));
        let hash = TokenHash::of(&secret);
        prop_assert_eq!(TokenHash::from_hex(&hash.to_hex()), Some(hash));
    }

    #[test]
    fn instants_never_panic(a in any::<i64>(), b in any::<i64>(), span in any::<u64>()) {
        let (a, b, span) = (Timestamp::from_millis(a), Timestamp::from_millis(b), Duration::from_millis(span));
        prop_assert!(a.plus(span) >= a && a.minus(span) <= a);
        prop_assert!(a.since(b) == Duration::ZERO || b.since(a) == Duration::ZERO);
        prop_assert!(Timestamp::from_seconds(a.seconds()) <= a || a.millis() < i64::MIN + 1000);
    }
}
