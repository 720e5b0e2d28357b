//! RFC 7636, with the vector of its appendix B; threats.md C02, C04.

use proptest::prelude::*;

use super::refused;
use crate::protocol::error::ErrorCode;
use crate::protocol::pkce::{CodeChallenge, CodeVerifier};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn the_vector_of_appendix_b_matches() {
    let verifier = CodeVerifier::parse(VERIFIER).unwrap();
    let challenge = CodeChallenge::parse(Some(CHALLENGE), Some("S256")).unwrap().unwrap();
    assert_eq!(CodeChallenge::of(&verifier), challenge);
    assert!(challenge.matches(&verifier));
    let other = CodeVerifier::parse(&VERIFIER.replace('d', "e")).unwrap();
    assert!(!challenge.matches(&other));
    assert!(!challenge.matches(&CodeVerifier::parse(CHALLENGE).unwrap()));
}

#[test]
fn c04_only_s256_is_accepted() {
    for method in [Some("plain"), Some("s256"), Some("S256 "), Some("S512"), Some(""), None] {
        let (code, words) = refused(CodeChallenge::parse(Some(CHALLENGE), method));
        assert_eq!(code, ErrorCode::InvalidRequest);
        assert!(words.contains("S256"), "{words}");
    }
    assert_eq!(refused(CodeChallenge::parse(None, Some("S256"))).0, ErrorCode::InvalidRequest);
    assert_eq!(CodeChallenge::parse(None, None), Ok(None));
}

#[test]
fn c04_a_challenge_is_forty_three_characters_of_base64url() {
    let bad = [
        "",
        "short",
        &CHALLENGE[..42],
        &format!("{CHALLENGE}A"),
        &format!("{CHALLENGE}="),
        &CHALLENGE.replace('-', "+"),
        &CHALLENGE.replace('9', " "),
        &CHALLENGE.replace('9', "\0"),
        &CHALLENGE.replace('9', "é"),
        // The last character carries two bits that must be zero.
        &format!("{}N", &CHALLENGE[..42]),
        &"A".repeat(100_000),
    ];
    for challenge in bad {
        let result = CodeChallenge::parse(Some(challenge), Some("S256"));
        assert_eq!(refused(result).0, ErrorCode::InvalidRequest, "{challenge:.50}");
    }
}

#[test]
fn a_verifier_is_43_to_128_unreserved_characters() {
    for good in ["a".repeat(43), "~".repeat(128), "-._~AZaz09".repeat(5)] {
        assert!(CodeVerifier::parse(&good).is_some(), "{good}");
    }
    for bad in
        ["", &"a".repeat(42), &"a".repeat(129), &"+".repeat(43), &" ".repeat(43), &"é".repeat(43), &"\0".repeat(43)]
    {
        assert!(CodeVerifier::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_verifier_is_not_shown() {
    assert!(!format!("{:?}", CodeVerifier::parse(VERIFIER).unwrap()).contains(VERIFIER));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(challenge in any::<Option<String>>(), method in any::<Option<String>>()) {
        let _ = CodeChallenge::parse(challenge.as_deref(), method.as_deref());
        let _ = CodeChallenge::parse(challenge.as_deref(), Some("S256"));
        let _ = challenge.as_deref().map(CodeVerifier::parse);
    }

    #[test]
    fn a_challenge_fits_its_verifier_alone(one in "[A-Za-z0-9._~-]{43,128}", two in "[A-Za-z0-9._~-]{43,128}") {
        let challenge = CodeChallenge::of(&CodeVerifier::parse(&one).unwrap());
        prop_assert!(challenge.matches(&CodeVerifier::parse(&one).unwrap()));
        prop_assert_eq!(challenge.matches(&CodeVerifier::parse(&two).unwrap()), one == two);
        prop_assert_eq!(CodeChallenge::parse(Some(challenge.as_str()), Some("S256")).unwrap().unwrap(), challenge);
    }
}
