//! threats.md A01 to A07: what may be registered and what a request may ask for.

use proptest::prelude::*;

use crate::protocol::redirect_uri::ApplicationType::{Native, Web};
use crate::protocol::redirect_uri::{
    ApplicationType, ChooseError, RedirectUri, RedirectUriError, RegisteredRedirectUri,
};

fn uri(text: &str, application_type: ApplicationType) -> RedirectUri {
    RedirectUri::parse(text, application_type).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn choose(registered: &[&str], kind: ApplicationType, requested: Option<&str>) -> Result<String, ChooseError> {
    let registered: Vec<RedirectUri> = registered.iter().map(|text| uri(text, kind)).collect();
    RegisteredRedirectUri::choose(&registered, kind, requested).map(|uri| uri.as_str().to_owned())
}

#[track_caller]
fn assert_none_chosen(registered: &str, kind: ApplicationType, requested: &[&str]) {
    for text in requested {
        assert_eq!(choose(&[registered], kind, Some(text)), Err(ChooseError::NotRegistered), "{text}");
    }
}

#[test]
fn good_uris_are_registered_as_written() {
    for text in [
        "https://app.example/cb",
        "https://app.example",
        "https://app.example/",
        "https://app.example:8443/cb?tenant=a&x=%2F",
        "https://xn--bcher-kva.example/cb",
        "https://[2001:db8::1]/cb",
        "https://192.0.2.7/cb",
        "http://localhost:3000/cb",
        "http://127.0.0.1:8080/cb",
        "http://[::1]:5000/",
    ] {
        assert_eq!(uri(text, Web).as_str(), text);
        assert_eq!(uri(text, Native).as_str(), text);
    }
    for text in
        ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb", "com.example.app:/cb", "org.app.x://cb/y"]
    {
        assert_eq!(uri(text, Native).as_str(), text);
        assert!(RedirectUri::parse(text, Web).is_err(), "{text}");
    }
}

#[test]
fn a_host_that_would_end_the_policy_naming_it_is_not_registered() {
    for text in [
        "https://app;form-action.example/cb",
        "https://app'.example/cb",
        "https://a,b.example/cb",
        "https://(app).example/cb",
        "https://a&b.example/cb",
        "https://a=b.example",
    ] {
        assert_eq!(RedirectUri::parse(text, Web), Err(RedirectUriError::Host), "{text}");
    }
    assert!(RedirectUri::parse("https://my_app.example/cb", Web).is_ok());
}

#[test]
fn a01_only_the_registered_bytes_are_chosen() {
    let requested = [
        "https://app.example/cb.evil",
        "https://app.example/cb/",
        "https://app.example/cb/../x",
        "https://app.example/x/../cb",
        "https://app.example/./cb",
        "https://app.example/cb%2f..%2fx",
        "https://app.example/%63b",
        "https://app.example/cb;x",
        "https://app.example/cb?x=1",
        "https://app.example/cb?",
        "https://app.example/CB",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example.evil.com/cb",
        "https://app.example./cb",
        "https://app.example:443/cb",
        "https://app.example:/cb",
        "https://app.example:8443/cb",
        "http://app.example/cb",
        "https:/app.example/cb",
        "https:app.example/cb",
        "https:///app.example/cb",
        "https:\\\\app.example\\cb",
        "//app.example/cb",
        "/cb",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb\n",
        "https://app.example/\tcb",
        "https://app.example/c\0b",
        "https://app.example/cb\u{200b}",
        "",
    ];
    assert_none_chosen("https://app.example/cb", Web, &requested);
    assert_none_chosen("https://app.example/cb", Native, &requested);
    let text = "https://app.example/cb";
    assert_eq!(choose(&["https://app.example/x", text], Web, Some(text)), Ok(text.to_owned()));
    assert_none_chosen("https://app.example", Web, &["https://app.example/"]);
}

#[test]
fn a02_names_before_the_host_are_refused_at_registration_and_request() {
    let confusing = [
        "https://app.example@evil.com/cb",
        "https://app.example\\@evil.com/cb",
        "https://evil.com#@app.example/cb",
        "https://app.example%40evil.com/cb",
        "https://user:secret@app.example/cb",
        "https://@app.example/cb",
        "https://:@app.example/cb",
        "https://app.example:443@evil.com/cb",
        "https://evil.com\\app.example/cb",
        "https://evil.com?@app.example/cb#",
        "com.example.app://user@host/cb",
    ];
    for text in confusing {
        for kind in [Web, Native] {
            assert!(RedirectUri::parse(text, kind).is_err(), "{text}");
        }
    }
    assert_none_chosen("https://app.example/cb", Web, &confusing);
    assert_eq!(RedirectUri::parse("https://u@app.example/cb", Web), Err(RedirectUriError::Userinfo));
}

#[test]
fn a03_wildcards_are_refused_at_registration() {
    for text in ["https://*.x.example/cb", "https://x.example/*", "https://x.example/cb*", "com.example.app:/*"] {
        assert!(RedirectUri::parse(text, Native).is_err(), "{text}");
    }
    assert_eq!(RedirectUri::parse("https://x.example/*", Web), Err(RedirectUriError::Wildcard));
    assert_none_chosen("https://x.example/cb", Web, &["https://x.example/..;/cb", "https://x.example/a/..;/cb"]);
}

#[test]
fn a04_nothing_in_a_registered_uri_is_an_expression() {
    assert_none_chosen(
        "https://foo.example.com/cb",
        Web,
        &["https://fooXexample.com/cb", "https://foo.exampleXcom/cb"],
    );
    assert_none_chosen("https://foo.example.com/(a.b)+", Web, &["https://foo.example.com/aXb"]);
}

#[test]
fn a05_the_port_of_a_native_loopback_uri_is_free() {
    let cases = [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65535/cb"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1:9090/cb"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb", "http://[::1]:51004/cb"),
        ("http://localhost/cb?x=1", "http://localhost:51004/cb?x=1"),
        ("http://localhost:3000", "http://localhost:51004"),
    ];
    for (registered, requested) in cases {
        assert_eq!(choose(&[registered], Native, Some(requested)), Ok(requested.to_owned()), "{requested}");
    }
}

#[test]
fn a05_nothing_but_the_port_is_free() {
    let refused = [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:51004",
        "http://127.0.0.1.evil.com/cb",
        "http://127.0.0.1.evil.com:51004/cb",
        "http://localhost.evil.com/cb",
        "http://localhost:51004/cb",
        "http://[::1]:5/cb",
        "http://127.0.0.2:51004/cb",
        "http://127.1:51004/cb",
        "http://0x7f.0.0.1:51004/cb",
        "http://2130706433:51004/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:123456/cb",
        "http://127.0.0.1:-1/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:8O/cb",
        "http://127.0.0.1: 80/cb",
        "http://127.0.0.1:80:81/cb",
        "http://127.0.0.1:80@evil.com/cb",
        "http://127.0.0.1@evil.com:80/cb",
        "http://evil.com\\@127.0.0.1:80/cb",
        "http://user@127.0.0.1:80/cb",
        "http://evil.com#@127.0.0.1:80/cb",
        "http://127.0.0.1:80#/cb",
        "http://127.0.0.1:80\\cb",
        "https://127.0.0.1:51004/cb",
        "HTTP://127.0.0.1:51004/cb",
        "http:/127.0.0.1:51004/cb",
        "http://:80/cb",
        "http://",
        "http://:",
    ];
    assert_none_chosen("http://127.0.0.1/cb", Native, &refused);
    assert_none_chosen(
        "http://[::1]/cb",
        Native,
        &["http://[::1]:/cb", "http://[::1]:0/cb", "http://[::1/cb", "http://::1:5/cb"],
    );
}

#[test]
fn a05_a_web_client_and_https_get_no_free_port() {
    assert_none_chosen("http://localhost:3000/cb", Web, &["http://localhost:3001/cb", "http://localhost/cb"]);
    assert_none_chosen("https://127.0.0.1/cb", Native, &["https://127.0.0.1:5/cb"]);
    assert_none_chosen("https://app.example/cb", Native, &["https://app.example:5/cb"]);
    assert_eq!(RedirectUri::parse("http://localhost/cb", Web), Err(RedirectUriError::LoopbackWithoutPort));
}

#[test]
fn a06_dangerous_schemes_are_refused_at_registration_and_request() {
    let dangerous = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "\tjavascript:alert(1)",
        "java\nscript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://app.example/x",
        "file:///etc/passwd",
        "ftp://app.example/cb",
        "ws://app.example/cb",
        "about:blank",
        "intent://app#Intent;end",
        "myapp:/cb",
        "myapp://cb",
        "http://app.example/cb",
        "http://192.168.0.1:80/cb",
        "http://0.0.0.0:80/cb",
        "http://127.0.0.2:80/cb",
        "http://127.1:8080/cb",
        "http://localhost.:80/cb",
        "http://[::ffff:127.0.0.1]:80/cb",
        "http://sub.localhost:3000/cb",
    ];
    for text in dangerous {
        for kind in [Web, Native] {
            assert!(RedirectUri::parse(text, kind).is_err(), "{text}");
        }
    }
    assert_none_chosen("https://app.example/cb", Native, &dangerous);
    assert_eq!(RedirectUri::parse("http://app.example/cb", Web), Err(RedirectUriError::PlainHttp));
    assert_eq!(RedirectUri::parse("com.example.app:/cb", Web), Err(RedirectUriError::Scheme));
    assert_eq!(RedirectUri::parse("myapp:/cb", Native), Err(RedirectUriError::Scheme));
}

