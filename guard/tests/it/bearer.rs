//! RFC 6750 2: where a token may stand, and what the challenge says.

use std::time::Duration;

use vestibule_guard::{Fault, LONGEST_TOKEN, Refusal, Unavailable, bearer};

fn read<'a>(headers: &[&'a str], query: Option<&str>) -> Result<&'a str, Refusal> {
    bearer::read(headers.iter().map(|header| header.as_bytes()), query)
}

#[test]
fn a_token_stands_in_the_header_alone() {
    for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c", "Bearer a.b.c "] {
        assert_eq!(read(&[header], None), Ok("a.b.c"), "{header}");
    }
    assert_eq!(read(&["Bearer aA0-._~+/=="], Some("page=2&token=x&access_tokens=1")), Ok("aA0-._~+/=="));
    let long = format!("Bearer {}", "a".repeat(LONGEST_TOKEN + 1));
    assert!(read(&[&long], None).is_ok(), "its length is the token's matter");
}

#[test]
fn no_token_is_no_error_of_the_request() {
    for headers in [&[][..], &["Basic YTpi"], &["DPoP a.b.c"], &[""], &["BearerX a"]] {
        assert_eq!(read(headers, None), Err(Refusal::NoToken), "{headers:?}");
        assert_eq!(read(headers, Some("access_token=a.b.c")), Err(Refusal::NoToken), "the query is no place");
    }
}

#[test]
fn a_malformed_request_and_one_with_two_tokens_are_refused() {
    for (headers, query) in [
        (&["Bearer a", "Bearer a"][..], None),
        (&["Basic YTpi", "Bearer a"], None),
        (&["Bearer a"], Some("access_token=a")),
        (&["Bearer a"], Some("x=1&access%5Ftoken=")),
        (&["Bearer a"], Some("access_token")),
        (&["Bearer"], None),
        (&["Bearer "], None),
        (&["Bearer a b"], None),
        (&["Bearer a,b"], None),
        (&["Bearer =="], None),
        (&["Bearer a=b"], None),
        (&["Bearer \"a\""], None),
        (&["Bearer \u{e9}"], None),
    ] {
        let refusal = read(headers, query).expect_err("refused");
        assert_eq!((refusal.status(), refusal.code()), (400, Some("invalid_request")), "{headers:?} {query:?}");
    }
    assert_eq!(bearer::read([&[0xff][..]], None).expect_err("no text").status(), 400);
}

#[test]
fn the_challenge_says_what_rfc_6750_says() {
    let challenge = |refusal: &Refusal| refusal.www_authenticate("https://api.example.test");
    assert_eq!(challenge(&Refusal::NoToken).as_deref(), Some("Bearer realm=\"https://api.example.test\""));
    assert_eq!(
        challenge(&Refusal::InvalidToken(Fault::Expired)).as_deref(),
        Some(
            "Bearer realm=\"https://api.example.test\", error=\"invalid_token\", \
             error_description=\"the access token is not accepted: it has expired\""
        )
    );
    assert_eq!(
        challenge(&Refusal::InsufficientScope { needed: "read:users admin" }).as_deref(),
        Some(
            "Bearer realm=\"https://api.example.test\", error=\"insufficient_scope\", \
             error_description=\"the access token lacks a scope of: read:users admin\", scope=\"read:users admin\""
        )
    );
    let refusal = Refusal::from(Unavailable::new("https://id.example.test is down", Duration::from_millis(1)));
    assert_eq!((challenge(&refusal), refusal.status(), refusal.retry_after()), (None, 503, Some(1)));
    assert!(!refusal.to_string().contains("id.example.test"), "the cause is for the log");
}
