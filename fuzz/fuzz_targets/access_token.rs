//! Access tokens: no text is accepted but the very message that we signed, what we sign comes back, and backends that
//! hold `vestibule-guard` accept the same.
//!
//! The input is the text of a token (`token_from`). Its lines are the claims of a token we sign.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use uuid::Uuid;
use vestibule::model::signing_key::Algorithm;
use vestibule::protocol::access_token::{AccessTokenClaims, Audience, Authentication};
use vestibule::protocol::claims::Claims;
use vestibule::protocol::error::ErrorCode;
use vestibule::protocol::ids::GrantId;
use vestibule::protocol::scope::Scopes;
use vestibule_fuzz::{ISSUER, NOW, TOKENS, check_error, message, run, token_from};
use vestibule_guard::{Guard, KeySet, Refusal};

static SIGNED: LazyLock<String> =
    LazyLock::new(|| run(TOKENS.sign_access_token(&claims(&["read:users", "user", "web"]), Algorithm::ES256)).unwrap());

/// Of the API that `SIGNED` is for.
static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let keys = KeySet::parse(TOKENS.jwks().as_bytes()).unwrap();
    Guard::builder(ISSUER).audience("web").keys(keys).clock(|| NOW.seconds()).build().unwrap()
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let token = token_from(text, &SIGNED);
    let verified = TOKENS.verify_access_token(&token, NOW);
    match run(GUARD.verify(&token)) {
        Ok(_) => assert!(verified.is_ok(), "{token}"),
        Err(Refusal::InvalidToken(_)) => assert!(verified.is_err(), "{token}"),
        Err(other) => panic!("{other}"),
    }
    match verified {
        Err(error) => check_error(&error, &[ErrorCode::InvalidToken]),
        // Of an ECDSA signature there are two; the message is the one that was signed.
        Ok(_) => assert_eq!(message(&token), message(&SIGNED)),
    }
    let lines: Vec<&str> = text.split('\n').collect();
    if lines.len() > 2 && text.len() < 1024 {
        comes_back(&claims(&lines));
    }
});

/// Claims from lines: scope, subject, client and, where there are more, how a person signed in.
fn claims(lines: &[&str]) -> AccessTokenClaims {
    let line = |index: usize| lines.get(index).map(|line| (*line).to_owned());
    AccessTokenClaims {
        iss: ISSUER.to_owned(),
        sub: line(1).unwrap_or_default(),
        aud: Audience::from_list(lines.iter().skip(2).map(|line| (*line).to_owned()).collect()),
        exp: NOW.seconds() + 600,
        iat: NOW.seconds(),
        jti: AccessTokenClaims::jti(line(3).map(|_| GrantId(Uuid::from_u128(7))), Uuid::from_u128(8)),
        client_id: line(2).unwrap_or_default(),
        userinfo_claims: Claims::default(),
        scope: Scopes::parse(lines.first().unwrap_or(&"")).unwrap_or_default(),
        authentication: line(3).map(|acr| Authentication {
            auth_time: NOW.seconds(),
            acr,
            amr: lines.iter().skip(4).map(|line| (*line).to_owned()).collect(),
        }),
    }
}

fn comes_back(claims: &AccessTokenClaims) {
    let token = run(TOKENS.sign_access_token(claims, Algorithm::ES256)).unwrap();
    if token.len() <= 8192 {
        let read = TOKENS.verify_access_token(&token, NOW).unwrap();
        assert_eq!(&read, claims);
        assert_eq!(read.grant_id().is_some(), claims.authentication.is_some());
    }
    let late = vestibule::protocol::time::Timestamp::from_seconds(claims.exp);
    assert!(TOKENS.verify_access_token(&token, late).is_err());
    // Another message under the same signature.
    if let Some((message, signature)) = token.rsplit_once('.') {
        assert!(TOKENS.verify_access_token(&format!("{message}A.{signature}"), NOW).is_err());
    }
}
