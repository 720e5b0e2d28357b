//! Which sessions a sign-out elsewhere means.

use super::{NOW, session};
use crate::model::identity::{IdentityKey, UpstreamAuthentication};
use crate::model::session::{Beginning, Session};
use crate::model::upstream_session::{EndedThere, UpstreamSession};
use crate::protocol::ids::ProviderId;

fn key(provider: &str, issuer: &str, subject: &str) -> IdentityKey {
    let provider = ProviderId::parse(provider).unwrap();
    IdentityKey { provider, issuer: issuer.to_owned(), subject: subject.to_owned() }
}

fn begun(identity: &IdentityKey, sid: Option<&str>) -> UpstreamSession {
    UpstreamSession { identity: identity.clone(), sid: sid.map(str::to_owned) }
}

#[test]
fn a_sign_out_means_its_own_identity_and_session_and_no_other() {
    let ada = key("op", "https://op.example", "ada");
    let all = EndedThere::All(ada.clone());
    let one = EndedThere::One { identity: ada.clone(), sid: "1".to_owned() };
    let anybodys =
        EndedThere::Anybodys { provider: ada.provider.clone(), issuer: ada.issuer.clone(), sid: "1".to_owned() };
    for (session, meant) in [
        (begun(&ada, Some("1")), [true, true, true]),
        (begun(&ada, Some("2")), [true, false, false]),
        // It may be that one: whoever signs out there is to be signed out here.
        (begun(&ada, None), [true, true, false]),
        (begun(&key("op", "https://op.example", "bob"), Some("1")), [false, false, true]),
        (begun(&key("op", "https://op.example", "bob"), None), [false, false, false]),
        (begun(&key("op2", "https://op.example", "ada"), Some("1")), [false, false, false]),
        (begun(&key("op", "https://op.example/", "ada"), Some("1")), [false, false, false]),
    ] {
        let found = [&all, &one, &anybodys].map(|ended| ended.means(&session));
        assert_eq!(found, meant, "{session:?}");
        // Whatever is meant is found under the name that is looked up.
        for (ended, meant) in [&all, &one, &anybodys].into_iter().zip(meant) {
            assert!(!meant || session.names().contains(&ended.name()), "{session:?} {ended:?}");
        }
    }
}

#[test]
fn no_two_of_a_provider_have_one_name() {
    let ada = key("op", "https://op.example", "x");
    let names = begun(&ada, Some("x")).names();
    assert_eq!(names.len(), 2);
    assert_ne!(names[0], names[1], "a subject is no session");
    for other in [key("op2", "https://op.example", "x"), key("op", "https://op.example/", "x")] {
        assert!(begun(&other, Some("x")).names().iter().all(|name| !names.contains(name)), "{other:?}");
    }
    assert_eq!(begun(&ada, None).names(), [names[0]]);
}

#[test]
fn a_session_knows_through_what_it_began_and_one_of_an_older_version_does_not() {
    let ada = key("op", "https://op.example", "ada");
    let there = UpstreamAuthentication { sid: Some("1".to_owned()), ..UpstreamAuthentication::default() };
    let Beginning { sign_in, upstream } = Beginning::elsewhere(NOW, &ada, &there);
    assert_eq!(upstream, Some(begun(&ada, Some("1"))));
    let through = Session { sign_in, upstream, ..session(NOW) };
    let text = serde_json::to_string(&through).unwrap();
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), through);

    assert_eq!(Beginning::by_password(NOW).upstream, None);
    let text = serde_json::to_string(&session(NOW)).unwrap();
    assert!(!text.contains("upstream"), "{text}");
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session(NOW));
}
