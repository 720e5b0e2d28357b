//! No text brings the reader down.

use proptest::prelude::*;

use super::*;

/// Pieces that a configuration is made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "[server]",
        "[[clients]]",
        "[[apis]]",
        "[[roles]]",
        "[[providers]]",
        "[providers.claims]",
        "preset = \"auth0\"\n",
        "preset = \"github\"\n",
        "domain",
        "tenant",
        "roles",
        "base_url",
        "[keys]",
        "[lifetimes]",
        "[a.b]",
        "[[clients.x]]",
        "issuer",
        "scope",
        "scopes",
        "client_id",
        "redirect_uris",
        "client_secret",
        "encryption_key",
        "code",
        "name",
        " = ",
        "=",
        "\"",
        "'''",
        "\"\"\"",
        "\"openid a:b\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "\r\n",
        ".",
        "#",
        "1",
        "-7",
        "1e9",
        "true",
        "0x_",
        "1979-05-27",
        "{ env = \"X\" }",
        "ü",
        "\u{0}",
        "\\u",
        "https://a.example",
        "sha256:",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

fn survives(text: &str) {
    let mut reader = Reader::new(&|name| (name == "X").then(|| "x".to_owned()), false);
    let source = reader.sources.add_file(Path::new("a.toml"), text);
    let mut root = Table::default();
    let table = document::parse(source, &mut reader);
    root.absorb(table, &mut reader);
    let _ = read(root, Path::new("config"), &mut reader);
    let faults = Faults::new(reader.sources, reader.faults);
    let shown = faults.render(false);
    assert!(!shown.contains("Failed to read contents"), "{text:?}\n{shown}");
    assert_eq!(faults.to_json().as_array().unwrap().len(), faults.len());
    let _ = faults.to_string();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_gives_faults_and_no_panic(text in ".{0,200}") {
        survives(&text);
    }

    #[test]
    fn almost_configuration_gives_faults_and_no_panic(text in pieces()) {
        survives(&text);
    }

    #[test]
    fn any_override_gives_faults_and_no_panic(text in ".{0,40}") {
        let with = |name: &str| name.starts_with("VESTIBULE__").then(|| text.clone());
        if let Err(faults) = load_dev(None, &settings(), &with) {
            let _ = faults.render(true);
        }
    }
}
