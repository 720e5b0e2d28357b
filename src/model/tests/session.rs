//! What a session and its tokens say of how somebody signed in.

use std::time::Duration;

use super::{NOW, seconds_ago, session, user};
use crate::model::identity::UpstreamAuthentication;
use crate::model::session::{Session, SignIn};

fn there(at: Option<crate::protocol::time::Timestamp>, amr: &[&str]) -> UpstreamAuthentication {
    UpstreamAuthentication { at, amr: amr.iter().map(ToString::to_string).collect(), sid: None }
}

#[test]
fn a_sign_in_elsewhere_says_so_and_passes_on_what_was_said_there() {
    let claims = SignIn::elsewhere(NOW, &there(Some(seconds_ago(300)), &["pwd", "otp", "mfa"])).claims();
    assert_eq!(claims.amr, ["fed", "pwd", "otp", "mfa"]);
    assert_eq!((claims.auth_time, claims.acr.as_str()), (seconds_ago(300).seconds(), "1"));
    // A provider that says nothing: the return is all that is known, and no method is made up.
    let claims = SignIn::elsewhere(NOW, &there(None, &[])).claims();
    assert_eq!((claims.auth_time, claims.amr), (NOW.seconds(), vec!["fed".to_owned()]));
    // What is federated there too is said once.
    assert_eq!(SignIn::elsewhere(NOW, &there(None, &["fed", "pwd"])).amr, ["fed", "pwd"]);
}

#[test]
fn a_clock_that_is_ahead_makes_no_sign_in_younger() {
    let sign_in = SignIn::elsewhere(NOW, &there(Some(NOW.plus(Duration::from_hours(1))), &[]));
    assert_eq!(sign_in.authenticated(), NOW);
}

#[test]
fn a_session_counts_from_when_it_began_here_however_old_the_sign_in_elsewhere_is() {
    let old = there(Some(seconds_ago(20_000)), &[]);
    let live = Session { sign_in: SignIn::elsewhere(NOW, &old), ..session(NOW) };
    assert!(live.sign_in.authenticated() < user().valid_from);
    assert!(live.is_live(&user(), Duration::from_hours(1), NOW));
    // And it is over when everything of the person ends.
    let ended = crate::model::person::User { valid_from: NOW.plus(Duration::from_millis(1)), ..user() };
    assert!(!live.is_live(&ended, Duration::from_hours(1), NOW));
}

#[test]
fn a_record_of_an_older_version_is_read_and_a_sign_in_here_is_written_as_before() {
    let text = r#"{"at":1800000000000,"acr":"1","amr":["pwd"]}"#;
    let read: SignIn = serde_json::from_str(text).unwrap();
    assert_eq!((read.clone(), serde_json::to_string(&read).unwrap()), (SignIn::by_password(NOW), text.to_owned()));
}
