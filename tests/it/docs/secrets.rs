//! The files that tables of configuration name: secrets that the reader has from somebody else.
//!
//! Owns: finding and writing them. Does not own: the tables (the pages).

use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml::{Table, Value};

use crate::cli::program::random_key;

/// Writes every file that a table in `file` names, beside it: what a page has shown the reader to make.
pub fn write(file: &Path, text: &str) {
    let table: Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut named = Vec::new();
    find(&Value::Table(table), &mut named);
    for (key, name) in named {
        let secret = if key == "key_file" { private_key() } else { random_key() };
        std::fs::write(file.with_file_name(name), secret).expect("a file");
    }
}

/// `client_secret_file = "…"`, `key_file = "…"`, `client_secret = { file = "…" }`, wherever they stand.
fn find(value: &Value, named: &mut Vec<(String, String)>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let is_file = key == "client_secret_file" || key == "key_file" || key == "file";
                match value.as_str().filter(|_| is_file) {
                    Some(name) => named.push((key.clone(), name.to_owned())),
                    None => find(value, named),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, named)),
        _ => {}
    }
}

/// As Apple lets one download it.
fn private_key() -> String {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let body = STANDARD.encode(pair.to_pkcs8v1().expect("PKCS#8"));
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}
