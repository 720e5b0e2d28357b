//! `vestibule client new`: the `[[clients]]` table of an application, ready to paste or written to a file.
//!
//! Owns: what each type of application needs, and making its secret. Does not own: whether the table is
//! right: the configuration's own rules say so (`config`).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use toml::Value as Toml;

use crate::cli::client::secret;
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, private_file};
use crate::config::{Config, Draft};
use crate::model::registry::Registry;
use crate::protocol::opaque::OpaqueToken;

const EXAMPLES: &str = "\
Examples:
  vestibule client new shop --redirect-uri https://shop.example.com/callback
  vestibule client new dashboard --type spa --redirect-uri http://localhost:5173/callback
  vestibule client new app --type native --scope 'openid profile read:users'
  vestibule client new nightly-report --type service --scope read:users --write config/nightly-report.toml";

/// Make the table of a new client, and its secret
///
/// The table goes to stdout, or into --write FILE; what the application needs to know, its secret above all,
/// is shown once on stderr. Nothing is printed that the rest of the configuration does not go with.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct New {
    /// How the application names itself: 1 to 128 characters of A-Z a-z 0-9 _ . -
    #[arg(value_name = "ID")]
    id: String,
    /// What it is
    #[arg(long = "type", value_enum, default_value_t = Type::Web)]
    kind: Type,
    /// What people read on the consent page [default: the id]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Where people are sent back to; may be given several times [default for native: loopback]
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// What it may ask for [default: openid profile email; none for api]
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// What it gets when it asks for nothing [default for service: its scope]
    #[arg(long, value_name = "SCOPES")]
    default_scope: Option<String>,
    /// Adds the table to that *.toml file, which may be new
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// One object, under the names of RFC 7591, with the secret and the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// What an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    /// A web application with a backend that keeps a secret
    Web,
    /// A page that runs in the browser alone
    Spa,
    /// An application on a phone or a desktop, or a command line
    Native,
    /// A backend that calls APIs in its own name
    Service,
    /// An application of your own that takes passwords itself (the password grant)
    FirstParty,
    /// An API that asks whether tokens are good (introspection)
    Api,
}

impl Type {
    const fn grant_types(self) -> &'static [&'static str] {
        match self {
            Self::Web | Self::Native => &["authorization_code", "refresh_token"],
            Self::Spa => &["authorization_code"],
            Self::Service => &["client_credentials"],
            Self::FirstParty => &["password", "refresh_token"],
            Self::Api => &[],
        }
    }

    const fn has_secret(self) -> bool {
        matches!(self, Self::Web | Self::Service | Self::Api)
    }
}

/// The table, key by key, and the secret that goes with it.
struct Made {
    keys: Vec<(&'static str, Toml)>,
    secret: Option<OpaqueToken>,
}

impl New {
    pub(super) fn run(self) -> Result<Exit, Stop> {
        let config = self.place.config()?;
        self.check_id(&config.registry)?;
        let made = self.make(&config)?;
        let table = made.table();
        let with = self.place.config_with(Some(Draft { name: "the new table", text: &table }));
        with.map_err(|stop| Stop { message: format!("this client is refused: {}", stop.message), ..stop })?;
        if let Some(file) = &self.write {
            append(file, &table)?;
        }
        if self.json {
            output::data(&format!("{:#}", made.object(&table, self.write.as_deref())))?;
        } else {
            self.tell(&made, &table)?;
        }
        Ok(Exit::Ok)
    }

    /// A demo entry gives way to one of the configuration; nothing else does.
    fn check_id(&self, registry: &Registry) -> Result<(), Stop> {
        let taken = registry.clients().find(|client| client.client_id.as_str() == self.id);
        match taken.and_then(|client| client.defined_at.as_ref()) {
            None => Ok(()),
            Some(place) => Err(Stop::failure(format!("there is a client {} already, at {place}", self.id))
                .hint("choose another id, or edit that table")),
        }
    }

    fn make(&self, config: &Config) -> Result<Made, Stop> {
        let text = |text: &str| Toml::String(text.to_owned());
        let secret = self.kind.has_secret().then(secret::generate);
        let mut keys = vec![("client_id", text(&self.id))];
        keys.extend(self.name.as_ref().map(|name| ("client_name", text(name))));
        if self.kind == Type::FirstParty {
            keys.push(("first_party", Toml::Boolean(true)));
        }
        if self.kind == Type::Native {
            keys.push(("application_type", text("native")));
        }
        match &secret {
            Some((_, hash)) => keys.push(("client_secret_hash", text(hash))),
            None => keys.push(("token_endpoint_auth_method", text("none"))),
        }
        let list = |items: Vec<&str>| Toml::Array(items.into_iter().map(text).collect());
        keys.push(("grant_types", list(self.kind.grant_types().to_vec())));
        let uris = self.redirect_uris()?;
        if !uris.is_empty() {
            keys.push(("redirect_uris", list(uris)));
        }
        let scope = self.scope(&config.registry)?;
        keys.push(("scope", text(&scope)));
        let default = self.default_scope.clone().or_else(|| (self.kind == Type::Service).then_some(scope));
        keys.extend(default.map(|default| ("default_scope", text(&default))));
        Ok(Made { keys, secret: secret.map(|(secret, _)| secret) })
    }

