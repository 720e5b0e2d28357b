//! What the readers look for, as a schema and as what is in force.

use serde_json::{Value as Json, json};

use super::*;

/// Each key with its schema, tables in lists included: `clients.scope`, `apis.scopes.name`.
fn keys(schema: &Json, prefix: &str, all: &mut Vec<(String, Json)>) {
    for (key, property) in schema["properties"].as_object().unwrap() {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let inner = if property.get("properties").is_some() { property } else { &property["items"] };
        if inner.get("properties").is_some() {
            keys(inner, &name, all);
        }
        all.push((name, property.clone()));
    }
}

fn every_key() -> Vec<(String, Json)> {
    let mut all = Vec::new();
    keys(&schema(), "", &mut all);
    all
}

#[test]
fn the_schema_has_exactly_the_keys_that_are_read() {
    let mut reader = Reader::probing(&|_| None);
    let _ = read(Table::default(), Path::new("."), &mut reader);
    let mut in_schema: Vec<String> = every_key().into_iter().map(|(name, _)| name).collect();
    in_schema.sort();
    let read: Vec<String> = reader.known().iter().cloned().collect();
    assert_eq!(in_schema, read);
    assert!(read.len() > 70, "{}", read.len());
}

/// Something that the schema of a key allows, as TOML.
fn example(property: &Json) -> String {
    if let Some(one) = property.get("const").or_else(|| property["enum"].get(0)) {
        return one.to_string();
    }
    if let Some(first) = property["anyOf"].get(0) {
        return example(first);
    }
    match property["type"].as_str() {
        Some("integer") => property["minimum"].to_string(),
        Some("boolean") => "true".to_owned(),
        Some("array") => "[{}]".to_owned(),
        Some("object") => "{}".to_owned(),
        _ => "\"x\"".to_owned(),
    }
}

#[test]
fn every_key_of_the_schema_is_known_and_takes_what_it_says() {
    for (name, property) in every_key() {
        let value = example(&property);
        let text = match name.split('.').collect::<Vec<_>>().as_slice() {
            ["apis", "scopes", key] => format!("apis = [{{ scopes = [{{ {key} = {value} }}] }}]"),
            ["providers", part, key] => format!("providers = [{{ {part} = {{ {key} = {value} }} }}]"),
            [table @ ("clients" | "apis" | "roles" | "providers"), key] => format!("{table} = [{{ {key} = {value} }}]"),
            [table, key] => format!("{table}.{key} = {value}"),
            _ => format!("{name} = {value}"),
        };
        let faults = load(Folder::new(&[("a.toml", &text)]).path(), &env).unwrap_err();
        for told in told(&faults) {
            let unknown = told.contains("is not a key of") || told.contains("is not supported in this version");
            assert!(!unknown && !told.contains(", but is"), "{text}: {told}");
        }
    }
}

#[test]
fn every_key_of_the_schema_has_a_sentence_of_the_reference() {
    for (name, property) in every_key() {
        // These stand in the sentence of the table that they are in.
        let parts = ["apis.scopes.", "providers.claims.", "providers.roles."];
        let told_elsewhere = parts.iter().any(|part| name.starts_with(part));
        let sentence = property["description"].as_str().unwrap_or_default();
        let is_table = matches!(property["type"].as_str(), Some("object" | "array"));
        assert!(told_elsewhere || is_table || sentence.len() > 5, "{name}: {property}");
    }
    let schema = schema();
    assert_eq!(schema["properties"]["lifetimes"]["properties"]["code"]["default"], "1m");
    assert_eq!(schema["properties"]["roles"]["items"]["required"], json!(["name"]));
    assert!(schema["properties"]["server"].get("required").is_none(), "an issuer may stand in another file");
    assert!(schema["properties"]["passwords"]["properties"]["threads"].get("default").is_none(), "of this machine");
}

/// The schema is the same wherever it is made, and so are the defaults that it tells.
#[test]
fn every_key_of_a_table_of_its_own_has_a_default_or_none_can_be() {
    let without = [
        "server.issuer",
        "server.admin_listen",
        "database.url_file",
        "redis.url",
        "redis.url_file",
        "redis.ca_file",
        "keys.encryption_key",
        "keys.encryption_key_file",
        "passwords.threads",
        "passwords.queue",
    ];
    let is_list = |name: &str| ["clients", "apis", "roles", "providers"].iter().any(|list| name.starts_with(list));
    for (name, property) in every_key().into_iter().filter(|(name, _)| name.contains('.') && !is_list(name)) {
        assert_eq!(property.get("default").is_none(), without.contains(&name.as_str()), "{name}");
    }
}

const CLIENT: &str = "[[clients]]\nclient_id = \"c\"\ngrant_types = [\"client_credentials\"]\nscope = \"\"\n";

fn shown(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Vec<Shown> {
    let with = |name: &str| {
        let set = variables.iter().find(|(variable, _)| *variable == name);
        set.map(|(_, value)| (*value).to_owned()).or_else(|| env(name))
    };
    show(Folder::new(files).path(), &with).unwrap_or_else(|faults| panic!("{faults}"))
}

#[track_caller]
fn of<'s>(shown: &'s [Shown], table: &str, key: &str) -> &'s Shown {
    shown.iter().find(|one| one.table == table && one.key == key).unwrap_or_else(|| panic!("{table}.{key}"))
}

