//! Hashes of passlib, Django and the bcrypt package (threats.md J16, J18): right, wrong, hostile.
//!
//! Owns: what is expected of them. Does not own: the hashes, which `tests/external/password_hashes.py`
//! made with the real programs.

use proptest::prelude::*;
use serde::Deserialize;

use super::authenticate::sign_in;
use super::*;
use crate::passwords::authenticate::Outcome;
use crate::passwords::stored::{Stored, StoredFault, scheme_of};

/// A line of the fixture.
#[derive(Debug, Deserialize)]
struct Made {
    scheme: String,
    password: String,
    hash: String,
}

fn made() -> Vec<Made> {
    let lines = include_str!("../../../tests/fixtures/passwords/hashes.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn verdict(hasher: &PasswordHasher, password: &str, hash: &str) -> Verdict {
    hasher.verify(secret(password), Some(&stored(secret(hash)))).await.unwrap()
}

/// The hash of one scheme and password, by how it begins.
fn beginning(prefix: &str, password: &str) -> String {
    let is = |made: &Made| made.hash.starts_with(prefix) && made.password == password;
    made().into_iter().find(is).unwrap_or_else(|| panic!("no {prefix}")).hash
}

#[tokio::test]
async fn every_hash_of_another_program_is_right_for_its_password_and_upgraded() {
    let hasher = hasher();
    let made = made();
    assert!(made.len() > 90);
    for Made { scheme, password, hash } in made {
        assert_eq!(scheme_of(&hash), Ok(scheme.as_str()), "{hash}");
        let before = hasher.hashes_run();
        let Verdict::Right { upgrade } = verdict(&hasher, &password, &hash).await else { panic!("{password}: {hash}") };
        let Some(upgrade) = upgrade else {
            // passlib's argon2id is no weaker than what is configured here.
            assert!(scheme == "argon2id" && hasher.hashes_run() == before + 1, "not upgraded: {hash}");
            continue;
        };
        assert!(upgrade.expose_secret().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert_eq!(hasher.hashes_run(), before + 2, "{hash}");
        assert!(is_right(&verdict(&hasher, &password, upgrade.expose_secret()).await));
    }
}

#[tokio::test]
async fn a_wrong_password_is_wrong_for_each_of_them_after_one_hash() {
    let hasher = hasher();
    for Made { password, hash, .. } in made() {
        for wrong in ["another", &format!("{password} "), &format!(" {password}")] {
            let before = hasher.hashes_run();
            assert!(!is_right(&verdict(&hasher, wrong, &hash).await), "{wrong}: {hash}");
            assert_eq!(hasher.hashes_run(), before + 1, "{wrong}: {hash}");
        }
    }
}

#[tokio::test]
async fn j16_bcrypt_lets_no_other_password_in_by_its_first_72_bytes() {
    let hasher = hasher();
    let text = "x".repeat(72);
    for prefix in ["$2a$", "$2b$", "$2y$", "bcrypt$"] {
        let hash = beginning(prefix, &text);
        assert!(is_right(&verdict(&hasher, &text, &hash).await));
        for more in ["X", "Y", "xx", "\0", "\0X"] {
            let before = hasher.hashes_run();
            assert!(!is_right(&verdict(&hasher, &format!("{text}{more}"), &hash).await), "{prefix} {more:?}");
            assert_eq!(hasher.hashes_run(), before + 1, "the same work is done");
        }
    }
    // In bytes: eighteen owls are 72, and nineteen are too many.
    let owls = "🦉".repeat(18);
    let hash = bcrypt::hash(&owls, 4).unwrap();
    assert!(is_right(&verdict(&hasher, &owls, &hash).await));
    for other in [format!("{owls}🦉"), format!("{owls}x"), format!("{}x", &owls[..68])] {
        assert!(!is_right(&verdict(&hasher, &other, &hash).await));
    }
}

#[tokio::test]
async fn j16_bcrypt_lets_no_other_password_in_by_a_nul() {
    let hasher = hasher();
    // bcrypt repeats "a NUL" as its key, so that it cannot tell these from "a".
    let hash = bcrypt::hash("a", 4).unwrap();
    assert!(bcrypt::verify("a\0a", &hash).unwrap());
    for other in ["a\0a", "a\0", "a\0b", "a\0a\0a"] {
        assert!(!is_right(&verdict(&hasher, other, &hash).await), "{other:?}");
    }
    // What was stored for a password with a NUL would open with the part before it elsewhere.
    let hash = bcrypt::hash("abc\0def", 4).unwrap();
    for other in ["abc\0xyz", "abc\0def", "abc", "abc\0"] {
        assert!(!is_right(&verdict(&hasher, other, &hash).await), "{other:?}");
    }
}

#[tokio::test]
async fn j16_digests_before_bcrypt_tell_long_passwords_and_nul_apart() {
    let hasher = hasher();
    let text = "x".repeat(73);
    for prefix in ["$bcrypt-sha256$v=2", "bcrypt_sha256$"] {
        let hash = beginning(prefix, &text);
        assert!(is_right(&verdict(&hasher, &text, &hash).await));
        for other in ["x".repeat(72), "x".repeat(74), format!("{}y", "x".repeat(72)), format!("{text}\0")] {
            assert!(!is_right(&verdict(&hasher, &other, &hash).await), "{prefix}");
        }
    }
}

#[tokio::test]
async fn what_was_typed_is_tried_in_the_form_it_was_hashed_in() {
    let hasher = hasher();
    let (composed, decomposed) = ("caf\u{e9} by the sea", "cafe\u{301} by the sea");
    for stored in [composed, decomposed] {
        let hash = bcrypt::hash(stored, 4).unwrap();
        assert!(is_right(&verdict(&hasher, stored, &hash).await));
    }
    // What a keyboard composes otherwise than the other program saw still opens a composed one.
    let hash = bcrypt::hash(composed, 4).unwrap();
    let Verdict::Right { upgrade } = verdict(&hasher, decomposed, &hash).await else { panic!("refused") };
    let upgrade = upgrade.unwrap();
    for typed in [composed, decomposed] {
        assert!(is_right(&verdict(&hasher, typed, upgrade.expose_secret()).await));
    }
}

#[tokio::test]
async fn j18_an_imported_person_is_upgraded_by_signing_in_and_by_nothing_else() {
    let hasher = hasher();
    let phc = beginning("$2b$", RIGHT);
    let people = People::of(vec![person("ada", Some(stored(secret(&phc))))]);
    let refused = sign_in(&people, &hasher, "ada", "wrong").await;
    assert!(matches!(refused, Outcome::Refused));
    assert_eq!(people.writes(), 0);
    let outcome = sign_in(&people, &hasher, "ada", RIGHT).await;
    assert!(matches!(outcome, Outcome::SignedIn(_)));
    let written = people.written.lock().unwrap().pop().unwrap();
    assert_eq!((written.expected.as_str(), written.keep_sessions), (phc.as_str(), true));
    assert!(written.new.phc.expose_secret().starts_with("$argon2id$"));
}

#[test]
fn a_cost_beyond_the_ceiling_is_refused_before_anything_is_computed() {
    let salt = "a".repeat(22);
    let digest = "a".repeat(31);
    let hostile = [
        format!("$2b$16${salt}{digest}"),
        format!("$2y$31${salt}{digest}"),
        format!("$2b$99${salt}{digest}"),
        format!("bcrypt_sha256$$2b$31${salt}{digest}"),
        format!("$bcrypt-sha256$v=2,t=2b,r=31${salt}${digest}"),
        format!("$bcrypt-sha256$2a,4294967295${salt}${digest}"),
        format!("$pbkdf2-sha256$4294967295$AAAA${}", "A".repeat(43)),
        format!("pbkdf2_sha256$5000001$salt${}=", "A".repeat(43)),
        format!("$scrypt$ln=63,r=8,p=1$AAAA${}", "A".repeat(43)),
        format!("$scrypt$ln=64,r=1,p=1$AAAA${}", "A".repeat(43)),
        format!("$scrypt$ln=18,r=8,p=1$AAAA${}", "A".repeat(43)),
        format!("$scrypt$ln=1,r=4294967295,p=4294967295$AAAA${}", "A".repeat(43)),
        format!("$scrypt$ln=14,r=8,p=4294967295$AAAA${}", "A".repeat(43)),
        format!("scrypt$2147483648$salt$8$1${}==", "A".repeat(86)),
        format!("$6$rounds=999999999$salt${}", "a".repeat(86)),
        format!("$5$rounds=2000001$salt${}", "a".repeat(43)),
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "argon2$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    ];
    for hash in hostile {
        assert!(matches!(Stored::parse(&hash), Err(StoredFault::TooCostly(_))), "{hash}");
    }
}

#[test]
fn what_is_no_hash_is_refused_with_its_reason_and_nothing_of_itself() {
    let malformed = [
        "$2b$",
        "$2b$$",
        "$2b$12$",
        "$2b$4$aaaa",
        "$2b$+4$",
        "$2b$12",
        "bcrypt$",
        "bcrypt$$2b$",
        "bcrypt_sha256$x",
        "$bcrypt-sha256$",
        "$bcrypt-sha256$v=3,t=2b,r=4$a$b",
        "$pbkdf2$",
        "$pbkdf2$0$AAAA$AAAA",
        "pbkdf2_sha256$1000$salt$",
        "pbkdf2_sha256$01000$salt$AAAA",
        "$pbkdf2-sha256$-1$AAAA$AAAA",
        "$scrypt$",
        "$scrypt$ln=4,r=8,p=1$$",
        "$scrypt$ln=4,r=0,p=1$AAAA$AAAA",
        "scrypt$3$salt$8$1$AAAA",
        "scrypt$0$salt$8$1$AAAA",
        "$5$",
        "$6$$",
        "$6$rounds=5000$salt$",
        "$5$rounds=999$salt$aaaa",
        "$6$saltsaltsaltsalts$aaaa",
        "$argon2id$",
        "argon2$argon2id$v=19",
    ];
    for hash in malformed {
        assert!(matches!(Stored::parse(hash), Err(StoredFault::Malformed(_))), "{hash}: {:?}", Stored::parse(hash));
    }
    let long = format!("$6$rounds=5000$salt${}", "a".repeat(1000));
    for hash in ["", "!", "plain", "$1$salt$hash", "$2x$04$", "$y$j9T$", "md5$x$y", "$2b$12$ä", "\0", &long] {
        assert_eq!(Stored::parse(hash).unwrap_err(), StoredFault::Unknown, "{hash}");
    }
}

/// Made hashes with pieces of one another, and anything else.
fn hashes() -> impl Strategy<Value = String> {
    let made: Vec<String> = made().into_iter().map(|made| made.hash).collect();
    let pieces = made.clone();
    let mixed = (prop::sample::select(made.clone()), prop::sample::select(pieces), 0..100_usize, 0..100_usize);
    prop_oneof![
        "\\PC{0,80}",
        mixed.prop_map(|(a, b, i, j)| format!("{}{}", &a[..i.min(a.len())], &b[j.min(b.len())..])),
        (prop::sample::select(made), 0..130_usize, "\\PC{0,3}").prop_map(|(a, i, with)| {
            let at = i.min(a.len());
            format!("{}{with}{}", &a[..at], &a[(at + 1).min(a.len())..])
        }),
    ]
}

proptest! {
    #[test]
    fn no_stored_text_brings_the_reader_down(text in hashes()) {
        if let Ok(stored) = Stored::parse(&text) {
            prop_assert!(!stored.scheme().is_empty());
        }
    }
}