#[test]
fn a07_fragments_are_refused_at_registration_and_request() {
    for text in ["https://app.example/cb#", "https://app.example/cb#x", "com.example.app:/cb#", "http://127.0.0.1/cb#x"]
    {
        assert_eq!(RedirectUri::parse(text, Native), Err(RedirectUriError::Fragment), "{text}");
    }
    assert_none_chosen("https://app.example/cb", Web, &["https://app.example/cb#", "https://app.example/cb#x"]);
    assert_none_chosen("http://127.0.0.1/cb", Native, &["http://127.0.0.1/cb#", "http://127.0.0.1:5/cb#x"]);
}

#[test]
fn what_a_browser_would_rewrite_is_refused_at_registration() {
    for text in [
        "",
        "cb",
        "/cb",
        "//app.example/cb",
        "https:",
        "https://",
        "https://app example/cb",
        "https://app.example/a b",
        "https://app.example/\"",
        "https://app.example/<x>",
        "https://app.example/{x}",
        "https://b\u{fc}cher.example/cb",
        "https://app.example:99999/cb",
        &format!("https://app.example/{}", "a".repeat(2000)),
    ] {
        assert_eq!(RedirectUri::parse(text, Web), Err(RedirectUriError::Shape), "{text:.60}");
    }
    for text in [
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:/cb",
        "https://app.example/a/../cb",
        "https://app.example/a/%2e%2e/cb",
        "https://app.example/./cb",
        "https://app.example?x=1",
        "https:app.example/cb",
        "https:///app.example/cb",
        "https://0x7f.1/cb",
        "https://[2001:DB8::1]/cb",
        "http://LOCALHOST:3000/cb",
    ] {
        assert_eq!(RedirectUri::parse(text, Web), Err(RedirectUriError::NotNormal), "{text}");
    }
}

