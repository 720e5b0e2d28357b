//! When signing out is asked first, and where it may lead.

use super::*;
use crate::model::id_token_hint::IdTokenHint;
use crate::model::sign_out::{Refusal, Return, SignOut, SignOutStep};
use crate::protocol::end_session::EndSessionRequest;

const BYE: &str = "https://app.example/bye";

fn with_return() -> Registry {
    let uris = vec![RedirectUri::parse(BYE, ApplicationType::Web).unwrap()];
    registry_of(vec![Client { post_logout_redirect_uris: uris, ..web() }, public()])
}

fn request(pairs: &[(&str, &str)]) -> EndSessionRequest {
    EndSessionRequest::parse(&params(pairs)).unwrap()
}

fn hint() -> IdTokenHint {
    IdTokenHint { user_id: user().id, session: None, username: None, client_id: ClientId::parse("web").unwrap() }
}

/// What of a request holds: the client, and where to.
fn held(pairs: &[(&str, &str)], hint: Option<&IdTokenHint>) -> (Option<String>, Result<Option<String>, Refusal>) {
    let held = SignOut::check(&request(pairs), hint, &with_return());
    let there = match held.return_to {
        Return::Stay => Ok(None),
        Return::To(there) => Ok(Some(there.url())),
        Return::Refused(refusal) => Err(refusal),
    };
    (held.client.map(|client| client.client_id.to_string()), there)
}

#[test]
fn the_client_is_that_of_the_hint_or_the_one_that_is_named_unless_they_disagree() {
    let (uri, state) = (("post_logout_redirect_uri", BYE), ("state", "a b"));
    let (web, there) = (Some("web".to_owned()), Ok(Some(format!("{BYE}?state=a+b"))));
    assert_eq!(held(&[uri, state], Some(&hint())), (web.clone(), there.clone()));
    assert_eq!(held(&[uri, state, ("client_id", "web")], None), (web.clone(), there.clone()));
    assert_eq!(held(&[uri, state, ("client_id", "web")], Some(&hint())), (web.clone(), there));
    assert_eq!(held(&[uri, ("client_id", "spa")], Some(&hint())), (None, Err(Refusal::NoClient)));
    assert_eq!(held(&[uri, ("client_id", "nobody")], None), (None, Err(Refusal::NoClient)));
    assert_eq!(held(&[uri], None), (None, Err(Refusal::NoClient)));
    assert_eq!(held(&[uri, ("client_id", "spa")], None), (Some("spa".to_owned()), Err(Refusal::NotRegistered)));
    assert_eq!(held(&[state], Some(&hint())), (web.clone(), Ok(None)));
    let callback = ("post_logout_redirect_uri", CALLBACK);
    assert_eq!(held(&[callback], Some(&hint())), (web, Err(Refusal::NotRegistered)));
}

#[test]
fn it_is_asked_first_unless_the_hint_is_of_whoever_is_signed_in() {
    let (me, you) = (user().id, UserId(Uuid::from_u128(99)));
    let uri = ("post_logout_redirect_uri", BYE);
    let step = |pairs: &[(&str, &str)], hint: Option<&IdTokenHint>, signed_in| {
        SignOut::check(&request(pairs), hint, &with_return()).step(signed_in)
    };
    let table = [
        (step(&[], Some(&hint()), Some(me)), SignOutStep::End),
        (step(&[uri], Some(&hint()), Some(me)), SignOutStep::End),
        (step(&[], Some(&hint()), Some(you)), SignOutStep::Ask),
        (step(&[], None, Some(me)), SignOutStep::Ask),
        (step(&[("client_id", "web"), uri], None, Some(me)), SignOutStep::Ask),
        (step(&[("client_id", "spa")], Some(&hint()), Some(me)), SignOutStep::Ask),
        (step(&[uri], Some(&hint()), None), SignOutStep::Leave),
        (step(&[], Some(&hint()), None), SignOutStep::Say),
        (step(&[("client_id", "web"), uri], None, None), SignOutStep::Say),
        (step(&[("client_id", "spa"), uri], Some(&hint()), None), SignOutStep::Say),
    ];
    for (index, (step, expected)) in table.into_iter().enumerate() {
        assert_eq!(step, expected, "row {index}");
    }
}
