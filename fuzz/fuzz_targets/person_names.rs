//! Names: a normal form is its own normal form, so that a person who signs in is found, and two people who
//! look alike are not told apart by what cannot be seen.
//!
//! Lines: names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vestibule::model::person::{Email, LoginName, Username};
use vestibule::protocol::ids::{ClientId, RoleName, UserId};
use vestibule_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    for text in lines(data).into_iter().flatten().take(8) {
        check(text);
    }
});

fn check(text: &str) {
    let login = LoginName::read(text);
    assert_eq!(LoginName::read(login.as_str()), login, "{text:?}");
    if let Some(name) = Username::parse(text) {
        let normal = name.as_str();
        assert_eq!(Username::parse(normal).as_ref(), Some(&name), "{text:?}");
        assert_eq!(Username::parse(&format!(" {text}\t")).as_ref(), Some(&name));
        assert_eq!(login.as_str(), normal);
        assert!((1..=64).contains(&normal.chars().count()));
        assert!(!normal.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control() || c == '\u{200b}'));
        assert_eq!(Username::parse(&normal.to_uppercase()).as_ref(), Some(&name), "{text:?}");
    }
    if let Some(email) = Email::parse(text) {
        let normal = email.as_str();
        assert_eq!(Email::parse(normal).as_ref(), Some(&email), "{text:?}");
        assert_eq!(login.as_str(), normal);
        assert!(normal.len() <= 254 && normal.matches('@').count() == 1);
        assert!(Username::parse(text).is_none());
    }
    if let Ok(id) = ClientId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert!(UserId::parse(text).is_none());
    }
    if let Some(id) = UserId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Some(role) = RoleName::parse(text) {
        assert_eq!(role.as_str(), text);
        assert!(!text.contains([' ', '"']));
    }
}
