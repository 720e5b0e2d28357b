//! Reading parameters: RFC 6749 3.1, 3.2 and appendix B.

use proptest::prelude::*;

use super::{params, refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::{Params, decode_form};

fn parse(text: &str) -> Params {
    Params::parse(text.as_bytes()).unwrap()
}

#[test]
fn names_and_values_are_decoded_as_forms() {
    let read = parse("a=1&b+c=x%20y%2Bz&caf%C3%A9=%F0%9F%90%98&=anonymous&flag&&d==&e=%25");
    assert_eq!(read.get("a"), Some("1"));
    assert_eq!(read.get("b c"), Some("x y+z"));
    assert_eq!(read.get("café"), Some("🐘"));
    assert_eq!(read.get("d"), Some("="));
    assert_eq!(read.get("e"), Some("%"));
    assert_eq!(read.get("A"), None);
}

#[test]
fn an_empty_parameter_counts_as_absent() {
    let read = parse("a=&b&c=1&c=&resource=");
    assert!(!read.has("a") && !read.has("b") && !read.has("resource"));
    assert_eq!(read.get("c"), Some("1"));
    assert_eq!(read.all("resource"), Vec::<String>::new());
    assert_eq!(Params::parse(b"").unwrap(), Params::default());
    assert_eq!(Params::parse(b"&&&").unwrap(), Params::default());
}

#[test]
fn a_parameter_that_stands_twice_is_refused_by_name() {
    for text in ["a=1&a=1", "a=1&a=2", "a=1&%61=2", "scope=x&state=1&scope=y"] {
        let (code, words) = refused(Params::parse(text.as_bytes()));
        assert_eq!(code, ErrorCode::InvalidRequest);
        assert!(words.contains(if text.contains("scope") { "scope" } else { "parameter a" }), "{words}");
    }
}

#[test]
fn only_resource_may_repeat() {
    let read = parse("resource=https%3A%2F%2Fa.test&resource=b");
    assert_eq!(read.all("resource"), ["https://a.test", "b"]);
    assert!(read.has("resource"));
    assert_eq!(read.get("resource"), None);
    assert_eq!(read.all("other"), Vec::<String>::new());
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let bad: [&[u8]; 12] = [
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"a=%4g",
        b"a=%+1",
        b"%zz=1",
        b"a=%ff",
        b"a=%C3",
        b"\xff=1",
        b"a=\xc3\x28",
        b"a=x%00y",
        b"a%00=1",
    ];
    for text in bad {
        assert_eq!(refused(Params::parse(text)).0, ErrorCode::InvalidRequest, "{text:?}");
    }
    assert_eq!(refused(Params::parse(b"a%0d%0ab=1")).0, ErrorCode::InvalidRequest);
    // Line breaks in values are the value's own business.
    assert_eq!(parse("a=x%0D%0Ay").get("a"), Some("x\r\ny"));
}

#[test]
fn too_many_parameters_are_refused() {
    let many = |count: usize| (0..count).map(|index| format!("p{index}=1")).collect::<Vec<_>>().join("&");
    assert!(Params::parse(many(200).as_bytes()).is_ok());
    assert_eq!(refused(Params::parse(many(201).as_bytes())).0, ErrorCode::InvalidRequest);
    assert_eq!(refused(Params::parse("resource=a&".repeat(10_000).as_bytes())).0, ErrorCode::InvalidRequest);
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", params(&[("password", "hunter2"), ("resource", "https://secret.test")]));
    assert!(shown.contains("password") && !shown.contains("hunter2") && !shown.contains("secret"), "{shown}");
}

#[test]
fn parameters_can_be_written_again_without_some() {
    let read = params(&[("a", "x y&=%"), ("b", "é"), ("resource", "r1"), ("resource", "r2")]);
    assert_eq!(parse(&read.encode_except(&[])), read);
    let rest = parse(&read.encode_except(&["a", "resource"]));
    assert!(!rest.has("a") && !rest.has("resource") && rest.has("b"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>(), text in "[a-c=&%0-9A-F+]{0,60}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = decode_form(bytes);
            if let Ok(read) = Params::parse(bytes) {
                prop_assert_eq!(Params::parse(read.encode_except(&[]).as_bytes()).unwrap(), read);
            }
        }
    }

    #[test]
    fn what_is_encoded_is_read_back(name in "[a-zé🐘 +%&=]{1,8}", value in "[^\0]{1,40}") {
        let read = params(&[(&name, &value)]);
        prop_assert_eq!(read.get(&name), Some(value.as_str()));
    }
}
