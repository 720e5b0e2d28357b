//! External providers: what their tables come to, and each mistake with its place and its mend.

mod addresses;
mod mistakes;
mod presets;
mod secrets;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::faults::assert_fault;
use super::*;
use crate::model::provider::{IssuerRule, Protocol, Provider};

const SECRET: &str = "client_id = \"v\"\nclient_secret = { env = \"KEY\" }\n";

/// The provider of that id in a configuration of `serve`.
#[track_caller]
fn read(text: &str, id: &str) -> Provider {
    found(serve(text), text, id)
}

#[track_caller]
fn found(config: Result<Config, Faults>, text: &str, id: &str) -> Provider {
    let config = config.unwrap_or_else(|faults| panic!("{text}\n{faults}"));
    let provider = config.registry.find_provider(id).unwrap_or_else(|| panic!("{text}: no {id}"));
    Provider::clone(provider)
}

#[track_caller]
fn issuer(provider: &Provider) -> &IssuerRule {
    let Protocol::OpenId { issuer, form_post: false } = &provider.protocol else { panic!("{provider:?}") };
    issuer
}

fn exact(issuer: &str) -> IssuerRule {
    IssuerRule::Exact(issuer.to_owned())
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A key in PKCS#8, as PEM.
fn pem(pkcs8: &[u8]) -> String {
    let body: Vec<String> =
        STANDARD.encode(pkcs8).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.join("\n"))
}

const APPLE: &str = "[[providers]]\nid = \"apple\"\nclient_id = \"com.example.signin\"\nteam_id = \"ABCDE12345\"\nkey_id = \"FGHIJ67890\"\n";

fn apple(text: &str, key: &str) -> Result<Config, Faults> {
    let folder = Folder::new(&[("a.toml", HEAD), ("b.toml", text), ("key.p8", key)]);
    let env = |name: &str| if name == "APPLE_KEY" { Some(key.to_owned()) } else { env(name) };
    load(folder.path(), &env)
}

/// One as Apple gives them.
fn key() -> String {
    pem(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap().as_ref())
}
