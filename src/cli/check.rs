//! `vestibule check`: every fault of a configuration at once.
//!
//! Owns: how they are reported. Does not own: finding them (`config`).

use std::path::PathBuf;

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::{data, env, output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Config};
use crate::model::provider::Provider;
use crate::store::{self, StoreError};
use crate::upstream::{Upstream, UpstreamError};

/// Where to read on.
const CAUSES: &str = "docs/providers.md has a table of causes";

const EXAMPLES: &str = "\
Examples:
  vestibule check                      what vestibule serve would read
  vestibule check --config ./config    another folder; exit code 3 when something is wrong
  vestibule check --online             also whether PostgreSQL, Redis and the providers answer as expected
  vestibule check --json | jq .        an array of {file, line, column, message, help}; also with --online
  vestibule check --schema             the JSON Schema of a configuration file, for an editor";

/// Check a configuration: every mistake with file, line, column and what to change
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Check {
    /// Configuration folder [default: ./config, else /etc/vestibule]
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    config: Option<PathBuf>,
    /// An array of diagnostics, empty when all is well
    #[arg(long)]
    json: bool,
    /// Also connect to the PostgreSQL, Redis and external providers it names; exit code 4 when one cannot be used
    #[arg(long)]
    online: bool,
    /// Check nothing: print the JSON Schema (2020-12) of a configuration file
    #[arg(long, conflicts_with_all = ["config", "json", "online"])]
    schema: bool,
}

impl Check {
    /// Reads the configuration and says what is wrong with it: on stdout, as it is what was asked for.
    ///
    /// # Errors
    /// When there is no such folder; with `--online`, when a server cannot be used.
    pub async fn run(self) -> Result<Exit, Stop> {
        if self.schema {
            return output::data(&format!("{:#}", config::schema())).map(|()| Exit::Ok);
        }
        let folder = data::config_folder(self.config.as_deref())?;
        match config::load(&folder, &env) {
            Ok(config) if self.json => {
                let wrong = if self.online { diagnostics(&config).await } else { Vec::new() };
                let exit = if wrong.is_empty() { Exit::Ok } else { Exit::Unreachable };
                output::data(&format!("{:#}", Value::from(wrong))).map(|()| exit)
            }
            Ok(config) => {
                let registry = &config.registry;
                let counts = [
                    count(registry.clients().count(), "client"),
                    count(registry.apis().len(), "API"),
                    count(registry.roles().len(), "role"),
                    count(registry.providers().count(), "provider"),
                ];
                output::data(&format!("{}: no mistakes ({})", folder.display(), counts.join(", ")))?;
                if self.online { connect(&config).await } else { Ok(Exit::Ok) }
            }
            Err(faults) if self.json => output::data(&format!("{:#}", faults.to_json())).map(|()| Exit::Config),
            Err(faults) => {
                output::data(faults.render(output::stdout_has_color()).trim_end())?;
                output::message(&format!("{}: {}", folder.display(), count(faults.len(), "mistake")));
                Ok(Exit::Config)
            }
        }
    }
}

/// Says what is wrong with the servers it names. Of the providers all are told, each in one line.
async fn connect(config: &Config) -> Result<Exit, Stop> {
    let mut refused = 0;
    for (provider, answer) in ask_providers(config).await {
        match answer {
            Ok(what) => output::data(&format!("provider {}: {what}", provider.id))?,
            Err(error) => {
                refused += 1;
                let place = provider.defined_at.as_deref().unwrap_or_default();
                output::message(&format!("provider {} ({place}): {error}", provider.id));
            }
        }
    }
    ask_stores(config).await.map_err(|error| Stop::new(Exit::Unreachable, causes(&error)))?;
    if refused > 0 {
        let message = format!("{} cannot be used", count(refused, "provider"));
        return Err(Stop::new(Exit::Unreachable, message).hint(CAUSES));
    }
    output::data("the servers it names can be used")?;
    Ok(Exit::Ok)
}

/// The same for tools: what `--json` tells of mistakes.
async fn diagnostics(config: &Config) -> Vec<Value> {
    let of_provider = |(provider, answer): (&Provider, Result<String, UpstreamError>)| {
        let place = provider.defined_at.as_deref().and_then(|place| place.rsplit_once(':'));
        let (file, line) = place.map_or((None, None), |(file, line)| (Some(file), line.parse::<u32>().ok()));
        let message = format!("provider {}: {}", provider.id, answer.err()?);
        Some(json!({ "file": file, "line": line, "column": null, "message": message, "help": CAUSES }))
    };
    let mut wrong: Vec<Value> = ask_providers(config).await.into_iter().filter_map(of_provider).collect();
    if let Err(error) = ask_stores(config).await {
        let (message, help) = (causes(&error), "start it, or correct its url in [database] or [redis]");
        wrong.push(json!({ "file": null, "line": null, "column": null, "message": message, "help": help }));
    }
    wrong
}

/// Asks every provider what it is.
async fn ask_providers(config: &Config) -> Vec<(&Provider, Result<String, UpstreamError>)> {
    let upstream = Upstream::new(config.outbound.clone());
    let asked = config
        .registry
        .providers()
        .map(async |provider| (provider.as_ref(), upstream.probe(provider, SystemClock.now()).await));
    join_all(asked).await
}

/// Connects to the servers of the stores; what is not wrong, but not as it should be, is told.
async fn ask_stores(config: &Config) -> Result<(), StoreError> {
    for warning in store::probe(config).await? {
        output::message(&format!("warning: {warning}"));
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
