//! The issuer and origins: one spelling each, https or this machine, and no origin that nobody registered.
//!
//! Lines: an issuer, an origin.
#![no_main]

use libfuzzer_sys::fuzz_target;
use url::Url;
use vestibule::protocol::issuer::Issuer;
use vestibule::web::urls::absolute;
use vestibule_fuzz::{WORLD, lines};

fuzz_target!(|data: &[u8]| {
    let Some(mut lines) = lines(data) else { return };
    if let Ok(issuer) = Issuer::parse(lines.next().unwrap_or_default()) {
        check_issuer(&issuer);
    }
    let origin = lines.next().unwrap_or_default();
    if WORLD.registry.knows_origin(origin) {
        // In `dev` each loopback origin is known beside those of the clients; all are spelled as browsers do.
        let url = Url::parse(origin).unwrap();
        assert_eq!(url.origin().ascii_serialization(), origin);
        assert!(matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")), "{origin}");
    }
});

fn check_issuer(issuer: &Issuer) {
    let text = issuer.as_str();
    assert_eq!(format!("{}{}", issuer.origin(), issuer.path()), text);
    assert!(!text.ends_with('/') && !text.contains(['?', '#', '\\', ' ', '"', '<']), "{text}");
    // It stands between quotes in a challenge and its origin in a policy.
    assert!(!issuer.origin().contains(['@', ';', ',', '\'', '*', '{', '&']), "{text}");
    assert!(issuer.is_https() || issuer.is_loopback(), "{text}");
    assert!(issuer.path().is_empty() || issuer.path().starts_with('/'));
    assert_eq!(Issuer::parse(text).as_ref(), Ok(issuer));
    let url = absolute(issuer, "/token");
    assert_eq!(Url::parse(&url).unwrap().as_str(), url);
}
