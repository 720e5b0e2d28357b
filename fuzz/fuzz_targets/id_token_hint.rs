//! ID tokens as hints: no text is one but the very message that we signed, at any age, and what it says comes back.
//!
//! The input is the text of a token (`token_from`). Its lines are the claims of an ID token that we sign: subject,
//! client, nonce, sid, and what else a person is called.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vestibule::model::signing_key::Algorithm;
use vestibule::protocol::error::ErrorCode;
use vestibule::protocol::id_token::{IdTokenClaims, PersonClaims};
use vestibule::protocol::time::Timestamp;
use vestibule_fuzz::{ISSUER, NOW, TOKENS, check_error, message, run, sent, token_from};

static SIGNED: LazyLock<String> =
    LazyLock::new(|| run(TOKENS.sign_id_token(&claims(&["user", "web"]), Algorithm::ES256)).unwrap());

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let token = token_from(text, &SIGNED);
    match TOKENS.verify_id_token_hint(&token, NOW) {
        Err(error) => check_error(&error, &[ErrorCode::InvalidRequest]),
        Ok(hint) => {
            // Of an ECDSA signature there are two; the message is the one that was signed.
            assert_eq!(message(&token), message(&SIGNED));
            assert_eq!((hint.sub.as_str(), hint.aud.as_str()), ("user", "web"));
        }
    }
    // One is no access token.
    assert!(TOKENS.verify_access_token(&token, NOW).is_err());
    let lines: Vec<&str> = text.split('\n').collect();
    if lines.len() > 2 && text.len() < 1024 {
        comes_back(&claims(&lines));
    }
});

fn claims(lines: &[&str]) -> IdTokenClaims {
    let line = |index: usize| sent(lines.get(index).copied()).map(str::to_owned);
    IdTokenClaims {
        iss: ISSUER.to_owned(),
        sub: line(0).unwrap_or_default(),
        aud: line(1).unwrap_or_default(),
        exp: NOW.seconds() + 600,
        iat: NOW.seconds(),
        auth_time: NOW.seconds(),
        nonce: line(2),
        acr: "1".to_owned(),
        amr: Vec::new(),
        sid: line(3),
        at_hash: None,
        person: PersonClaims { name: line(4), preferred_username: line(5), ..PersonClaims::default() },
    }
}

fn comes_back(claims: &IdTokenClaims) {
    let token = run(TOKENS.sign_id_token(claims, Algorithm::ES256)).unwrap();
    if token.len() > 8192 {
        return;
    }
    for now in [NOW, Timestamp::from_seconds(claims.exp + 10 * 365 * 86_400)] {
        let hint = TOKENS.verify_id_token_hint(&token, now).unwrap();
        assert_eq!((&hint.sub, &hint.aud, &hint.sid), (&claims.sub, &claims.aud, &claims.sid));
        assert_eq!(hint.preferred_username, claims.person.preferred_username);
    }
    // Another message under the same signature.
    if let Some((message, signature)) = token.rsplit_once('.') {
        assert!(TOKENS.verify_id_token_hint(&format!("{message}A.{signature}"), NOW).is_err());
    }
}
