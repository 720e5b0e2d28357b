//! What a running server takes of a new configuration, held against every key there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::documents::known_keys;
use super::*;

/// Two values of each key, none of them the default.
const VALUES: &[(&str, &str, &str)] = &[
    ("server.issuer", "\"https://id.example.com\"", "\"https://other.example.com\""),
    ("server.listen", "\"127.0.0.1:1\"", "\"127.0.0.1:2\""),
    ("server.admin_listen", "\"127.0.0.1:3\"", "\"127.0.0.1:4\""),
    ("server.drain", "\"1s\"", "\"2s\""),
    ("server.shutdown_timeout", "\"1s\"", "\"2s\""),
    ("database.url", "\"postgres://db/one\"", "\"postgres://db/other\""),
    ("database.max_connections", "3", "4"),
    ("database.acquire_timeout", "\"1s\"", "\"3s\""),
    ("database.statement_timeout", "\"1s\"", "\"2s\""),
    ("redis.url", "\"rediss://one\"", "\"rediss://other\""),
    ("redis.ca_file", "\"one.pem\"", "\"other.pem\""),
    ("redis.key_prefix", "\"one:\"", "\"other:\""),
    ("redis.command_timeout", "\"1s\"", "\"2s\""),
    ("redis.connect_timeout", "\"1s\"", "\"3s\""),
    ("keys.encryption_key", "{ env = \"KEY\" }", "{ env = \"OTHER_KEY\" }"),
    ("keys.rotate_every", "\"10d\"", "\"20d\""),
    ("log.format", "\"json\"", "\"pretty\""),
    ("log.level", "\"warn\"", "\"debug\""),
    ("log.redact", "[\"address\"]", "[\"user_id\"]"),
    ("lifetimes.code", "\"30s\"", "\"40s\""),
    ("lifetimes.interaction", "\"10m\"", "\"20m\""),
    ("lifetimes.session_idle", "\"1h\"", "\"2h\""),
    ("lifetimes.session_absolute", "\"3h\"", "\"4h\""),
    ("lifetimes.access_token", "\"1m\"", "\"2m\""),
    ("lifetimes.id_token", "\"1m\"", "\"2m\""),
    ("lifetimes.refresh_idle", "\"1d\"", "\"2d\""),
    ("lifetimes.refresh_absolute", "\"3d\"", "\"4d\""),
    ("lifetimes.refresh_grace", "\"1s\"", "\"2s\""),
    ("limits.body", "2048", "4096"),
    ("limits.query", "2048", "4096"),
    ("limits.connections", "10", "20"),
    ("limits.header_timeout", "\"1s\"", "\"2s\""),
    ("limits.sign_in_failures", "5", "6"),
    ("limits.account_failures", "50", "60"),
    ("limits.address_failures", "50", "60"),
    ("limits.client_failures", "5", "6"),
    ("limits.failure_window", "\"1m\"", "\"2m\""),
    ("limits.exempt_addresses", "[\"10.0.0.0/8\"]", "[\"192.0.2.0/24\"]"),
    ("passwords.memory_kib", "8192", "9000"),
    ("passwords.iterations", "3", "4"),
    ("passwords.parallelism", "2", "3"),
    ("passwords.threads", "2", "3"),
    ("passwords.queue", "7", "8"),
    ("passwords.min_length", "16", "17"),
    ("proxies.trusted", "[\"10.0.0.0/8\"]", "[\"192.0.2.0/24\"]"),
    ("outbound.allow", "[\"10.0.0.0/8\"]", "[\"192.168.0.0/16\"]"),
];

/// What the values name as files.
const FILES: &[(&str, &str)] = &[
    ("one.pem", "-----BEGIN CERTIFICATE-----\nAAECAw==\n-----END CERTIFICATE-----\n"),
    ("other.pem", "-----BEGIN CERTIFICATE-----\nAAECBA==\n-----END CERTIFICATE-----\n"),
];

const OTHER_KEY: &str = "ZQXdjPZ7D1S9CpzauQQpaeelRk200Ej0ykajxm38fXY=";

