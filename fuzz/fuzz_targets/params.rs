//! Form parameters: what was decoded is what any other decoder reads, and it survives being written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vestibule::protocol::error::ErrorCode;
use vestibule::protocol::params::Params;
use vestibule_fuzz::check_error;

fuzz_target!(|data: &[u8]| {
    let params = match Params::parse(data) {
        Ok(params) => params,
        Err(error) => return check_error(&error, &[ErrorCode::InvalidRequest]),
    };
    let mut names = Vec::new();
    for (name, value) in url::form_urlencoded::parse(data) {
        assert!(!value.contains('\0') && !name.contains(char::is_control));
        if value.is_empty() {
            continue;
        }
        assert!(params.has(&name));
        if name == "resource" {
            assert!(params.all(&name).contains(&value.into_owned()));
        } else {
            assert_eq!(params.get(&name), Some(&*value), "{name}");
            assert!(!names.contains(&name), "{name} stands twice");
            names.push(name);
        }
    }
    let written = params.encode_except(&[]);
    assert_eq!(Params::parse(written.as_bytes()).as_ref(), Ok(&params), "{written}");
    for name in names {
        let without = Params::parse(params.encode_except(&[&name]).as_bytes()).unwrap();
        assert!(!without.has(&name) && params.has(&name));
    }
});
