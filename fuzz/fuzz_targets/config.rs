//! Configuration: any file gives a configuration that holds together, or faults that each say where and how
//! to mend it; and no secret is ever shown.
//!
//! The input is the file.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vestibule::config::{Config, Faults, load, load_dev};
use vestibule::protocol::ids::ClientId;
use vestibule::protocol::redirect_uri::RedirectUri;
use vestibule_fuzz::{KEY, SETTINGS};

/// What an environment variable holds; nothing else in an input looks like it.
const HIDDEN: &str = "a-value-of-the-environment-5f2b";
/// What `serve` needs beside the file.
const HEAD: &str = "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n";

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("vestibule-fuzz-config-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("serve")).unwrap();
    std::fs::create_dir_all(folder.join("dev")).unwrap();
    std::fs::write(folder.join("serve/a.toml"), HEAD).unwrap();
    folder
});

fuzz_target!(|data: &[u8]| {
    let env = |name: &str| match name {
        "KEY" => Some(KEY.to_owned()),
        "HIDDEN" => Some(HIDDEN.to_owned()),
        _ => None,
    };
    for (folder, dev) in [("dev", true), ("serve", false)] {
        let folder = FOLDER.join(folder);
        std::fs::write(folder.join("b.toml"), data).unwrap();
        let config = if dev { load_dev(Some(&folder), &SETTINGS, &env) } else { load(&folder, &env) };
        match config {
            Ok(config) => check_config(&config, dev),
            Err(faults) => check_faults(&faults, data),
        }
    }
});

fn check_config(config: &Config, dev: bool) {
    assert_eq!(config.dev, dev);
    let registry = &config.registry;
    assert!(!config.server.listen.is_empty() && !config.keys.encryption_keys.is_empty());
    for client in registry.clients() {
        assert!(client.default_scope.without(&client.scope).is_empty());
        assert!(client.scope.iter().all(|scope| scope.is_openid() || registry.owner(scope).is_some()));
        for uri in &client.redirect_uris {
            assert_eq!(RedirectUri::parse(uri.as_str(), client.application_type).as_ref(), Ok(uri));
        }
    }
    for role in registry.roles() {
        assert!(role.scopes.iter().all(|scope| registry.owner(scope).is_some()));
    }
    for api in registry.apis() {
        let known = |id: &ClientId| registry.clients().any(|client| client.client_id == *id);
        assert!(api.introspection_clients.iter().all(known));
        for scope in &api.scopes {
            assert_eq!(registry.owner(&scope.name).map(|owner| &owner.audience), Some(&api.audience));
        }
    }
    assert!(!format!("{config:?}").contains(HIDDEN));
}

fn check_faults(faults: &Faults, data: &[u8]) {
    assert!(!faults.is_empty());
    let lines = 2 + data.iter().filter(|byte| **byte == b'\n').count() as u64 + HEAD.lines().count() as u64;
    let json = faults.to_json();
    let listed = json.as_array().unwrap();
    assert_eq!(listed.len(), faults.len());
    for fault in listed {
        assert!(fault["message"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(fault["help"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(fault["line"].as_u64().is_none_or(|line| (1..=lines).contains(&line)), "{fault}");
        assert!(fault["column"].as_u64().is_none_or(|column| column >= 1), "{fault}");
    }
    for shown in [faults.render(false), faults.to_string(), json.to_string()] {
        assert!(!shown.contains(HIDDEN) && !shown.contains("Failed to read contents"), "{shown}");
    }
}