#[test]
fn each_value_says_where_it_comes_from() {
    let log = "[log]\nlevel = \"warn\"\nformat = \"json\"\n";
    let shown = shown(&[("a.toml", HEAD), ("b.toml", log)], &[("VESTIBULE__LOG__LEVEL", "debug")]);
    let level = of(&shown, "log", "level");
    assert_eq!(level.value, Some("debug".into()));
    assert_eq!(level.origin, Origin::Environment("VESTIBULE__LOG__LEVEL".to_owned()));
    assert!(level.instead_of.as_ref().unwrap().ends_with("b.toml:2"), "{level:?}");
    let format = of(&shown, "log", "format");
    assert!(matches!(&format.origin, Origin::File { file, line: 3 } if file.ends_with("b.toml")), "{format:?}");
    let code = of(&shown, "lifetimes", "code");
    assert_eq!((&code.value, &code.origin), (&Some("1m".into()), &Origin::Default));
    assert_eq!(of(&shown, "server", "admin_listen").value, None);
    assert!(of(&shown, "passwords", "threads").value.is_some(), "here it is known");
}

#[test]
fn no_secret_is_shown_wherever_it_comes_from() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";
    let hash = crate::protocol::opaque::TokenHash::of(secret.as_bytes()).to_hex();
    let more = "[redis]\nurl = { env = \"REDIS\" }\n";
    let clients = format!("{CLIENT}client_secret_hash = [\"sha256:{hash}\"]\n");
    let shown = shown(
        &[("a.toml", HEAD), ("b.toml", more), ("c.toml", &clients)],
        &[
            ("REDIS", "redis://:hunter2@h/0"),
            ("VESTIBULE__KEYS__ENCRYPTION_KEY", KEY),
            ("VESTIBULE__DATABASE__URL", "postgres://v:hunter3@db/v?sslmode=require&password=hunter4"),
        ],
    );
    let text = format!("{shown:?}");
    for word in ["hunter", KEY, &hash, secret] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!(
        of(&shown, "database", "url").value,
        Some("postgres://v:********@db/v?sslmode=require&password=********".into())
    );
    assert_eq!(of(&shown, "redis", "url").value.as_ref().unwrap()["env"].as_str(), Some("REDIS"));
    assert_eq!(of(&shown, "keys", "encryption_key").value, Some("********".into()));
    let hashes = of(&shown, "clients", "client_secret_hash");
    assert_eq!(hashes.value.as_ref().unwrap()[0].as_str(), Some("sha256:********"));
}

#[test]
fn a_file_that_gives_way_to_the_environment_is_told() {
    let folder =
        [("a.toml", "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key_file = \"gone\"\n")];
    let shown = shown(&folder, &[("VESTIBULE__KEYS__ENCRYPTION_KEY", KEY)]);
    let key = of(&shown, "keys", "encryption_key");
    assert!(key.instead_of.as_ref().unwrap().ends_with("a.toml:4"), "{key:?}");
    assert!(!shown.iter().any(|one| one.key == "encryption_key_file"), "it is not used");
}

#[test]
fn a_default_is_not_in_force_beside_a_file() {
    let files = [("a.toml", HEAD), ("b.toml", "[database]\nurl_file = \"url\"\n"), ("url", "sqlite:///data\n")];
    let shown = shown(&files, &[]);
    assert_eq!(of(&shown, "database", "url_file").value, Some("url".into()));
    assert!(!shown.iter().any(|one| one.table == "database" && one.key == "url"));
}

#[test]
fn certificates_for_redis_are_read_and_only_for_tls() {
    let pem = "-----BEGIN CERTIFICATE-----\nAAECAw==\n-----END CERTIFICATE-----\n";
    let with = |url: &str, file: &str| {
        let toml = format!("[redis]\nurl = \"{url}\"\nca_file = \"ca.pem\"\n");
        load(Folder::new(&[("a.toml", HEAD), ("b.toml", &toml), (file, pem)]).path(), &env)
    };
    assert_eq!(with("rediss://h", "ca.pem").unwrap().redis.unwrap().ca, Some(pem.as_bytes().to_vec()));
    for (url, file, expected) in [("redis://h", "ca.pem", "is for TLS"), ("rediss://h", "other.pem", "cannot be read")]
    {
        let told = told(&with(url, file).unwrap_err());
        assert!(told.len() == 1 && told[0].starts_with("b.toml:3:11") && told[0].contains(expected), "{told:?}");
    }
    let empty = Folder::new(&[("a.toml", HEAD), ("b.toml", "[redis]\nurl = \"rediss://h\"\nca_file = \"a.toml\"\n")]);
    assert!(load(empty.path(), &env).unwrap_err().to_string().contains("no certificate"));
}

#[test]
fn fields_to_redact_are_names_and_not_those_that_every_line_needs() {
    assert_eq!(serve("[log]\nredact = [\"email\", \"user_id\"]").unwrap().log.redact, ["email", "user_id"]);
    for wrong in ["e-mail", "", "Address", "message", "level"] {
        assert!(serve(&format!("[log]\nredact = [\"{wrong}\"]")).is_err(), "{wrong}");
    }
}

#[test]
fn tables_of_a_list_are_counted() {
    let clients = format!("{CLIENT}client_secret_hash = \"sha256:{}\"\n", "0123456789abcdef".repeat(4));
    let second = clients.replace("\"c\"", "\"d\"");
    let shown = shown(&[("a.toml", HEAD), ("c.toml", &clients), ("d.toml", &second)], &[]);
    let ids: Vec<_> =
        shown.iter().filter(|one| one.key == "client_id").map(|one| (one.index, one.value.clone())).collect();
    assert_eq!(ids, [(Some(0), Some("c".into())), (Some(1), Some("d".into()))]);
    let default = of(&shown, "clients", "pkce");
    assert_eq!((default.value.clone(), &default.origin), (Some("required".into()), &Origin::Default));
}

#[test]
fn what_is_wrong_is_told_instead() {
    let faults = show(Folder::new(&[("a.toml", HEAD), ("b.toml", "[log]\nlevl = 1\n")]).path(), &env).unwrap_err();
    assert_eq!(faults.len(), 1);
}
