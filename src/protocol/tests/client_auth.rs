//! RFC 6749 2.3.1: reading client credentials; threats.md D02, D03, D08.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::{params, refused};
use crate::protocol::client_auth::{Method, UnverifiedClient};
use crate::protocol::error::ErrorCode;

fn basic(credentials: impl AsRef<[u8]>) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(credentials)).into_bytes()
}

/// The method and each reading as (id, secret).
type Reading = (Method, Vec<(String, Option<String>)>);

fn read(header: Option<&[u8]>, form: &[(&str, &str)]) -> Result<Reading, (ErrorCode, String)> {
    match UnverifiedClient::read(header, &params(form)) {
        Ok(read) => {
            let secret = |secret: secrecy::SecretString| secret.expose_secret().to_owned();
            Ok((read.method, read.candidates.into_iter().map(|one| (one.client_id, one.secret.map(secret))).collect()))
        }
        Err(error) => Err((error.code(), error.description().to_owned())),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what `read` gives, so that a test is one comparison")]
fn one(method: Method, id: &str, secret: Option<&str>) -> Result<Reading, (ErrorCode, String)> {
    Ok((method, vec![(id.to_owned(), secret.map(str::to_owned))]))
}

#[test]
fn credentials_are_read_from_basic_or_form() {
    assert_eq!(read(Some(&basic("web:s3cret")), &[]), one(Method::Basic, "web", Some("s3cret")));
    assert_eq!(read(Some(&basic("web:s:c:t")), &[]), one(Method::Basic, "web", Some("s:c:t")));
    assert_eq!(read(None, &[("client_id", "web"), ("client_secret", "s")]), one(Method::Post, "web", Some("s")));
    assert_eq!(read(None, &[("client_id", "spa")]), one(Method::None, "spa", None));
    let lower = [b"bAsIc ".to_vec(), basic("web:s")[6..].to_vec()].concat();
    assert_eq!(read(Some(&lower), &[]), one(Method::Basic, "web", Some("s")));
}

#[test]
fn basic_is_read_form_decoded_and_then_raw() {
    let two = |first: (&str, &str), second: (&str, &str)| {
        let owned = |(id, secret): (&str, &str)| (id.to_owned(), Some(secret.to_owned()));
        Ok((Method::Basic, vec![owned(first), owned(second)]))
    };
    assert_eq!(read(Some(&basic("a%2Eb:s%20t")), &[]), two(("a.b", "s t"), ("a%2Eb", "s%20t")));
    assert_eq!(read(Some(&basic("web:s+t")), &[]), two(("web", "s t"), ("web", "s+t")));
    assert_eq!(read(Some(&basic("web:100%")), &[]), one(Method::Basic, "web", Some("100%")));
    assert_eq!(read(Some(&basic("web:%ff")), &[]), one(Method::Basic, "web", Some("%ff")));
}

#[test]
fn d02_an_empty_secret_only_names_the_client() {
    assert_eq!(read(Some(&basic("spa:")), &[]), one(Method::None, "spa", None));
    assert_eq!(read(Some(&basic("spa:")), &[("client_id", "spa")]), one(Method::None, "spa", None));
    assert_eq!(read(None, &[("client_id", "spa"), ("client_secret", "")]), one(Method::None, "spa", None));
    assert_eq!(read(Some(&basic("web: ")), &[]), one(Method::Basic, "web", Some(" ")));
}

#[test]
fn d03_two_credentials_are_refused() {
    let form = [("client_id", "web"), ("client_secret", "s")];
    assert_eq!(read(Some(&basic("web:s")), &form).unwrap_err().0, ErrorCode::InvalidRequest);
    assert_eq!(read(Some(&basic("web:s")), &form[1..]).unwrap_err().0, ErrorCode::InvalidRequest);
    // The name alone is no second method, unless it is another name.
    assert_eq!(read(Some(&basic("web:s")), &form[..1]), one(Method::Basic, "web", Some("s")));
    assert_eq!(read(Some(&basic("other:s")), &form[..1]).unwrap_err().0, ErrorCode::InvalidRequest);
    assert_eq!(read(Some(&basic("other:")), &form[..1]).unwrap_err().0, ErrorCode::InvalidRequest);
    // Basic that only names the client beside the secret of the form is one credential.
    assert_eq!(read(Some(&basic("web:")), &form), one(Method::Post, "web", Some("s")));
}

#[test]
fn d08_malformed_headers_are_invalid_client() {
    let mut headers: Vec<Vec<u8>> = [
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic d2Vi",
        "Basic d2ViOnM",
        "Bearer abc",
        "Digest username=x",
        "",
        " ",
        "Basic\td2ViOnM=",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    headers.push(basic(b"web:\xff\xfe"));
    headers.push(b"Basic \xff".to_vec());
    headers.push(basic(vec![b'a'; 65_536]));
    for header in headers {
        let result = UnverifiedClient::read(Some(&header), &params(&[]));
        assert_eq!(
            refused(result).0,
            ErrorCode::InvalidClient,
            "{}",
            String::from_utf8_lossy(&header[..header.len().min(40)])
        );
    }
    // A bad escape is only a spelling that no client has.
    assert_eq!(read(Some(&basic("%zz:s")), &[]), one(Method::Basic, "%zz", Some("s")));
}

#[test]
fn a_request_without_a_client_says_what_to_add() {
    let (code, words) = read(None, &[]).unwrap_err();
    assert_eq!(code, ErrorCode::InvalidClient);
    assert!(words.contains("client_id"), "{words}");
    assert_eq!(read(None, &[("client_secret", "s")]).unwrap_err().0, ErrorCode::InvalidClient);
    let assertion = [("client_id", "web"), ("client_assertion", "x")];
    assert!(read(None, &assertion).unwrap_err().1.contains("client_assertion"));
}

#[test]
fn a_secret_is_not_shown() {
    let read = UnverifiedClient::read(Some(&basic("web:s3cret")), &params(&[])).unwrap();
    assert!(!format!("{read:?}").contains("s3cret"));
}

proptest! {
    #[test]
    fn any_header_is_read_without_a_panic(bytes in any::<Vec<u8>>(), inside in any::<Vec<u8>>(), id in any::<String>()) {
        let form = params(&[("client_id", &id.replace('\0', ""))]);
        for header in [bytes, basic(inside)] {
            if let Err(error) = UnverifiedClient::read(Some(&header), &form) {
                prop_assert!(matches!(error.code(), ErrorCode::InvalidClient | ErrorCode::InvalidRequest));
            }
        }
    }

    #[test]
    fn what_a_client_encodes_as_the_rfc_says_is_the_first_reading(id in "[ -~]{1,20}", secret in "[^\0]{1,20}") {
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let header = basic(format!("{}:{}", form(&id), form(&secret)));
        let (_, candidates) = read(Some(&header), &[]).unwrap();
        prop_assert_eq!(&candidates[0], &(id, Some(secret)));
    }
}
