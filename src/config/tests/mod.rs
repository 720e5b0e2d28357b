//! Tests of the whole room: files in a folder, and what comes of them.

mod demonstration;
mod documents;
mod faults;
mod notes;
mod properties;
mod providers;
mod reload;
mod sections;
mod suggestions;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::SecretString;

use super::*;
use crate::protocol::issuer::Issuer;

/// What every configuration of `serve` needs.
const HEAD: &str = "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n";

/// 32 bytes that look random enough.
const KEY: &str = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("vestibule-config-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The environment of the tests.
fn env(name: &str) -> Option<String> {
    match name {
        "KEY" => Some(KEY.to_owned()),
        "SHORT" => Some("31 bytes are one too few for it".to_owned()),
        _ => None,
    }
}

/// Loads `text` for `serve`, beside what every configuration needs.
fn serve(text: &str) -> Result<Config, Faults> {
    load(Folder::new(&[("a.toml", HEAD), ("b.toml", text)]).path(), &env)
}

/// Loads `text` for `dev`.
fn dev(text: &str) -> Result<Config, Faults> {
    load_dev(Some(Folder::new(&[("b.toml", text)]).path()), &settings(), &env)
}

fn settings() -> DevSettings {
    DevSettings {
        issuer: Issuer::parse("http://localhost:9400").unwrap(),
        listen: vec!["127.0.0.1:9400".parse().unwrap()],
        data: PathBuf::from("/nowhere"),
        redis_url: None,
        encryption_key: SecretString::from(KEY),
        secrets: DemoSecrets {
            web: SecretString::from("w".repeat(43)),
            service: SecretString::from("s".repeat(43)),
            api: SecretString::from("a".repeat(43)),
        },
    }
}

/// Each fault as `file:line:column message | help`, with the folder cut off.
fn told(faults: &Faults) -> Vec<String> {
    let json = faults.to_json();
    let cut = |text: &str| {
        let at = text.find("vestibule-config-").map(|at| &text[at..]);
        at.and_then(|rest| rest.split_once('/')).map_or(text, |(_, rest)| rest).to_owned()
    };
    json.as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            let file = fault["file"].as_str().map(cut).unwrap_or_default();
            let (message, help) = (fault["message"].as_str().unwrap(), fault["help"].as_str().unwrap());
            format!("{file}:{}:{} {message} | {help}", fault["line"], fault["column"])
        })
        .collect()
}
