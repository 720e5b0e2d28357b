//! Redeeming a code; threats.md B03 to B05, C01.

use super::*;
use crate::model::code_grant::CodeGrant;
use crate::model::grant::Grant;
use crate::protocol::claims::SingleClaims;
use crate::protocol::ids::GrantId;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::redirect_uri::RegisteredRedirectUri;
use crate::protocol::token_request::CodeRequest;

fn code(challenge: bool) -> CodeGrant {
    let uris = [RedirectUri::parse(CALLBACK, ApplicationType::Web).unwrap()];
    CodeGrant {
        client_id: web().client_id,
        redirect_uri: RegisteredRedirectUri::choose(&uris, ApplicationType::Web, None).unwrap(),
        code_challenge: challenge.then(|| CodeChallenge::parse(Some(CHALLENGE), Some("S256")).unwrap().unwrap()),
        scope: scopes("openid posts:read"),
        claims: SingleClaims::default(),
        resource: None,
        nonce: None,
        user_id: user().id,
        session_id: session(NOW).id,
        sign_in: SignIn::by_password(NOW),
        grant_id: GrantId(Uuid::from_u128(3)),
        expires_at: NOW.plus(Duration::from_mins(1)),
    }
}

fn request(redirect_uri: Option<&str>, verifier: Option<&str>) -> CodeRequest {
    CodeRequest {
        code: SecretString::from("code"),
        redirect_uri: redirect_uri.map(str::to_owned),
        code_verifier: verifier.map(SecretString::from),
        resource: None,
    }
}

/// Redeems as `web`; the words of the refusal, which must be `invalid_grant`.
fn redeem(code: CodeGrant, redirect_uri: Option<&str>, verifier: Option<&str>, now: Timestamp) -> Result<(), String> {
    let client = authenticated(&registry(), "web", SECRET).unwrap();
    match code.redeem(&client, &request(redirect_uri, verifier), now) {
        Ok(redeemed) => {
            assert_eq!(redeemed.grant_id, GrantId(Uuid::from_u128(3)));
            Ok(())
        }
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::InvalidGrant);
            Err(error.description().to_owned())
        }
    }
}

#[test]
fn a_code_is_redeemed_by_its_client_in_time_at_its_uri_with_its_verifier() {
    assert_eq!(redeem(code(true), Some(CALLBACK), Some(VERIFIER), NOW), Ok(()));
    assert_eq!(redeem(code(true), None, Some(VERIFIER), NOW), Ok(()));
    assert_eq!(redeem(code(false), Some(CALLBACK), None, NOW), Ok(()));
}

#[test]
fn b03_a_code_of_another_client_is_refused() {
    let registry = registry_of(vec![web(), public(), Client { client_id: ClientId::parse("other").unwrap(), ..web() }]);
    for (id, secret) in [("other", SECRET), ("spa", "")] {
        let client = authenticated(&registry, id, secret).unwrap();
        let refused = code(true).redeem(&client, &request(Some(CALLBACK), Some(VERIFIER)), NOW);
        assert_eq!(code_of(refused), ErrorCode::InvalidGrant, "{id}");
    }
}

#[test]
fn b04_another_redirect_uri_is_refused() {
    for uri in
        ["https://app.example/cb/", "https://app.example/CB", "https://app.example/cb?x=1", "https://evil.test/cb", ""]
    {
        assert!(redeem(code(true), Some(uri), Some(VERIFIER), NOW).unwrap_err().contains("redirect_uri"), "{uri}");
        assert!(redeem(code(false), Some(uri), None, NOW).is_err(), "{uri}");
    }
    assert!(redeem(code(false), None, None, NOW).unwrap_err().contains("redirect_uri is missing"));
}

#[test]
fn b05_a_code_ends_at_its_very_instant() {
    let end = NOW.plus(Duration::from_mins(1));
    let just_before = Timestamp::from_millis(end.millis() - 1);
    assert_eq!(redeem(code(true), None, Some(VERIFIER), just_before), Ok(()));
    for late in [end, end.plus(Duration::from_millis(1)), end.plus(Duration::MAX)] {
        assert!(redeem(code(true), None, Some(VERIFIER), late).unwrap_err().contains("expired"));
    }
}

#[test]
fn c01_challenge_and_verifier_come_together_or_not_at_all() {
    assert!(redeem(code(true), Some(CALLBACK), None, NOW).unwrap_err().contains("code_verifier is missing"));
    assert!(redeem(code(false), Some(CALLBACK), Some(VERIFIER), NOW).unwrap_err().contains("no code_challenge"));
    for wrong in [
        CHALLENGE,
        "",
        "short",
        &VERIFIER[1..],
        &VERIFIER.replace('d', "e"),
        &format!("{VERIFIER}\0"),
        &"a".repeat(129),
    ] {
        assert!(redeem(code(true), Some(CALLBACK), Some(wrong), NOW).is_err(), "{wrong}");
    }
}

#[test]
fn a_code_is_stored_and_read_back_whole() {
    let text = serde_json::to_string(&code(true)).unwrap();
    assert_eq!(serde_json::from_str::<CodeGrant>(&text).unwrap(), code(true));
}

#[test]
fn a_grant_holds_until_it_is_revoked_or_its_person_is_out() {
    let grant = Grant {
        id: GrantId(Uuid::from_u128(3)),
        user_id: user().id,
        client_id: web().client_id,
        scope: scopes("openid"),
        claims: SingleClaims::default(),
        code: None,
        session_id: None,
        created_at: seconds_ago(5),
        expires_at: NOW,
        revoked_at: None,
        refresh: None,
    };
    assert!(grant.holds(&user()));
    assert!(grant.holds(&User { valid_from: seconds_ago(5), ..user() }));
    assert!(!grant.holds(&User { valid_from: seconds_ago(4), ..user() }));
    assert!(!grant.holds(&User { disabled: true, ..user() }));
    assert!(!grant.holds(&User { id: UserId(Uuid::from_u128(9)), ..user() }));
    assert!(!Grant { revoked_at: Some(NOW), ..grant }.holds(&user()));
}
