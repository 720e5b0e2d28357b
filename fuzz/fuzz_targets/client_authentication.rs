//! Client authentication: nobody is proven who did not show a registered secret, and whatever a client is
//! named, Basic credentials that are encoded as RFC 6749 2.3.1 says come out as they went in.
//!
//! Lines: the Authorization header (empty: none; `raw:ID:SECRET`: Basic with these bytes), the form.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;
use vestibule::protocol::client_auth::{Method, UnverifiedClient};
use vestibule::protocol::error::ErrorCode;
use vestibule::protocol::params::Params;
use vestibule_fuzz::{SECRETS, WORLD, check_error};

fuzz_target!(|data: &[u8]| {
    let (header, form) = data.iter().position(|byte| *byte == b'\n').map_or((data, &b""[..]), |at| data.split_at(at));
    let Ok(params) = Params::parse(form.strip_prefix(b"\n").unwrap_or(form)) else { return };
    let raw = header.strip_prefix(b"raw:");
    if let Some((id, secret)) = raw.and_then(|raw| std::str::from_utf8(raw).ok()?.split_once(':')) {
        survives_encoding(id, secret);
    }
    let header = raw.map_or_else(|| header.to_vec(), |raw| format!("Basic {}", STANDARD.encode(raw)).into_bytes());
    let header = Some(header.as_slice()).filter(|header| !header.is_empty());
    let client = match UnverifiedClient::read(header, &params) {
        Ok(client) => client,
        Err(error) => return check_error(&error, &[ErrorCode::InvalidClient, ErrorCode::InvalidRequest]),
    };
    check(&client, header.is_some(), &params);
    match WORLD.registry.authenticate(&client) {
        Err(error) => check_error(&error, &[ErrorCode::InvalidClient]),
        Ok(proven) => {
            assert!(client.candidates.iter().any(|one| one.client_id == proven.client_id.as_str()));
            let shown = client.candidates.iter().filter_map(|one| one.secret.as_ref());
            let right = shown.filter(|secret| SECRETS.contains(&secret.expose_secret())).count() > 0;
            assert_eq!(right, !proven.is_public(), "{}", proven.client_id);
            assert_eq!(proven.is_public(), client.method == Method::None);
        }
    }
});

fn check(client: &UnverifiedClient, with_header: bool, params: &Params) {
    assert!((1..=2).contains(&client.candidates.len()));
    let secrets = || client.candidates.iter().filter_map(|one| one.secret.as_ref());
    assert!(secrets().all(|secret| !secret.expose_secret().is_empty()));
    assert_eq!(secrets().count() == 0, client.method == Method::None);
    assert!(with_header || client.method != Method::Basic);
    if let Some(named) = params.get("client_id") {
        assert!(client.candidates.iter().any(|one| one.client_id == named));
    }
    if let Some(secret) = params.get("client_secret") {
        assert_eq!(client.method, Method::Post);
        assert!(secrets().all(|one| one.expose_secret() == secret));
    }
}

fn survives_encoding(id: &str, secret: &str) {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let header = format!("bAsIc {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))));
    if header.len() <= 4096 {
        let read = UnverifiedClient::read(Some(header.as_bytes()), &Params::default());
        // An empty name and secret name nobody, as Swagger UI sends them.
        if id.is_empty() && secret.is_empty() {
            return check_error(&read.unwrap_err(), &[ErrorCode::InvalidClient]);
        }
        let client = read.unwrap();
        let first = client.candidates.first().unwrap();
        assert_eq!(first.client_id, id);
        assert_eq!(first.secret.as_ref().map_or("", |secret| secret.expose_secret()), secret);
    }
}
