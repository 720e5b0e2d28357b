//! Bearer tokens: what is taken was sent in one place and is a `b64token`; a challenge is one header value.
//!
//! Lines: the Authorization header (empty: none), `access_token` of the form (empty: none), the scope that
//! would have been enough, a description.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vestibule::protocol::bearer::{Presented, challenge, read};
use vestibule::protocol::error::{ErrorCode, OAuthError};
use vestibule::protocol::scope::Scopes;
use vestibule_fuzz::{ISSUER, check_error};

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let header = lines.next().filter(|line| !line.is_empty());
    let form = lines.next().filter(|line| !line.is_empty()).and_then(|line| std::str::from_utf8(line).ok());
    match read(header, form) {
        Err(error) => check_error(&error, &[ErrorCode::InvalidRequest, ErrorCode::InvalidToken]),
        Ok(Presented::Nothing) => assert!(form.is_none()),
        Ok(Presented::Token(token)) => {
            assert!((1..=8192).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(!token.contains(['"', '\\', ',']));
            let in_header = |header: &[u8]| String::from_utf8_lossy(header).contains(&token);
            assert!(form.map_or_else(|| header.is_some_and(in_header), |form| form == token), "{token}");
            assert!(!format!("{:?}", Presented::Token(token.clone())).contains(&token) || token.len() < 8);
        }
    }
    let mut text = || lines.next().map(|line| String::from_utf8_lossy(line).into_owned()).unwrap_or_default();
    let scope = Scopes::parse(&text()).unwrap_or_default().to_string();
    let error = OAuthError::insufficient_scope(format!("needs {}", text()));
    let value = challenge(ISSUER, Some(&error), Some(&scope));
    assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{value}");
    // Four quoted texts and no more: nothing in one of them ended it.
    assert_eq!(value.matches('"').count(), 8, "{value}");
    assert!(!value.contains('\\'), "{value}");
});
