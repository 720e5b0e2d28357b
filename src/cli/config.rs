//! `vestibule config`: the configuration as it is in force.
//!
//! Owns: how it is printed. Does not own: reading it, or hiding secrets (`config`).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::exit::{Exit, Stop};
use crate::cli::{data, env, output};
use crate::config::{self, Origin, Shown};

const EXAMPLES: &str = "\
Examples:
  vestibule config show                      what vestibule serve would use, secrets hidden
  vestibule config show --origin             and where each value comes from
  vestibule config show --json | jq '.[] | select(.table == \"server\")'";

/// Look at the configuration
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE, disable_help_subcommand = true)]
pub struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Show),
}

/// Show every value in force, defaults too; secrets are hidden
///
/// A flag comes before the environment (VESTIBULE__SECTION__KEY), the environment before files, files before
/// defaults.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
struct Show {
    /// Configuration folder [default: ./config, else /etc/vestibule]
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    config: Option<PathBuf>,
    /// Behind each value: the file and line, the environment variable, or "default"
    #[arg(long)]
    origin: bool,
    /// An array of {table, index, key, value, origin}
    #[arg(long)]
    json: bool,
}

impl Config {
    /// Runs the command under it.
    ///
    /// # Errors
    /// When the configuration is missing or invalid (exit 3).
    pub fn run(self) -> Result<Exit, Stop> {
        let Command::Show(command) = self.command;
        let folder = data::config_folder(command.config.as_deref())?;
        let shown = config::show(&folder, &env).map_err(|faults| data::invalid(&faults))?;
        if command.json {
            let array: Value = shown.iter().map(object).collect();
            output::data(&format!("{array:#}"))?;
        } else {
            output::data(&document(&shown, command.origin))?;
        }
        Ok(Exit::Ok)
    }
}

fn object(shown: &Shown) -> Value {
    json!({
        "table": shown.table,
        "index": shown.index,
        "key": shown.key,
        "value": shown.value,
        "origin": match &shown.origin {
            Origin::File { file, line } => json!({ "file": file, "line": line }),
            Origin::Environment(name) => json!({ "environment": name }),
            Origin::Default => json!("default"),
        },
        "instead_of": shown.instead_of,
    })
}

/// A TOML document. What is not set and has no default stands in a comment, in tables there is one of.
fn document(shown: &[Shown], with_origin: bool) -> String {
    let tables = shown.chunk_by(|one, other| (one.table, one.index) == (other.table, other.index));
    let written = tables.map(|table| {
        let title = table.first().map(title).unwrap_or_default();
        let rows: Vec<Vec<String>> = table.iter().filter_map(|shown| row(shown, with_origin)).collect();
        format!("{title}{}", output::table(&rows))
    });
    written.collect::<Vec<_>>().join("\n\n")
}

fn title(shown: &Shown) -> String {
    match (shown.table, shown.index) {
        ("", _) => String::new(),
        (table, None) => format!("[{table}]\n"),
        (table, Some(_)) => format!("[[{table}]]\n"),
    }
}

fn row(shown: &Shown, with_origin: bool) -> Option<Vec<String>> {
    let Some(value) = &shown.value else {
        return shown.index.is_none().then(|| vec![format!("# {} is not set", shown.key)]);
    };
    let mut row = vec![format!("{} = {}", shown.key, one_line(value))];
    if with_origin {
        row.push(format!("# {}", origin(shown)));
    }
    Some(row)
}

/// A value on one line.
fn one_line(value: &toml::Value) -> String {
    match value {
        toml::Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        toml::Value::String(text) if text.contains(['\n', '\r']) => Value::from(text.as_str()).to_string(),
        other => other.to_string(),
    }
}

fn origin(shown: &Shown) -> String {
    let from = match &shown.origin {
        Origin::File { file, line } => format!("{file}:{line}"),
        Origin::Environment(name) => format!("environment variable {name}"),
        Origin::Default => "default".to_owned(),
    };
    match &shown.instead_of {
        Some(place) => format!("{from}, instead of {place}"),
        None => from,
    }
}
