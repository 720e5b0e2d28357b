//! What may be asked, held against URLs and names; the answers are `tests/it/providers_down`'s.
//!
//! Owns: tables and properties. Does not own: the classes of addresses (`address`).

use proptest::prelude::*;

use super::*;

fn outbound(ranges: &[&str]) -> Outbound {
    Outbound { allow: ranges.iter().map(|range| range.parse().unwrap()).collect() }
}

fn may(url: &str, ranges: &[&str]) -> bool {
    check(&Url::parse(url).unwrap(), &outbound(ranges)).is_ok()
}

/// L01: the spellings that a URL parser knows for one address.
#[test]
fn an_address_of_this_machine_is_refused_however_it_is_written() {
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "0xa9fea9fe",
        "[fd00::1]",
        "[fe80::1]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.5.4",
        "100.64.0.1",
        "①②⑦.0.0.1",
    ] {
        assert!(!may(&format!("https://{host}/.well-known/openid-configuration"), &[]), "{host}");
    }
}

#[test]
fn only_what_is_listed_is_an_exception() {
    assert!(may("https://10.1.2.3/", &["10.0.0.0/8"]));
    assert!(!may("https://10.1.2.3/", &["10.2.0.0/16"]));
    assert!(may("https://[::ffff:10.1.2.3]/", &["10.0.0.0/8"]), "the same address in other words");
    assert!(!may("http://10.1.2.3/", &["10.0.0.0/8"]), "plain http leaves this machine");
}

#[test]
fn http_is_for_the_loopback_that_is_listed() {
    let loopback = ["127.0.0.0/8", "::1/128"];
    for url in ["http://127.0.0.1:8080/", "http://[::1]/", "http://localhost:1/", "http://LOCALHOST./"] {
        assert!(may(url, &loopback), "{url}");
    }
    for url in ["http://127.0.0.1:8080/", "http://[::1]/"] {
        assert!(!may(url, &[]), "{url}");
    }
    for url in ["http://login.example/", "http://localhost.example/", "http://8.8.8.8/", "ftp://login.example/"] {
        assert!(!may(url, &loopback), "{url}");
    }
}

#[test]
fn a_url_with_a_user_name_is_refused() {
    assert!(may("https://login.example/", &[]));
    for url in ["https://me@login.example/", "https://me:you@login.example/", "https://:you@login.example/"] {
        assert!(!may(url, &[]), "{url}");
    }
}

#[test]
fn of_the_addresses_of_a_name_only_the_checked_ones_are_dialled() {
    let addresses = ["10.0.0.1:0", "8.8.8.8:0", "127.0.0.1:0", "[::1]:0"].map(|text| text.parse().unwrap());
    let dial = |name: &str, ranges: &[&str]| {
        let kept = dialled(name, addresses.into_iter(), &outbound(ranges));
        kept.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(dial("login.example", &[]), ["8.8.8.8"]);
    assert_eq!(dial("login.example", &["127.0.0.0/8"]), ["8.8.8.8", "127.0.0.1"]);
    assert_eq!(dial("localhost", &["127.0.0.0/8"]), ["127.0.0.1"], "whatever somebody's resolver says of localhost");
    assert_eq!(dial("localhost.", &[]), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_of_this_machine_is_refused_when_it_is_resolved() {
    let resolver = CheckedNames { outbound: Arc::default() };
    let refused = resolver.resolve("localhost".parse().unwrap()).await.err().unwrap();
    assert!(refused.is::<AddressRefused>(), "{refused}");
    let resolver = CheckedNames { outbound: Arc::new(outbound(&["127.0.0.0/8", "::1/128"])) };
    let found: Vec<_> =
        resolver.resolve("localhost".parse().unwrap()).await.unwrap_or_else(|error| panic!("{error}")).collect();
    assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
}

#[test]
fn json_is_known_by_its_type() {
    let with = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(text));
        is_json(&headers)
    };
    for text in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/jwk-set+json",
        "application/vnd.github+json",
    ] {
        assert!(with(text), "{text}");
    }
    for text in ["text/html", "text/json", "application/jsonp", "application/x-www-form-urlencoded", "", "x+json"] {
        assert!(!with(text), "{text}");
    }
    assert!(!is_json(&HeaderMap::new()));
}

proptest! {
    /// Whatever the spelling, what is allowed is what the classification allows.
    #[test]
    fn a_url_is_judged_by_its_address(bits: u32) {
        let address = std::net::Ipv4Addr::from_bits(bits);
        let public = is_public(IpAddr::V4(address));
        for host in [address.to_string(), bits.to_string(), format!("0x{bits:x}"), format!("0{bits:o}")] {
            prop_assert_eq!(may(&format!("https://{host}/"), &[]), public, "{}", host);
        }
    }
}
