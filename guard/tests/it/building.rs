//! No guard stands open by mistake (threat G07).

use std::time::Duration;

use vestibule_guard::{BuildError, Guard, KeySet, is_scope};

use crate::forge::{AUDIENCE, ISSUER};

#[test]
fn a_guard_that_would_stand_open_is_not_made() {
    let good = || Guard::builder(ISSUER).audience(AUDIENCE);
    assert!(good().build().is_ok());
    assert_eq!(Guard::builder(ISSUER).build().err(), Some(BuildError::NoAudience));
    for bad in ["", "a\"b", "a\\b", "a\nb", "\u{e9}"] {
        assert_eq!(Guard::builder(ISSUER).audience(bad).build().err(), Some(BuildError::Audience(bad.to_owned())));
    }
    assert_eq!(good().algorithms([]).build().err(), Some(BuildError::NoAlgorithm));
    assert_eq!(good().leeway(Duration::from_secs(121)).build().err(), Some(BuildError::Leeway));
    for bad in ["", "id.example.test", "http://id.example.test", "https://id.example.test?a=b"] {
        assert!(matches!(Guard::builder(bad).audience(AUDIENCE).build(), Err(BuildError::Issuer { .. })), "{bad}");
    }
    let both = good().keys(KeySet::default()).introspection("api", "secret").build();
    assert_eq!(both.err(), Some(BuildError::IntrospectionWithKeys));
}

#[test]
fn a_secret_is_in_no_debug_text() {
    let builder = Guard::builder(ISSUER).audience(AUDIENCE).introspection("api", "hidden-secret");
    assert!(!format!("{builder:?}").contains("hidden-secret"));
    assert!(!format!("{:?}", builder.build().expect("a guard")).contains("hidden-secret"));
}

#[test]
fn scopes_have_the_grammar_of_rfc_6749() {
    for good in ["a", "read:users", "read:users write:users", "https://api.example.test/read", "!#[]~"] {
        assert!(is_scope(good), "{good}");
    }
    for bad in ["", " ", "a ", " a", "a  b", "a\tb", "\"a\"", "a\\b", "\u{e9}"] {
        assert!(!is_scope(bad), "{bad}");
    }
}
