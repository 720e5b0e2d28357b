//! Which configuration a command reads and which data an admin command works on.
//!
//! Owns: the order in which both are looked for. Does not own: reading them (`config`, `store`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::dev::credentials::{Credentials, start_afresh};
use crate::cli::dev::folder::Folder;
use crate::cli::dev::running::Running;
use crate::cli::dev::settings;
use crate::cli::env;
use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::output;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Draft, Faults};
use crate::store::{self, Stores};

/// The folders in which `serve` and `check` look for configuration when none is named.
const PLACES: [&str; 2] = ["./config", "/etc/vestibule"];

const NAME_IT: &str = "say whose data is meant: --data DIR for a development server's data folder, --config DIR for \
    the configuration of another server";

/// Which server's data an admin command works on.
#[derive(Debug, Args)]
pub struct Where {
    /// Data folder of a development server, running or not [default: that of the running one]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration folder of a server, whose database is used unless --data is given
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// The data of one server, opened.
pub struct Opened {
    /// Its configuration.
    pub config: Config,
    /// Its stores.
    pub stores: Stores,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Where {
    /// Opens it: `--data DIR`, else `--config DIR`, else the running `dev` of the default folder. Only
    /// people are worked on so, so Redis is not asked.
    ///
    /// # Errors
    /// When there is none (exit 5), its configuration is invalid (3), or it cannot be opened (1).
    pub async fn open(&self) -> Result<Opened, Stop> {
        let config = self.config()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let opened = store::open_durable(&config, Arc::clone(&clock)).await;
        let stores = opened.map_err(|error| {
            let stop = Stop::failure(causes(&error));
            match config.database.folder().filter(|_| config.dev) {
                Some(folder) => stop.hint(start_afresh(folder)),
                None => stop,
            }
        })?;
        Ok(Opened { config, stores, clock })
    }
}

impl Where {
    /// Its configuration alone.
    ///
    /// # Errors
    /// As [`Where::open`].
    pub fn config(&self) -> Result<Config, Stop> {
        self.config_with(None)
    }

    /// Its configuration with one more text, as if a file of its folder held it.
    ///
    /// # Errors
    /// As [`Where::open`].
    pub fn config_with(&self, draft: Option<Draft<'_>>) -> Result<Config, Stop> {
        match (&self.data, &self.config) {
            (Some(data), _) => of_dev(&Folder::locate(Some(data), &env)?, draft),
            (None, Some(config)) => load_with(config, draft),
            (None, None) => of_dev(&running_folder(None, NAME_IT)?, draft),
        }
    }
}

/// The folder that a running development server holds: `--data DIR` or the default one. `otherwise` says
/// what the command can do without.
///
/// # Errors
/// When none runs there (exit 5, with what to do).
pub fn running_folder(data: Option<&Path>, otherwise: &str) -> Result<Folder, Stop> {
    let folder = Folder::locate(data, &env)?;
    if folder.is_held() {
        return Ok(folder);
    }
    let message = format!("no development server runs on {}", folder.path().display());
    Err(Stop::new(Exit::NotFound, message).hint(format!("start one (vestibule dev), or {otherwise}")))
}

fn of_dev(folder: &Folder, draft: Option<Draft<'_>>) -> Result<Config, Stop> {
    let path = folder.path();
    if !folder.is_dev() {
        let message = format!("{} is not the data folder of a development server", path.display());
        return Err(Stop::new(Exit::NotFound, message).hint("name a server by its configuration: --config DIR"));
    }
    let credentials = Credentials::load(path)?;
    let known = Running::read(path);
    let issuer = known.as_ref().map_or("http://localhost", |running| running.issuer.as_str());
    let issuer = settings::issuer_of(issuer)?;
    // The folder may be gone since the server started; people can be worked on without it.
    let config = known.and_then(|running| running.config).filter(|config| config.is_dir());
    let own = settings::Own { issuer, listen: Vec::new(), redis_url: None };
    settings::load_with(config.as_deref(), draft, &own.with(path, &credentials))
}

/// The configuration folder of `serve` and `check`: the one named, else `./config`, else `/etc/vestibule`.
///
/// # Errors
/// When there is none.
pub fn config_folder(named: Option<&Path>) -> Result<PathBuf, Stop> {
    if let Some(named) = named {
        return existing(named);
    }
    PLACES.iter().map(PathBuf::from).find(|place| place.is_dir()).ok_or_else(|| {
        Stop::new(Exit::Config, format!("there is no configuration folder: looked for {}", PLACES.join(" and ")))
            .hint("name it: --config DIR (or set VESTIBULE_CONFIG); for a first look, vestibule dev needs none")
    })
}

/// A configuration folder that was named must be there.
///
/// # Errors
/// When it is not.
pub fn existing(named: &Path) -> Result<PathBuf, Stop> {
    if named.is_dir() {
        return Ok(named.to_owned());
    }
    let why = if named.exists() { "is not a folder" } else { "does not exist" };
    Err(Stop::new(Exit::Config, format!("the configuration folder {} {why}", named.display()))
        .hint("check the path; it is a folder of *.toml files"))
}

/// Reads a server's configuration.
///
/// # Errors
/// Exit 3 with every fault rendered.
pub fn load(folder: &Path) -> Result<Config, Stop> {
    load_with(folder, None)
}

fn load_with(folder: &Path, draft: Option<Draft<'_>>) -> Result<Config, Stop> {
    config::load_with(&existing(folder)?, draft, &env).map_err(|faults| invalid(&faults))
}

/// How a command ends that needed a valid configuration.
#[must_use]
pub fn invalid(faults: &Faults) -> Stop {
    Stop::new(
        Exit::Config,
        format!("the configuration is invalid\n\n{}", faults.render(output::stderr_has_color()).trim_end()),
    )
}
