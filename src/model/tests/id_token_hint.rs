//! Whom a hint means: a person and an active client, or it is none.

use super::*;
use crate::model::id_token_hint::IdTokenHint;
use crate::protocol::id_token::IdTokenHintClaims;

const SESSION: &str = "018f0000-0000-7000-8000-0000000000aa";

fn claims() -> IdTokenHintClaims {
    IdTokenHintClaims {
        iss: issuer().as_str().to_owned(),
        sub: user().id.to_string(),
        aud: "web".to_owned(),
        exp: NOW.seconds(),
        iat: NOW.seconds(),
        sid: Some(SESSION.to_owned()),
        preferred_username: Some("ada".to_owned()),
    }
}

#[test]
fn a_hint_names_a_person_a_client_and_a_session() {
    let hint = IdTokenHint::check(&claims(), &registry()).unwrap();
    assert_eq!((hint.user_id, hint.client_id.as_str()), (user().id, "web"));
    assert_eq!(hint.session, SessionId::parse(SESSION));
    let without = IdTokenHintClaims { sid: None, ..claims() };
    assert_eq!(IdTokenHint::check(&without, &registry()).unwrap().session, None);
}

#[test]
fn g10_a_hint_for_another_audience_or_of_no_person_is_refused() {
    let disabled = registry_of(vec![Client { enabled: false, ..web() }, public()]);
    let table = [
        (claims(), &disabled),
        (IdTokenHintClaims { aud: POSTS.to_owned(), ..claims() }, &registry()),
        (IdTokenHintClaims { aud: issuer().as_str().to_owned(), ..claims() }, &registry()),
        (IdTokenHintClaims { aud: "WEB".to_owned(), ..claims() }, &registry()),
        (IdTokenHintClaims { aud: String::new(), ..claims() }, &registry()),
        (IdTokenHintClaims { sub: "web".to_owned(), ..claims() }, &registry()),
        (IdTokenHintClaims { sub: String::new(), ..claims() }, &registry()),
        (IdTokenHintClaims { sub: user().id.to_string().replace('-', ""), ..claims() }, &registry()),
        (IdTokenHintClaims { sid: Some("ada".to_owned()), ..claims() }, &registry()),
    ];
    for (claims, registry) in table {
        assert_eq!(code_of(IdTokenHint::check(&claims, registry)), ErrorCode::InvalidRequest, "{claims:?}");
    }
}
