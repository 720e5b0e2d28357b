//! PKCE and opaque secrets: only the verifier itself matches its challenge, and shapes survive a round trip.
//!
//! Lines: the challenge, its method, a verifier, any other text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vestibule::protocol::error::ErrorCode;
use vestibule::protocol::opaque::{OpaqueToken, TokenHash};
use vestibule::protocol::pkce::{CodeChallenge, CodeVerifier};
use vestibule_fuzz::{check_error, lines, sent};

fuzz_target!(|data: &[u8]| {
    let Some(mut lines) = lines(data) else { return };
    let (challenge, method) = (sent(lines.next()), sent(lines.next()));
    let verifier = lines.next().unwrap_or_default();
    let challenge = match CodeChallenge::parse(challenge, method) {
        Err(error) => {
            check_error(&error, &[ErrorCode::InvalidRequest]);
            None
        }
        Ok(read) => {
            assert_eq!(read.as_ref().map(CodeChallenge::as_str), challenge);
            assert!(read.is_none() || method == Some("S256"));
            read
        }
    };
    if let Some(parsed) = CodeVerifier::parse(verifier) {
        assert!((43..=128).contains(&verifier.len()) && verifier.bytes().all(|byte| byte.is_ascii_graphic()));
        let own = CodeChallenge::of(&parsed);
        assert!(own.matches(&parsed));
        assert_eq!(CodeChallenge::parse(Some(own.as_str()), Some("S256")), Ok(Some(own.clone())));
        assert!(challenge.is_none_or(|other| other.matches(&parsed) == (other == own)));
        let changed = verifier.replace(|c: char| c.is_ascii_alphanumeric(), "_");
        let other = CodeVerifier::parse(&changed).unwrap();
        assert_eq!(own.matches(&other), changed == verifier);
    }
    let text = lines.next().unwrap_or_default();
    for text in [verifier, text] {
        check_opaque(text);
    }
});

fn check_opaque(text: &str) {
    let hash = TokenHash::of(text.as_bytes());
    assert_eq!(TokenHash::from_hex(&hash.to_hex()), Some(hash));
    assert_eq!(TokenHash::from_key(&hash.to_key()), Some(hash));
    if let Some(hash) = TokenHash::from_hex(text) {
        assert_eq!(hash.to_hex(), text);
    }
    if let Some(hash) = TokenHash::from_key(text) {
        assert_eq!(hash.to_key(), text);
    }
    if let Some(token) = OpaqueToken::parse(text) {
        assert_eq!(token.expose(), text);
        let derived = token.derive("csrf");
        assert!(token.derived("csrf", &derived) && !token.derived("other", &derived) && !token.derived("csrf", text));
        assert!(!format!("{token:?}").contains(text));
    }
}
