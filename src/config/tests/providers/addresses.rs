//! Where providers may be: tables, and whatever else somebody may write.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

#[test]
fn the_loopback_has_http_where_it_is_covered_and_in_dev() {
    let with =
        |url: &str| format!("[[providers]]\nid = \"o\"\npreset = \"oidc\"\nclient_id = \"v\"\nissuer = \"{url}\"\n");
    for (url, allow) in [
        ("http://127.0.0.1:9401", "127.0.0.0/8"),
        ("http://localhost:9401", "127.0.0.1"),
        ("http://localhost:9401", "::1"),
        ("http://[::1]:9401", "::1"),
        ("https://10.1.2.3", "10.0.0.0/8"),
        ("https://[fd00::1]", "fd00::/8"),
    ] {
        assert!(serve(&with(url)).is_err(), "{url}");
        let allowed = format!("[outbound]\nallow = [\"{allow}\"]\n{}", with(url));
        assert_eq!(issuer(&read(&allowed, "o")), &exact(url));
    }
    for url in ["http://127.0.0.1:9401", "http://localhost:9401", "http://[::1]:9401"] {
        assert_eq!(issuer(&found(dev(&with(url)), url, "o")), &exact(url));
    }
    assert!(dev(&with("https://10.1.2.3")).is_err(), "only this machine is covered by itself");
    // A stand-in, for tests.
    let allow = "[outbound]\nallow = [\"127.0.0.0/8\"]\n";
    for (lines, rule) in [
        ("id = \"google\"\nissuer = \"http://127.0.0.1:1\"", exact("http://127.0.0.1:1")),
        ("id = \"auth0\"\ndomain = \"127.0.0.1:1\"", exact("http://127.0.0.1:1/")),
        ("id = \"gitlab\"\nbase_url = \"http://127.0.0.1:1\"", exact("http://127.0.0.1:1")),
        (
            "id = \"microsoft\"\ntenant = \"common\"\nissuer = \"http://127.0.0.1:1/common/v2.0\"",
            IssuerRule::MicrosoftTenants { authority: "http://127.0.0.1:1/common/v2.0".to_owned() },
        ),
    ] {
        let id = lines.split('"').nth(1).unwrap();
        let provider = read(&format!("{allow}[[providers]]\n{lines}\n{SECRET}"), id);
        assert_eq!(issuer(&provider), &rule, "{lines}");
    }
}

#[test]
fn outbound_connections_go_where_they_are_allowed_to() {
    let outbound = serve("[outbound]\nallow = [\"10.0.0.0/8\", \"fd00::/8\", \"192.0.2.7\"]\n").unwrap().outbound;
    for (address, allowed) in [
        ("10.255.0.1", true),
        ("11.0.0.1", false),
        ("::ffff:10.0.0.1", true),
        ("fd00::1", true),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("127.0.0.1", false),
        ("::1", false),
    ] {
        assert_eq!(outbound.allows(address.parse::<IpAddr>().unwrap()), allowed, "{address}");
    }
    let dev = load_dev(None, &settings(), &|_| None).unwrap().outbound;
    for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert!(dev.allows(address.parse::<IpAddr>().unwrap()), "{address}");
    }
    assert!(!dev.allows("10.0.0.1".parse::<IpAddr>().unwrap()));
    assert_fault(serve, "[outbound]\nallow = [\"0.0.0.0/0\"]", ("2:10", "every address on earth", "private addresses"));
    assert_fault(serve, "[outbound]\nallow = [\"private\"]", ("2:10", "`allow` cannot be \"private\"", "10.0.0.0/8"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever an issuer is said to be, it is taken to the byte or not at all, and never a private one.
    #[test]
    fn an_issuer_is_taken_to_the_byte_or_not_at_all(
        scheme in "(https|http|HTTPS|ftp)",
        host in "([a-z]{1,5}\\.example|[A-Z]{1,3}\\.example|10\\.0\\.0\\.[0-9]|127\\.0\\.0\\.1|localhost|\\[::1\\]|0x7f\\.1|[a-z]@b\\.example)",
        port in "(:[0-9]{2,4})?",
        path in "(/[a-z./%?#]{0,6})?",
    ) {
        let text = format!("{scheme}://{host}{port}{path}");
        let toml = format!("[[providers]]\nid = \"o\"\npreset = \"oidc\"\nclient_id = \"v\"\nissuer = \"{text}\"\n");
        if let Ok(config) = serve(&toml) {
            let provider = config.registry.find_provider("o").unwrap();
            prop_assert_eq!(issuer(provider), &exact(&text));
            prop_assert!(text.starts_with("https://") && host.ends_with(".example"), "{}", text);
        }
    }
}
