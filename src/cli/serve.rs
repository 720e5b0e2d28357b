//! `vestibule serve`: the server for real use.
//!
//! Owns: the order of its start. Does not own: serving (`startup`).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::data;
use crate::cli::dev::folder::{is_dev_folder, shell_word};
use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::signals;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::reload::Reloader;
use crate::startup::{self, Application};
use crate::telemetry;

const EXAMPLES: &str = "\
Examples:
  vestibule check --config ./config && vestibule serve --config ./config
  VESTIBULE_CONFIG=/etc/vestibule vestibule serve
  VESTIBULE__LOG__LEVEL=debug vestibule serve      any scalar of the configuration can be overridden so
  kill -HUP PID                                    reads the configuration again; a mistake changes nothing";

/// Run the server
///
/// Configuration is every *.toml under --config DIR, else ./config, else /etc/vestibule. SIGTERM and
/// Ctrl-C end it gracefully: requests in flight finish; a second signal ends it at once. SIGHUP makes it read
/// the configuration again.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Serve {
    /// Configuration folder [default: ./config, else /etc/vestibule]
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    config: Option<PathBuf>,
}

impl Serve {
    /// Runs until it is told to end.
    ///
    /// # Errors
    /// When it cannot start; each with what to do.
    pub async fn run(self) -> Result<Exit, Stop> {
        let (asked, end) = signals::listen()?;
        let folder = data::config_folder(self.config.as_deref())?;
        let config = load(&folder)?;
        telemetry::start(&config.log)?;
        let listeners = bind(&config.server.listen, "listen")?;
        let admin = config.server.admin_listen.map(|address| bind(&[address], "admin_listen")).transpose()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut end = Box::pin(end);
        let all: Vec<&TcpListener> = listeners.iter().chain(admin.iter().flatten()).collect();
        let stores = tokio::select! {
            opened = startup::open_stores(&config, &clock, &all) => {
                opened.map_err(|error| Stop::failure(causes(error.as_ref())))?
            }
            () = &mut end => return Ok(asked.exit()),
        };
        tracing::info!(issuer = %config.server.issuer, version = env!("CARGO_PKG_VERSION"), "starting");
        let admin = admin.and_then(|mut listeners| listeners.pop());
        let application = Application::build(config, stores, clock, listeners, admin).await?;
        let again = Arc::new(move || config::load(&folder, &super::env));
        let reloads = Reloader::new(application.live().clone(), again, Arc::new(|_| ()));
        let reloads = tokio::spawn(reloads.follow(asked.reload()));
        application.run(end).await?;
        reloads.abort();
        tracing::info!("ended");
        Ok(asked.exit())
    }
}

/// Reads the configuration and refuses what only `dev` may use.
fn load(folder: &Path) -> Result<Config, Stop> {
    let config = config::load(folder, &super::env).map_err(|faults| {
        let stop = data::invalid(&faults);
        if faults.lacks_encryption_key() { stop.hint(make_key(folder)) } else { stop }
    })?;
    if let Some(folder) = config.database.folder().filter(|folder| is_dev_folder(folder)) {
        let message = format!("{} is the data folder of a development server", folder.display());
        return Err(Stop::new(Exit::Config, message)
            .hint("its passwords and keys were made for development: set another folder in [database] url"));
    }
    Ok(config)
}

/// The one line that makes the key file, never wrapped, so that it can be pasted.
fn make_key(folder: &Path) -> String {
    let file = shell_word(&folder.join("encryption.key").to_string_lossy());
    format!(
        "this line makes the key file; keep a copy of it apart from the database:\n(umask 077; head -c 32 /dev/urandom | base64 > {file})"
    )
}

fn bind(addresses: &[SocketAddr], key: &str) -> Result<Vec<TcpListener>, Stop> {
    startup::bind(addresses).map_err(|error| {
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let shown = shown.join(", ");
        let message = match error.kind() {
            io::ErrorKind::AddrInUse => format!("{shown} is taken by another program"),
            _ => format!("{shown} cannot be bound: {error}"),
        };
        Stop::new(Exit::Unreachable, message).hint(format!("change {key} in [server], or end the other program"))
    })
}
