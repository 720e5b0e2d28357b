//! The texts that people copy from: the default configuration, the samples, and the reference.

use super::*;
use crate::config::section::Reader;

/// The default configuration with every key in force: a line that reads `# key = value` loses its mark.
fn in_force() -> String {
    let uncomment = |line: &str| {
        let key = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = ")).map(|(key, _)| key);
        let is_key = key.is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        if is_key { line.trim_start_matches("# ").to_owned() } else { line.to_owned() }
    };
    DEFAULT_TOML.lines().map(uncomment).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_configuration_says_nothing_until_a_key_is_uncommented() {
    let faults = load(Folder::new(&[("vestibule.toml", DEFAULT_TOML)]).path(), &env).unwrap_err();
    assert!(faults.len() == 2 && faults.lacks_encryption_key(), "only the two keys without default: {faults}");
}

#[test]
fn the_default_configuration_in_force_is_the_default() {
    let folder = Folder::new(&[("vestibule.toml", &in_force()), ("encryption.key", KEY)]);
    let config = load(folder.path(), &env).unwrap_or_else(|faults| panic!("{faults}"));
    let default = serve("").unwrap();
    let shown = |config: &Config| {
        let mut passwords = config.passwords.clone();
        // These two depend on the machine.
        (passwords.threads, passwords.queue) = (0, 0);
        let stores = format!("{:?} {:?} {:?}", config.database, config.lifetimes, config.limits);
        let others = format!("{passwords:?} {:?} {:?}", config.proxies, config.log);
        [
            stores,
            others,
            format!("{:?} {:?} {:?}", config.server.listen, config.server.drain, config.server.shutdown_timeout),
        ]
    };
    assert_eq!(shown(&config), shown(&default));
    assert_eq!(config.passwords.queue, 64 * config.passwords.threads);
    let (redis, admin) = (config.redis.unwrap(), config.server.admin_listen.unwrap());
    assert_eq!(format!("{redis:?}"), format!("{:?}", Redis::at(redis.url.clone())));
    assert_eq!(admin.port(), 9401);
}

/// Every key that some reader looks for.
pub(super) fn known_keys() -> Vec<String> {
    let mut reader = Reader::probing(&|_| None);
    let _ = read(Table::default(), Path::new("."), &mut reader);
    reader.known().iter().cloned().collect()
}

#[test]
fn the_default_configuration_has_every_key() {
    let text = in_force();
    let document: toml::Table = text.parse().unwrap();
    for key in known_keys() {
        let (table, name) = key.split_once('.').unwrap_or(("", &key));
        // A secret is shown in one of its two spellings.
        let spellings = [name.to_owned(), format!("{name}_file"), name.trim_end_matches("_file").to_owned()];
        let has = |table: &toml::Table| spellings.iter().any(|name| table.contains_key(name));
        match table {
            "" if matches!(name, "clients" | "apis" | "roles" | "providers") => {}
            "clients" | "apis" | "roles" | "providers" | "apis.scopes" => {}
            _ if key.starts_with("apis.scopes") => {}
            "" => assert!(has(&document), "{key}"),
            // A file that is not there would be a fault.
            "redis" if name == "ca_file" => assert!(text.contains("ca_file = "), "{key}"),
            table => assert!(has(document[table].as_table().unwrap()), "{key}"),
        }
    }
}

#[test]
fn the_samples_load_but_for_the_placeholder_secret() {
    let sample = |name: &str| std::fs::read_to_string(format!("{}/config/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (clients, apis, roles) =
        (sample("clients.toml.example"), sample("apis.toml.example"), sample("roles.toml.example"));
    let providers = sample("providers.toml.example");
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";
    let with = |name: &str| if name.ends_with("_SECRET") { Some(secret.to_owned()) } else { env(name) };
    let try_with = |clients: &str| {
        let folder = Folder::new(&[
            ("a.toml", HEAD),
            ("clients.toml", clients),
            ("apis.toml", &apis),
            ("roles.toml", &roles),
            ("providers.toml", &providers),
        ]);
        load(folder.path(), &with)
    };
    let faults = try_with(&clients).unwrap_err();
    assert!(faults.len() == 1 && faults.to_string().contains("is a placeholder"), "{faults}");
    let hash = crate::protocol::opaque::TokenHash::of(secret.as_bytes()).to_hex();
    let config = try_with(&clients.replace(&"0".repeat(64), &hash)).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.registry.clients().count(), 4);
    let offered: Vec<&str> = config.registry.providers().map(|provider| provider.id.as_str()).collect();
    assert_eq!(offered, ["google", "github", "auth0", "microsoft", "gitlab", "forum", "staff"]);
}

#[test]
fn the_reference_has_every_key() {
    let reference = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap();
    let sections: Vec<(&str, &str)> = reference
        .split("\n## ")
        .filter_map(|section| section.split_once('\n'))
        .map(|(title, text)| (title.trim_matches('`'), text))
        .collect();
    for key in known_keys() {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", &key));
        let is_table = table.is_empty() && name != "config_version";
        let title = if is_table { name } else { table.split('.').next().unwrap() };
        let wanted = [format!("[{title}]"), format!("[[{title}]]"), "Top level".to_owned()];
        let found = sections.iter().find(|(title, _)| {
            wanted.iter().any(|wanted| wanted == title) && (*title != "Top level" || name == "config_version")
        });
        let (_, text) = found.unwrap_or_else(|| panic!("no section for {key}"));
        assert!(is_table || text.contains(&format!("`{name}`")), "{key}");
    }
}