/// Every key with its first value, but that one with its second; and more tables.
fn with(other: &str, more: &str) -> Config {
    let mut tables: BTreeMap<&str, String> = BTreeMap::new();
    for (key, one, two) in VALUES {
        let (table, name) = key.split_once('.').unwrap();
        let value = if *key == other { two } else { one };
        writeln!(tables.entry(table).or_default(), "{name} = {value}").unwrap();
    }
    let mut text = String::new();
    for (table, keys) in tables {
        writeln!(text, "[{table}]\n{keys}").unwrap();
    }
    let keys = |name: &str| if name == "OTHER_KEY" { Some(OTHER_KEY.to_owned()) } else { env(name) };
    let folder = Folder::new(&[&[("a.toml", text.as_str()), ("b.toml", more)], FILES].concat());
    load(folder.path(), &keys).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A key that is added to a section says here, and in `SETTINGS`, whether a reload applies it.
#[test]
fn every_key_says_when_it_applies() {
    let single = |key: &String| {
        let (table, name) = key.split_once('.')?;
        let many = matches!(table, "clients" | "apis" | "roles" | "providers");
        (!many).then(|| format!("{table}.{name}"))
    };
    let mut known: BTreeSet<String> = known_keys().iter().filter_map(single).collect();
    // A value that may be in a file of its own is one setting with it.
    let all = known.clone();
    known.retain(|key| key.strip_suffix("_file").is_none_or(|value| !all.contains(value)));
    let settings: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
    let tried: BTreeSet<String> = VALUES.iter().map(|(key, _, _)| (*key).to_owned()).collect();
    assert_eq!((&settings, &tried), (&known, &known));
    assert_eq!((SETTINGS.len(), VALUES.len()), (known.len(), known.len()), "each once");
}

#[test]
fn what_applies_at_once_is_taken_and_what_does_not_stays_and_is_named() {
    let running = with("", "");
    for setting in SETTINGS {
        let Adoption { config, difference } = with(setting.key, "").adopt(&running).unwrap();
        let (settings, waiting): (&[&str], &[&str]) = match setting.when {
            When::AtOnce => (&[setting.key], &[]),
            When::AtRestart => (&[], &[setting.key]),
        };
        assert_eq!((difference.settings.as_slice(), difference.waiting.as_slice()), (settings, waiting));
        let goes_on = match setting.when {
            When::AtOnce => with(setting.key, "").adopt(&config),
            When::AtRestart => with("", "").adopt(&config),
        };
        assert!(goes_on.unwrap().difference.is_empty(), "{} has another value now", setting.key);
    }
    assert!(with("", "").adopt(&running).unwrap().difference.is_empty());
}

#[test]
fn clients_apis_and_roles_are_told_by_name() {
    let client = |id: &str, more: &str| {
        format!(
            "[[clients]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"none\"\n\
             redirect_uris = [\"https://{id}.example/cb\"]\n{more}\n"
        )
    };
    let api = |scope: &str| {
        format!(
            "[[apis]]\naudience = \"https://api.example\"\nscopes = [{{ name = \"{scope}\", description = \"d\" }}]\n"
        )
    };
    let role = "[[roles]]\nname = \"reader\"\n";
    let same = client("same", "");
    let old = [same.clone(), client("goes", ""), client("off", ""), client("other", ""), api("r")].concat();
    let new = [
        "# Every line is another one now.\n".to_owned(),
        client("comes", ""),
        client("off", "enabled = false"),
        client("other", "consent = \"ask\""),
        client("never", "enabled = false"),
        same,
        api("w"),
        role.to_owned(),
    ]
    .concat();
    let difference = with("", &new).adopt(&with("", &old)).unwrap().difference;
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let clients = Names { added: names(&["comes"]), removed: names(&["goes", "off"]), changed: names(&["other"]) };
    assert_eq!(difference.clients, clients);
    assert_eq!(clients.to_string(), "added comes; removed goes, off; changed other");
    assert_eq!(
        (difference.apis.to_string(), difference.roles.to_string()),
        ("changed https://api.example".to_owned(), "added reader".to_owned())
    );
    assert!(difference.settings.is_empty() && difference.waiting.is_empty());
}

#[test]
fn providers_are_told_by_name_and_so_is_another_order() {
    let provider = |id: &str, more: &str| {
        format!(
            "[[providers]]\nid = \"{id}\"\npreset = \"oidc\"\nissuer = \"https://{id}.example\"\nclient_id = \"v\"\n{more}\n"
        )
    };
    let secret = |name: &str| provider("secret", &format!("client_secret = {{ env = \"{name}\" }}"));
    let same = provider("same", "");
    let old = [same.clone(), provider("goes", ""), provider("off", ""), secret("KEY")].concat();
    let new = [
        "# Every line is another one now.\n".to_owned(),
        same.clone(),
        provider("comes", ""),
        provider("off", "enabled = false"),
        secret("OTHER_KEY"),
    ]
    .concat();
    let difference = with("", &new).adopt(&with("", &old)).unwrap().difference;
    assert_eq!(difference.providers.to_string(), "added comes; removed goes, off; changed secret");
    assert!(!difference.providers_reordered && difference.settings.is_empty() && difference.clients.is_empty());

    let (one, two) = ([same.clone(), provider("off", "")].concat(), [provider("off", ""), same].concat());
    let difference = with("", &two).adopt(&with("", &one)).unwrap().difference;
    assert!(difference.providers.is_empty() && difference.providers_reordered && !difference.is_empty());
    assert!(with("", &two).adopt(&with("", &two)).unwrap().difference.is_empty());
}

/// The folder says another issuer, under which this API is one like any other.
#[test]
fn an_api_with_the_audience_of_the_running_issuer_is_refused() {
    let api = "[[apis]]\naudience = \"https://id.example.com/\"\n";
    let error = with("server.issuer", api).adopt(&with("", "")).unwrap_err();
    assert!(error.to_string().contains("https://id.example.com/") && error.to_string().contains("restart"), "{error}");
}

/// The reference marks what waits for a restart.
#[test]
fn the_reference_says_which_keys_need_a_restart() {
    let reference = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap();
    for setting in SETTINGS {
        let (table, name) = setting.key.split_once('.').unwrap();
        let section = reference.split("\n## ").find(|section| section.starts_with(&format!("`[{table}]`"))).unwrap();
        let row = section.lines().find(|line| {
            line.strip_prefix("| ")
                .and_then(|rest| rest.split_once(" | "))
                .is_some_and(|(keys, _)| keys.contains(&format!("`{name}`")))
        });
        let row = row.unwrap_or_else(|| panic!("no row of {}", setting.key));
        let (keys, _) = row.trim_start_matches("| ").split_once(" | ").unwrap();
        assert_eq!(keys.ends_with(" †"), setting.when == When::AtRestart, "{row}");
    }
}
