//! `vestibule migrate`: the schema of the durable store, ahead of `serve`.
//!
//! Owns: the command. Does not own: the changes (package `migrations`), making them once (`store`).

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::{data, output};
use crate::clock::SystemClock;
use crate::store;

const EXAMPLES: &str = "\
Examples:
  vestibule migrate --config /etc/vestibule    before new instances start; several at once do no harm";

/// Bring the schema of the database up to date
///
/// Serve does so too at its start. A database of a newer version is refused and left as it is.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Migrate {
    /// Configuration folder [default: ./config, else /etc/vestibule]
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    config: Option<PathBuf>,
}

impl Migrate {
    /// Makes the changes that are missing.
    ///
    /// # Errors
    /// When the configuration is invalid, or the database cannot be used.
    pub async fn run(self) -> Result<Exit, Stop> {
        let config = data::load(&data::config_folder(self.config.as_deref())?)?;
        let opened = store::open_durable(&config, Arc::new(SystemClock)).await;
        opened.map_err(|error| Stop::failure(causes(&error)))?;
        output::data("the schema is up to date")?;
        Ok(Exit::Ok)
    }
}
