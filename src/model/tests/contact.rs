//! Normal forms of phone numbers and postal addresses.

use proptest::prelude::*;

use crate::model::contact::{Address, PhoneNumber};
use crate::protocol::id_token::AddressClaim;

#[test]
fn a_phone_number_is_e_164_however_it_is_written() {
    let of = |text| PhoneNumber::parse(text).map(|number| number.to_string());
    for text in ["+1 (604) 555-1234", "+16045551234", " +1.604.555/1234\u{a0}"] {
        assert_eq!(of(text).as_deref(), Some("+16045551234"), "{text}");
    }
    assert_eq!(of("+1 (604) 555-1234;ext=5678").as_deref(), Some("+16045551234;ext=5678"));
    for bad in [
        "",
        "+",
        "6045551234",
        "+0441234567",
        "+12345",
        "+1234567890123456",
        "+1604555123a",
        "+1;ext=5678",
        "++16045551234",
        "+16045551234;ext=",
        "+16045551234;ext=x",
        "+16045551234;ext=12345678901",
        "+16045551234;phone-context=x",
        "+١٦٠٤٥٥٥١٢٣٤",
    ] {
        assert_eq!(of(bad), None, "{bad}");
    }
}

#[test]
fn an_address_has_a_part_and_lines_only_where_lines_may_be() {
    let text = |text: &str| Some(text.to_owned());
    let parse = |parts| Address::parse(parts).map(|address| address.map(|address| address.parts().clone()));
    let empty = AddressClaim { locality: text("  "), formatted: text(""), ..AddressClaim::default() };
    assert_eq!(parse(empty), Ok(None));
    let lines =
        AddressClaim { formatted: text(" Weg 1\r\n12345 Köln "), country: text("DE"), ..AddressClaim::default() };
    let read = AddressClaim { formatted: text("Weg 1\n12345 Köln"), country: text("DE"), ..AddressClaim::default() };
    assert_eq!(parse(lines), Ok(Some(read)));
    assert_eq!(parse(AddressClaim { locality: text("a\nb"), ..AddressClaim::default() }), Err("locality"));
    assert_eq!(parse(AddressClaim { formatted: text("a\u{1b}[1m"), ..AddressClaim::default() }), Err("formatted"));
    assert_eq!(parse(AddressClaim { region: Some("x".repeat(401)), ..AddressClaim::default() }), Err("region"));
}

proptest! {
    #[test]
    fn a_normal_form_is_its_own_normal_form(number in "\\+?[0-9 ()./-]{0,20}(;ext=[0-9]{0,3})?", part in any::<String>()) {
        if let Some(number) = PhoneNumber::parse(&number) {
            prop_assert_eq!(PhoneNumber::parse(number.as_str()), Some(number.clone()));
        }
        let parts = AddressClaim { street_address: Some(part.clone()), country: Some(part), ..AddressClaim::default() };
        if let Ok(Some(address)) = Address::parse(parts) {
            prop_assert_eq!(Address::parse(address.parts().clone()), Ok(Some(address.clone())));
        }
    }
}
