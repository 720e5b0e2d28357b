//! `vestibule init`: a configuration of one's own to start from.
//!
//! Owns: the command, and what it asks and says. Does not own: the files' text (`files`), or that they
//! appear whole or not at all (`place`).

mod files;
mod place;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::dev::folder::shell_word;
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, program, prompt};
use crate::clock::system_rng;
use crate::protocol::issuer::Issuer;

const EXAMPLES: &str = "\
Examples:
  vestibule init                                                     in ./config, for http://localhost:9400
  vestibule init /etc/vestibule --issuer https://id.example.com --data /var/lib/vestibule
  vestibule init --no-input --json | jq -r '.next[]'                 the commands that come next";

/// Where a server on this machine is reached.
const LOCAL: &str = "http://localhost:9400";

/// Write a configuration to start from: commented, with a fresh key and a sample API, role and client
///
/// Nothing is overwritten: a folder that holds anything is left as it is. Either every file is written or none.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Init {
    /// Where to
    #[arg(value_name = "DIR", default_value = "config")]
    folder: PathBuf,
    /// The URL at which browsers and backends reach the server [default: asked on a terminal, else <http://localhost:9400>]
    #[arg(long, value_name = "URL", value_parser = issuer)]
    issuer: Option<Issuer>,
    /// Folder of the database files [default: data, in DIR]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ask nothing, on a terminal either
    #[arg(long)]
    no_input: bool,
    /// An object {config, issuer, files, next}
    #[arg(long)]
    json: bool,
}

fn issuer(text: &str) -> Result<Issuer, String> {
    Issuer::parse(text).map_err(|error| error.to_string())
}

impl Init {
    /// Writes it and says what to do next.
    ///
    /// # Errors
    /// When something is there already (exit 1, named), or the folder cannot be written.
    pub async fn run(self) -> Result<Exit, Stop> {
        place::check_free(&self.folder)?;
        let issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => self.ask_issuer().await?,
        };
        let files = files::all(&issuer, self.data.as_deref(), &mut system_rng())?;
        place::put(&self.folder, &files)?;
        let next = next(&self.folder, &issuer);
        let written: Vec<PathBuf> = files.iter().map(|file| self.folder.join(file.name)).collect();
        if self.json {
            let object = json!({ "config": self.folder, "issuer": issuer, "files": written, "next": next });
            output::data(&format!("{object:#}"))?;
        } else {
            let written: Vec<String> = written.iter().map(|file| file.display().to_string()).collect();
            output::data(&written.join("\n"))?;
            output::message(&format!("\nNext:\n  {}", next.join("\n  ")));
            let key = self.folder.join(files::KEY);
            output::message(&format!(
                "\nKeep a copy of {} apart from the database: without it the signing keys are lost.",
                key.display()
            ));
        }
        Ok(Exit::Ok)
    }

    async fn ask_issuer(&self) -> Result<Issuer, Stop> {
        let asks = !self.no_input && io::stdin().is_terminal() && io::stderr().is_terminal();
        let text = if asks {
            let question = format!("URL at which browsers and backends reach the server [{LOCAL}]: ");
            prompt::line_or(&question, LOCAL).await?
        } else {
            LOCAL.to_owned()
        };
        issuer(&text).map_err(|why| {
            Stop::new(Exit::Usage, format!("{} {why}", output::plain(&text))).hint("for example https://id.example.com")
        })
    }
}

/// The commands to go on with; each can be pasted.
fn next(folder: &Path, issuer: &Issuer) -> Vec<String> {
    let (program, folder) = (shell_word(&program()), shell_word(&folder.to_string_lossy()));
    [
        format!("check --config {folder}"),
        format!("serve --config {folder}"),
        format!("user add ada --role editor --config {folder}"),
        format!("token --issuer {issuer} --client cli"),
        format!("client new shop --redirect-uri http://localhost:3000/callback --config {folder}"),
    ]
    .map(|command| format!("{program} {command}"))
    .to_vec()
}
