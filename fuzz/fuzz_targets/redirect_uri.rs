//! Redirect URIs: what may be registered, and that nothing else than what was registered is ever chosen.
//!
//! Lines: `native` or anything else, the registered URI, the requested one, `state`.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use url::{Host, Url};
use vestibule::protocol::error::OAuthError;
use vestibule::protocol::redirect_uri::{ApplicationType, ChooseError, RedirectUri, RegisteredRedirectUri};
use vestibule::protocol::reply::{AuthorizationResponse, ReplyTo};
use vestibule::protocol::response::ResponseMode;
use vestibule_fuzz::{ISSUER, SETTINGS, lines, sent};

fuzz_target!(|data: &[u8]| {
    let Some(mut lines) = lines(data) else { return };
    let native = lines.next() == Some("native");
    let kind = if native { ApplicationType::Native } else { ApplicationType::Web };
    let text = lines.next().unwrap_or_default();
    let Ok(registered) = RedirectUri::parse(text, kind) else { return };
    assert_eq!(registered.as_str(), text);
    check_registered(text, &registered, native);

    let requested = sent(lines.next());
    let list = [registered];
    let chosen = match RegisteredRedirectUri::choose(&list, kind, requested) {
        Ok(chosen) => chosen,
        Err(error) => {
            assert_eq!(error, ChooseError::NotRegistered);
            assert!(requested.is_some_and(|requested| requested != text));
            return;
        }
    };
    assert_eq!(chosen.as_str(), requested.unwrap_or(text));
    if chosen.as_str() != text {
        check_other_port(text, chosen.as_str(), native);
    }
    assert!(RegisteredRedirectUri::choose(&[], kind, requested).is_err());
    check_answer(&chosen, lines.next());
});

fn check_registered(text: &str, registered: &RedirectUri, native: bool) {
    assert!(text.len() <= 2000 && text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!text.contains(['#', '\\', '*', '"', '<', '>']));
    let url = Url::parse(text).unwrap();
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    match url.scheme() {
        "https" => assert!(url.has_host()),
        "http" => assert!(is_loopback(&url)),
        scheme => assert!(native && scheme.contains('.'), "{text}"),
    }
    if let Some(origin) = registered.origin() {
        assert!(text.starts_with(&origin), "{text} begins otherwise than {origin}");
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// RFC 8252 7.3: only a native client's, on loopback, and only the port differs, as a browser reads both.
fn check_other_port(registered: &str, chosen: &str, native: bool) {
    assert!(native);
    let (mut one, mut other) = (Url::parse(registered).unwrap(), Url::parse(chosen).unwrap());
    assert!(other.scheme() == "http" && is_loopback(&one) && is_loopback(&other), "{chosen}");
    assert!(other.username().is_empty() && other.password().is_none() && other.fragment().is_none());
    one.set_port(None).unwrap();
    other.set_port(None).unwrap();
    assert_eq!(one, other);
}

/// An answer goes to the chosen URI, says what it should, and fits into a header and a policy.
fn check_answer(chosen: &RegisteredRedirectUri, state: Option<&str>) {
    let reply = ReplyTo::new(chosen.clone(), ResponseMode::Query, state.map(str::to_owned));
    let answer = reply.with_error(&OAuthError::access_denied("no & more"), &SETTINGS.issuer);
    let AuthorizationResponse::Redirect(location) = answer else { panic!("not by query: {answer:?}") };
    assert!(location.starts_with(chosen.as_str()) && location.bytes().all(|byte| byte.is_ascii_graphic()));
    let (from, to) = (Url::parse(chosen.as_str()).unwrap(), Url::parse(&location).unwrap());
    assert_eq!((from.scheme(), from.host(), from.port(), from.path()), (to.scheme(), to.host(), to.port(), to.path()));
    let said: Vec<_> = to.query_pairs().collect();
    let mut ours = vec![("error", "access_denied"), ("error_description", "no & more")];
    ours.extend(state.map(|state| ("state", state)));
    ours.push(("iss", ISSUER));
    let end = said.split_at(said.len() - ours.len()).1;
    let same = end.iter().zip(&ours).all(|((name, value), (expected, text))| name == expected && value == text);
    assert!(same, "{location}");
    // The one goes into a policy, where such a character begins something else; the other is only shown.
    let policy = chosen.form_action();
    assert!(!policy.is_empty() && !policy.contains([' ', ';', ',', '\'', '"', '*']), "{policy}");
    assert!(!chosen.shown_host().is_empty());
}
