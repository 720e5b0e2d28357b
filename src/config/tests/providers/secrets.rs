//! Secrets and keys: which are taken, and that none is shown.

use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
use secrecy::ExposeSecret as _;

use super::*;
use crate::model::provider::UpstreamSecret;

#[test]
fn apple_has_a_key_and_answers_in_a_form_where_it_is_asked_for_more() {
    let key = key();
    for lines in ["key_file = \"key.p8\"", "key = { env = \"APPLE_KEY\" }"] {
        let text = format!("{APPLE}{lines}\n");
        let provider = found(apple(&text, &key), &text, "apple");
        let Some(UpstreamSecret::Apple { team_id, key_id, key: read }) = &provider.secret else { panic!("{lines}") };
        assert_eq!(
            (team_id.as_str(), key_id.as_str(), read.expose_secret()),
            ("ABCDE12345", "FGHIJ67890", key.trim_end())
        );
        assert_eq!(provider.scopes, ["openid", "name", "email"]);
        assert!(!format!("{provider:?}").contains(&key[60..80]));
    }
    for (scopes, form_post) in [("openid name", true), ("openid email", true), ("name", true), ("openid", false)] {
        let text = format!("{APPLE}key_file = \"key.p8\"\nscopes = \"{scopes}\"\n");
        let provider = found(apple(&text, &key), &text, "apple");
        let Protocol::OpenId { issuer, form_post: is } = &provider.protocol else { panic!("{provider:?}") };
        assert_eq!((issuer, *is), (&exact("https://appleid.apple.com"), form_post), "{scopes}");
    }
}

#[test]
fn a_wrong_key_is_told_when_it_is_read() {
    let good = key();
    let other = pem(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap().as_ref());
    let certificate = "-----BEGIN CERTIFICATE-----\nAAECAw==\n-----END CERTIFICATE-----\n".to_owned();
    for (key, message) in [
        (other, "not one of ES256"),
        (certificate, "holds no private key in PKCS#8"),
        (good.replace("PRIVATE KEY", "EC PRIVATE KEY"), "holds no private key in PKCS#8"),
        (good.replace("-----END PRIVATE KEY-----", ""), "holds no whole private key"),
        (good.replace('M', "!"), "damaged"),
        (good.replace("KEY-----\nMI", "KEY-----\nMA"), "not one of ES256"),
        ("hunter2hunter2".to_owned(), "holds no private key in PKCS#8"),
    ] {
        let faults = apple(&format!("{APPLE}key_file = \"key.p8\"\n"), &key).unwrap_err();
        let told = told(&faults);
        assert!(told.len() == 1 && told[0].starts_with("b.toml:6:12 `key`") && told[0].contains(message), "{told:?}");
        assert!(told[0].contains("AuthKey_"), "{told:?}");
        assert!(!faults.render(false).contains("hunter2"), "{}", faults.render(false));
    }
    let faults = apple(&format!("{APPLE}key_file = \"gone.p8\"\n"), "").unwrap_err();
    assert!(faults.len() == 1 && faults.to_string().contains("cannot be read"), "{faults}");
}

#[test]
fn a_secret_is_there_is_one_and_is_never_shown() {
    for (id, lines, place, message, help) in [
        ("google", "", "1:1", "[[providers]] has no `client_secret`", "client_secret_file"),
        ("google", "client_secret = \"GOCSPX-hunter2hunter2\"", "4:17", "shows the secret", "make a new one"),
        ("google", "client_secret = { env = \"UNSET\" }", "4:25", "variable UNSET is not set", "set UNSET"),
        ("google", "client_secret_file = \"gone\"", "4:22", "cannot be read", "relative to the file"),
        ("google", "client_secret = { env = \"SHORT\" }", "4:25", "has white space in it", "the secret alone"),
        ("google", "client_secret = { env = \"PLACEHOLDER\" }", "4:25", "is a placeholder", "the provider shows"),
        ("google", "client_secret = [{ env = \"KEY\" }, { env = \"SHORT\" }]", "4:43", "takes one secret", "keep"),
        ("google", "client_secret_hash = \"sha256:00\"", "4:1", "`client_secret_hash` is not a key", "did you mean"),
        (
            "google",
            "client_secret_hash = \"sha256:00\"\nclient_secret = { env = \"KEY\" }",
            "4:1",
            "`client_secret_hash` is not a key",
            "",
        ),
        (
            "google",
            "key_file = \"x\"\nclient_secret = { env = \"KEY\" }",
            "4:1",
            "`key_file` is not a key of preset",
            "apple",
        ),
    ] {
        let with = |text: &str| {
            let env = |name: &str| if name == "PLACEHOLDER" { Some("ChangeMe".to_owned()) } else { env(name) };
            load(Folder::new(&[("a.toml", HEAD), ("b.toml", text)]).path(), &env)
        };
        let text = format!("[[providers]]\nid = \"{id}\"\nclient_id = \"v\"\n{lines}\n");
        let faults = with(&text).unwrap_err();
        let all = told(&faults);
        let fits = |line: &&String| {
            line.starts_with(&format!("b.toml:{place} ")) && line.contains(message) && line.contains(help)
        };
        // Where nothing else says what the secret is, that is told as well.
        let many = lines.starts_with("client_secret_hash") && !lines.contains("env");
        assert!(all.iter().any(|line| fits(&line)) && all.len() == 1 + usize::from(many), "{text}\n{all:#?}");
        let shown = format!("{}{faults}{}", faults.render(false), faults.to_json());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let text = "[[providers]]\nid = \"google\"\nclient_id = \"v\"\nclient_secret = \"dev\"\n";
    assert!(dev(text).is_ok(), "on a development server it may stand in the open");
    let apple = format!("{APPLE}client_secret = {{ env = \"KEY\" }}\nkey_file = \"key.p8\"\n");
    let told = told(&super::apple(&apple, "").unwrap_err());
    assert!(told[0].contains("`client_secret` is not a key of preset = \"apple\" | Apple knows no secret"), "{told:?}");
}

#[test]
fn neither_secret_is_among_what_is_shown() {
    let key = key();
    let text =
        format!("{APPLE}key_file = \"key.p8\"\n[[providers]]\nid = \"google\"\n{SECRET}claims = {{ name = \"n\" }}\n");
    let folder = Folder::new(&[("a.toml", HEAD), ("b.toml", &text), ("key.p8", &key)]);
    let shown = show(folder.path(), &env).unwrap_or_else(|faults| panic!("{faults}"));
    let told = format!("{shown:?}");
    assert!(!told.contains(KEY) && !told.contains(&key[40..80]), "{told}");
    let of = |index: usize, key: &str| {
        let found = shown.iter().find(|one| one.table == "providers" && one.index == Some(index) && one.key == key);
        found.and_then(|one| one.value.clone())
    };
    assert_eq!(of(0, "key_file"), Some("key.p8".into()));
    assert_eq!(of(1, "client_secret").unwrap()["env"].as_str(), Some("KEY"));
    assert_eq!(of(1, "claims").unwrap()["name"].as_str(), Some("n"));
    assert_eq!(of(1, "create"), Some("always".into()));
    assert_eq!(of(1, "store_tokens"), Some(false.into()));
    assert!(!shown.iter().any(|one| one.table.contains('.')), "what a table of an entry holds is its value");
}
