//! What `init` writes: the default configuration with what a server needs in force, its key, and samples.
//!
//! Owns: those texts. Does not own: what a key means (config/vestibule.toml, docs/configuration.md), or how
//! files are written (`place`).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::CryptoRng;
use url::Url;
use zeroize::Zeroizing;

use crate::cli::exit::Stop;
use crate::config::{DEFAULT_TOML, schema};
use crate::protocol::issuer::Issuer;

/// The key-encryption key.
pub(super) const KEY: &str = "encryption.key";

/// Where the database is unless it is said.
const DATA: &str = "data";

const SCHEMA: &str = "vestibule.schema.json";

const HEAD: &str = "\
# The configuration of Vestibule. What is commented out shows its default. After a change: vestibule check
#
";

const APIS: &str = include_str!("../../../config/apis.toml.example");
const ROLES: &str = include_str!("../../../config/roles.toml.example");
const CLIENTS: &str = include_str!("../../../config/clients.toml.example");
const PROVIDERS: &str = include_str!("../../../config/providers.toml.example");

/// Harmless wherever it runs: it is sent back to the person's own machine, and they are asked every time.
const COMMAND_LINE: &str = "\
# A command line, such as `vestibule token --client cli`. One file for each client is natural: `vestibule
# client new` writes them; clients.toml.example beside this folder shows other kinds.
[[clients]]
client_id = \"cli\"
client_name = \"Command line\"
application_type = \"native\"
token_endpoint_auth_method = \"none\"
redirect_uris = [\"http://127.0.0.1/callback\", \"http://[::1]/callback\", \"http://localhost/callback\"]
scope = \"openid profile email read:users write:posts\"
default_scope = \"openid read:users\"
";

/// One file.
pub(super) struct File {
    /// Relative to the folder.
    pub(super) name: &'static str,
    pub(super) text: Zeroizing<String>,
    /// Whether only its owner may read it.
    pub(super) private: bool,
}

/// Every file; the one without which nothing starts is the last.
pub(super) fn all(issuer: &Issuer, data: Option<&Path>, rng: &mut impl CryptoRng) -> Result<Vec<File>, Stop> {
    let file = |name, text: String| File { name, text: Zeroizing::new(text), private: false };
    let schema = serde_json::to_string_pretty(&schema()).map_err(anyhow::Error::from)?;
    let without = |text: &str, hint: &str| text.replace(hint, "").replace("apis.toml.example", "apis.toml");
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rng.fill_bytes(bytes.as_mut_slice());
    let key = Zeroizing::new(format!("{}\n", STANDARD.encode(bytes.as_slice())));
    Ok(vec![
        File { name: KEY, text: key, private: true },
        file(".gitignore", format!("# The key and the data stay on this machine.\n/{KEY}\n/{DATA}/\n")),
        file(SCHEMA, format!("{schema}\n")),
        file("apis.toml", without(APIS, " Rename this file to apis.toml to load it.")),
        file(
            "roles.toml",
            without(ROLES, " Rename this file to roles.toml to load it;").replace("granted. give", "granted. Give"),
        ),
        file("clients/cli.toml", COMMAND_LINE.to_owned()),
        file("clients.toml.example", without(CLIENTS, "")),
        file("providers.toml.example", PROVIDERS.to_owned()),
        file("vestibule.toml", main(issuer, data)),
    ])
}

/// The default configuration, with the lines in force that this server needs.
fn main(issuer: &Issuer, data: Option<&Path>) -> String {
    let body = DEFAULT_TOML.split_once("#\n").map_or(DEFAULT_TOML, |(_, body)| body);
    let text = |text: String| toml::Value::String(text).to_string();
    let data = data.map_or_else(|| DATA.to_owned(), |data| data.to_string_lossy().into_owned());
    let mut lines = vec![
        ("issuer", text(issuer.to_string())),
        // The first of that name: the one of [redis] stays as it is.
        ("url", text(format!("sqlite://{data}"))),
        ("encryption_key_file", text(KEY.to_owned())),
    ];
    match local_port(issuer) {
        Some(port) => lines.push(("listen", text(format!("127.0.0.1:{port}")))),
        // It listens on this machine alone, so whoever connects is the proxy.
        None => lines.push(("trusted", "[\"127.0.0.1\", \"::1\"]".to_owned())),
    }
    let body = lines.into_iter().fold(body.to_owned(), |body, (key, value)| in_force(&body, key, &value));
    format!("#:schema ./{SCHEMA}\n{HEAD}{body}")
}

/// The port that a server answers on by itself; `None` where a proxy stands in front of it.
fn local_port(issuer: &Issuer) -> Option<u16> {
    let url = Url::parse(issuer.as_str()).ok().filter(|url| url.scheme() == "http")?;
    url.port_or_known_default()
}

/// The text with the first commented line of that key in force.
fn in_force(text: &str, key: &str, value: &str) -> String {
    let commented = format!("# {key} = ");
    let mut done = false;
    let line = |line: &str| {
        if !done && line.starts_with(&commented) {
            done = true;
            return format!("{key} = {value}\n");
        }
        line.to_owned()
    };
    text.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::system_rng;

    fn text(issuer: &str, data: Option<&str>) -> String {
        main(&Issuer::parse(issuer).unwrap(), data.map(Path::new))
    }

    #[test]
    fn every_line_that_a_server_needs_is_in_force() {
        let local: toml::Table = text("http://localhost:1234", None).parse().unwrap();
        assert_eq!(local["server"]["issuer"].as_str(), Some("http://localhost:1234"));
        assert_eq!(local["server"]["listen"].as_str(), Some("127.0.0.1:1234"));
        assert_eq!(local["database"]["url"].as_str(), Some("sqlite://data"));
        assert_eq!(local["keys"]["encryption_key_file"].as_str(), Some(KEY));
        assert!(local["redis"].as_table().unwrap().is_empty() && local["proxies"].as_table().unwrap().is_empty());
        let public: toml::Table = text("https://id.example.com", Some("/var/lib/a \"b\"")).parse().unwrap();
        assert_eq!(public["database"]["url"].as_str(), Some("sqlite:///var/lib/a \"b\""));
        assert!(
            public["server"].get("listen").is_none() && public["proxies"]["trusted"].as_array().unwrap().len() == 2
        );
    }

    #[test]
    fn the_samples_do_not_say_that_they_are_to_be_renamed() {
        for file in all(&Issuer::parse("https://id.example.com").unwrap(), None, &mut system_rng()).unwrap() {
            let is_sample = file.name.ends_with(".toml.example");
            assert_eq!(file.text.contains("Rename this file"), is_sample, "{}", file.name);
            assert!(!file.text.contains("apis.toml.example") && !file.text.contains(". give"), "{}", file.name);
        }
    }
}