    fn redirect_uris(&self) -> Result<Vec<&str>, Stop> {
        let given: Vec<&str> = self.redirect_uri.iter().map(String::as_str).collect();
        match self.kind {
            Type::Web | Type::Spa if given.is_empty() => {
                Err(Stop::new(Exit::Usage, "people need to be sent back somewhere").hint(
                    "name it in full, as the application has it: --redirect-uri https://app.example.com/callback, \
                     or http://localhost:3000/callback on your own machine",
                ))
            }
            Type::Native if given.is_empty() => {
                Ok(vec!["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"])
            }
            _ => Ok(given),
        }
    }

    fn scope(&self, registry: &Registry) -> Result<String, Stop> {
        match (&self.scope, self.kind) {
            (Some(scope), _) => Ok(scope.clone()),
            (None, Type::Api) => Ok(String::new()),
            (None, Type::Service) => {
                let known: Vec<&str> =
                    registry.apis().iter().flat_map(|api| &api.scopes).map(|scope| scope.name.as_str()).collect();
                let known =
                    if known.is_empty() { "no [[apis]] entry has scopes yet".to_owned() } else { known.join(" ") };
                Err(Stop::new(Exit::Usage, "a service gets only scopes of APIs: say which")
                    .hint(format!("--scope 'NAME…', of these: {known}")))
            }
            (None, _) => Ok("openid profile email".to_owned()),
        }
    }

    /// The table is data; what the application needs is told beside it.
    fn tell(&self, made: &Made, table: &str) -> Result<(), Stop> {
        match &self.write {
            Some(file) => output::message(&format!("written to {}", file.display())),
            None => output::data(table.trim_end())?,
        }
        if let Some(secret) = &made.secret {
            output::message(&format!(
                "The secret of {}, shown this once and kept nowhere (the table has its hash):\n{}",
                self.id,
                secret.expose()
            ));
        }
        if self.kind == Type::Api {
            output::message(&format!("Name it in its [[apis]] table: introspection_clients = [\"{}\"]", self.id));
        }
        Ok(())
    }
}

impl Made {
    fn table(&self) -> String {
        let lines = self.keys.iter().map(|(key, value)| format!("{key} = {value}\n"));
        format!("[[clients]]\n{}", lines.collect::<String>())
    }

    /// As RFC 7591 3.2.1 answers a registration, and the table.
    fn object(&self, table: &str, written_to: Option<&Path>) -> Value {
        let mut object: Map<String, Value> =
            self.keys.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        if let Some(secret) = &self.secret {
            object.insert("client_secret".to_owned(), json!(secret.expose()));
            object.insert("client_secret_expires_at".to_owned(), json!(0));
            object.insert("token_endpoint_auth_method".to_owned(), json!("client_secret_basic"));
        }
        object.insert("toml".to_owned(), json!(table));
        object.insert("written_to".to_owned(), json!(written_to));
        Value::Object(object)
    }
}

/// Adds a table to a file, which then has it whole or not at all.
fn append(file: &Path, table: &str) -> Result<(), Stop> {
    if file.extension().is_none_or(|extension| extension != "toml") {
        return Err(Stop::new(Exit::Usage, format!("{} is not read: its name does not end in .toml", file.display())));
    }
    let failed = |error: &std::io::Error| Stop::failure(format!("{} cannot be written: {error}", file.display()));
    // A link stays one: what it points to is replaced.
    let real = if file.exists() { fs::canonicalize(file).map_err(|error| failed(&error))? } else { file.to_owned() };
    let (before, mode) = match fs::read_to_string(&real) {
        Ok(text) => (text, fs::metadata(&real).map_err(|error| failed(&error))?.permissions().mode() & 0o777),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (String::new(), 0o644),
        Err(error) => return Err(failed(&error)),
    };
    let gap = if before.is_empty() {
        ""
    } else if before.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    private_file::write_with_mode(&real, format!("{before}{gap}{table}").as_bytes(), mode)
        .map_err(|error| failed(&error))
}
