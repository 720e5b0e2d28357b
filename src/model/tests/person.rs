//! Names, addresses, sessions: their normal forms and ends.

use proptest::prelude::*;

use super::*;
use crate::model::person::{Email, LoginName};

#[test]
fn a_username_has_one_normal_form() {
    for (text, normal) in [
        ("ada", "ada"),
        ("  Ada ", "ada"),
        ("ADA", "ada"),
        ("\u{ff21}\u{ff44}\u{ff41}", "ada"),
        ("e\u{301}ve", "\u{e9}ve"),
        ("Éve", "éve"),
        ("ﬁona", "fiona"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("σίσυφος", "σίσυφοσ"),
        ("ada.lovelace-1_x+y", "ada.lovelace-1_x+y"),
        ("山田", "山田"),
    ] {
        assert_eq!(Username::parse(text).unwrap().as_str(), normal, "{text}");
    }
}

#[test]
fn what_cannot_be_a_username_is_refused() {
    let long = "a".repeat(65);
    for text in [
        "",
        "   ",
        "a b",
        "a\u{a0}b",
        "a\tb",
        "a\nb",
        "a\0",
        "a\u{7f}",
        "ada@example.test",
        "ada\u{ff20}example.test",
        "a\u{200b}da",
        "a\u{200d}da",
        "\u{202e}ada",
        "ada\u{feff}",
        "a\u{ad}da",
        "ad\u{2066}a",
        "a\u{3164}",
        "a\u{e0041}",
        &long,
        &"\u{fdfa}".repeat(10),
        &"a".repeat(100_000),
    ] {
        assert_eq!(Username::parse(text), None, "{text:.40?}");
    }
    assert!(Username::parse(&"a".repeat(64)).is_some() && Username::parse(&"é".repeat(64)).is_some());
}

#[test]
fn an_email_address_that_would_not_be_read_back_is_refused() {
    // Each letter is a byte longer in lower case.
    for text in [format!("{}@example.test", "İ".repeat(32)), format!("ada@{}", "İ".repeat(125))] {
        assert!(text.len() <= 254);
        assert_eq!(Email::parse(&text), None, "{text}");
    }
    let fits = Email::parse(&format!("{}@example.test", "İ".repeat(21))).unwrap();
    assert_eq!(Email::parse(fits.as_str()), Some(fits));
}

#[test]
fn an_email_address_is_lower_case_with_one_at_sign() {
    assert_eq!(Email::parse("Ada.Lovelace+x@Example.TEST").unwrap().as_str(), "ada.lovelace+x@example.test");
    assert!(Email::parse("ä@exämple.test").is_some());
    let local = format!("{}@example.test", "a".repeat(65));
    let long = format!("a@{}.test", "a".repeat(250));
    for text in [
        "",
        "ada",
        "@",
        "ada@",
        "@example.test",
        "a@b@c",
        "a b@c.test",
        " a@c.test",
        "a@c.test\n",
        "a@c.test\r\nBcc: b@c.test",
        "a@c.test,b@c.test",
        "a@c.test;b@c.test",
        "<a@c.test>",
        "\"a\"@c.test",
        "a(x)@c.test",
        "a\\@c.test",
        "a\0@c.test",
        &local,
        &long,
    ] {
        assert_eq!(Email::parse(text), None, "{text:?}");
    }
}

#[test]
fn j03_every_spelling_of_a_name_is_one_login_name() {
    for (text, normal) in [
        ("ada", "ada"),
        (" ADA\t", "ada"),
        ("Ａｄａ", "ada"),
        ("Ada@Example.Test", "ada@example.test"),
        (" ada@example.test ", "ada@example.test"),
        ("", ""),
        ("a b", ""),
        ("\0", ""),
    ] {
        assert_eq!(LoginName::read(text).as_str(), normal, "{text:?}");
    }
    assert_eq!(LoginName::read(&"a".repeat(1 << 20)).as_str(), "");
}

#[test]
fn a_person_is_shown_by_name_or_username() {
    assert_eq!(user().shown_name(), "ada");
    let named = User { name: Some("Ada L.".to_owned()), email: Email::parse("ada@example.test"), ..user() };
    assert_eq!(named.shown_name(), "Ada L.");
    let claims = named.claims();
    assert_eq!((claims.email.as_deref(), claims.email_verified), (Some("ada@example.test"), Some(false)));
    assert_eq!((user().claims().email, user().claims().email_verified), (None, None));
    assert!(!user().must_set_password());
    let shown = format!(
        "{:?}",
        User {
            password: Some(StoredPassword { phc: SecretString::from("$argon2id$x"), generated_until: None }),
            ..user()
        }
    );
    assert!(!shown.contains("argon2id"));
}

#[test]
fn a_session_lives_until_idle_old_replaced_or_its_person_is_out() {
    let idle = Duration::from_secs(100);
    let live = |session: &Session, user: &User| session.is_live(user, idle, NOW);
    let fresh = session(seconds_ago(50));
    assert!(live(&fresh, &user()));
    assert!(live(&Session { last_seen: seconds_ago(99), ..fresh.clone() }, &user()));
    assert!(!live(&Session { last_seen: seconds_ago(100), ..fresh.clone() }, &user()));
    assert!(!live(&Session { expires_at: NOW, ..fresh.clone() }, &user()));
    assert!(live(&Session { expires_at: Timestamp::from_millis(NOW.millis() + 1), ..fresh.clone() }, &user()));
    assert!(live(&fresh, &User { valid_from: seconds_ago(50), ..user() }));
    assert!(!live(&fresh, &User { valid_from: seconds_ago(49), ..user() }));
    assert!(!live(&fresh, &User { disabled: true, ..user() }));
    assert!(!live(&fresh, &User { id: UserId(Uuid::from_u128(9)), ..user() }));
    // A clock that was set back revives nothing that is over by its absolute end.
    assert!(live(&Session { last_seen: NOW.plus(idle), ..fresh.clone() }, &user()));
    assert_eq!(serde_json::from_str::<Session>(&serde_json::to_string(&fresh).unwrap()).unwrap(), fresh);
}

proptest! {
    #[test]
    fn normal_forms_are_stable_and_ignore_case(text in any::<String>(), name in "\\w{1,20}") {
        for text in [&text, &name] {
            if let Some(username) = Username::parse(text) {
                let again = Username::parse(username.as_str());
                prop_assert_eq!(again.as_ref(), Some(&username));
                let login = LoginName::read(text);
                prop_assert_eq!(login.as_str(), username.as_str());
                prop_assert_eq!(Username::parse(&text.to_uppercase()), Some(username));
            }
            if let Some(email) = Email::parse(text) {
                let again = Email::parse(email.as_str());
                prop_assert_eq!(again, Some(email));
            }
            let login = LoginName::read(text);
            prop_assert_eq!(LoginName::read(login.as_str()), login);
        }
    }
}