#[test]
fn without_a_request_the_only_registered_uri_is_chosen() {
    assert_eq!(choose(&["https://a.example/cb"], Web, None), Ok("https://a.example/cb".to_owned()));
    assert_eq!(choose(&[], Web, None), Err(ChooseError::Missing));
    assert_eq!(choose(&["https://a.example/1", "https://a.example/2"], Web, None), Err(ChooseError::Missing));
    assert_eq!(choose(&[], Web, Some("https://a.example/1")), Err(ChooseError::NotRegistered));
}

#[test]
fn pages_show_the_host_and_csp_names_what_it_can() {
    let cases = [
        ("https://app.example/cb", "app.example", "https://app.example"),
        ("https://app.example:8443/cb", "app.example", "https://app.example:8443"),
        ("http://127.0.0.1:51004/cb", "127.0.0.1", "http://127.0.0.1:51004"),
        ("http://localhost:51004/cb", "localhost", "http://localhost:51004"),
        ("http://[::1]:51004/cb", "[::1]", "http:"),
        ("https://192.0.2.7/cb", "192.0.2.7", "https:"),
        ("com.example.app:/cb", "com.example.app:", "com.example.app:"),
    ];
    for (text, host, form_action) in cases {
        let chosen = RegisteredRedirectUri::choose(&[uri(text, Native)], Native, None).unwrap();
        assert_eq!((chosen.shown_host().as_str(), chosen.form_action().as_str()), (host, form_action), "{text}");
    }
}

#[test]
fn the_origin_is_that_of_a_web_page_or_none() {
    let origin = |text: &str| uri(text, Native).origin();
    assert_eq!(origin("https://app.example/cb").as_deref(), Some("https://app.example"));
    assert_eq!(origin("http://localhost:3000/cb").as_deref(), Some("http://localhost:3000"));
    assert_eq!(origin("com.example.app:/cb"), None);
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>(), ascii in "[ -~]{0,60}") {
        for text in [&text, &ascii] {
            for kind in [Web, Native] {
                let registered = RedirectUri::parse(text, kind);
                if let Ok(uri) = &registered {
                    prop_assert_eq!(uri.as_str(), text);
                    let _ = uri.origin();
                }
                let list: Vec<RedirectUri> = registered.into_iter().collect();
                let _ = RegisteredRedirectUri::choose(&list, kind, Some(text)).map(|uri| (uri.shown_host(), uri.form_action()));
            }
        }
    }

    #[test]
    fn a_request_that_is_not_a_registered_text_is_never_chosen_for_a_web_client(tail in "[ -~]{1,20}") {
        let text = format!("https://app.example/cb{tail}");
        prop_assert!(choose(&["https://app.example/cb"], Web, Some(&text)).is_err());
    }

    #[test]
    fn whatever_is_chosen_for_a_native_client_stays_on_loopback(tail in "[-:.@#/?\\\\a-z0-9\\[\\]]{0,20}") {
        let text = format!("http://127.0.0.1{tail}");
        if choose(&["http://127.0.0.1/cb"], Native, Some(&text)).is_ok() {
            let url = url::Url::parse(&text).unwrap();
            prop_assert_eq!((url.host_str(), url.path(), url.query()), (Some("127.0.0.1"), "/cb", None));
            prop_assert!(url.username().is_empty());
        }
    }
}
