//! `vestibule dev`: a server to develop against, with nothing to configure.
//!
//! Owns: the order of its start. Does not own: serving (`startup`), the demo entries (`config`).

pub mod banner;
pub mod credentials;
pub mod folder;
mod listeners;
mod people;
pub mod running;
pub mod settings;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use self::banner::Banner;
use self::credentials::{Credentials, start_afresh};
use self::folder::Folder;
use self::running::Running;
use self::settings::Own;
use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::{env, output, signals};
use crate::clock::{Clock, SystemClock, system_rng};
use crate::config::{Config, DevSettings};
use crate::passwords::PasswordHasher;
use crate::reload::{Load, Reloader, Tell};
use crate::startup::Application;
use crate::store::{self, Stores};
use crate::telemetry;

const EXAMPLES: &str = "\
Examples:
  vestibule dev                         on http://localhost:9400, with demo people and clients
  vestibule dev --port 0                on any free port
  vestibule dev --config ./config       with your clients, APIs, roles and providers beside the demo
  vestibule dev --print json | head -1  for scripts: one JSON object once it accepts connections";

/// Run a development server: nothing to configure, never for production
///
/// Listens on this machine only. Data and generated credentials are kept in the data folder, so that the
/// next start has the same people, clients and keys. Clients, APIs, roles, providers, lifetimes,
/// limits, password rules and outbound connections are read from ./config (if it is there) or --config DIR.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Dev {
    /// Port on 127.0.0.1 and ::1; 0 takes a free one
    #[arg(long, default_value_t = 9400)]
    port: u16,
    /// Data folder [default: $XDG_STATE_HOME/vestibule/dev, else ~/.local/state/vestibule/dev]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration folder [default: ./config, if it is there]
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    config: Option<PathBuf>,
    /// Keep sessions and codes in this Redis; put a URL with a password into the variable
    #[arg(long, value_name = "URL", env = "VESTIBULE_DEV_REDIS", hide_env_values = true)]
    redis: Option<SecretString>,
    /// What to print when it accepts connections
    #[arg(long, value_enum, default_value_t = Print::Text)]
    print: Print,
}

/// `--print`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Print {
    /// For people
    Text,
    /// One JSON object on the first line
    Json,
}

impl Dev {
    /// Runs until it is told to end.
    ///
    /// # Errors
    /// When it cannot start; each with what to do.
    pub async fn run(self) -> Result<Exit, Stop> {
        let (asked, end) = signals::listen()?;
        let read_from = settings::folder(self.config.as_deref())?;
        let folder = Folder::locate(self.data.as_deref(), &env)?;
        folder.prepare()?;
        let _held = folder.hold()?;
        let bound = listeners::bind(self.port)?;
        let credentials = Credentials::load_or_create(folder.path(), &mut system_rng())?;
        let issuer = settings::issuer_of(&format!("http://localhost:{}", bound.port))?;
        let own = Own { issuer, listen: bound.addresses.clone(), redis_url: self.redis.clone() };
        let own = own.with(folder.path(), &credentials);
        let config = settings::load(read_from.as_deref(), &own)?;
        telemetry::start(&config.log)?;
        // From here on what the last start told is not true any more.
        Running::forget(folder.path());
        if let Some(error) = &bound.without_ipv6 {
            tracing::warn!(%error, "::1 is not available: listening on 127.0.0.1 only");
        }

        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let stores = open(&config, &folder, &clock).await?;
        let hasher = PasswordHasher::start(&config.passwords).map_err(Stop::failure)?;
        let people =
            people::settle(stores.users.as_ref(), &hasher, &credentials, clock.now(), &mut system_rng()).await?;
        drop(hasher);
        let banner = Banner {
            config: &config,
            read_from: read_from.as_ref(),
            folder: &folder,
            credentials: &credentials,
            people: &people,
        };
        let announcement = match self.print {
            Print::Text => banner.text(),
            Print::Json => banner.json(),
        };
        Running::now(&config, read_from.as_ref().map(absolute), &credentials).write(folder.path())?;

        let again = reloads(read_from, own, folder.path().to_owned(), credentials);
        let application = Application::build(config, stores, clock, bound.listeners, None)
            .await
            .map_err(|error| Stop::from(error).hint(start_afresh(folder.path())))?;
        let reloads = Reloader::new(application.live().clone(), again.0, again.1);
        let reloads = tokio::spawn(reloads.follow(asked.reload()));
        serve(application, &bound.addresses, &announcement, end).await?;
        reloads.abort();
        Ok(asked.exit())
    }
}

/// How the configuration is read again, and who is told what it says then: the commands that look for
/// this server.
fn reloads(read_from: Option<PathBuf>, own: DevSettings, data: PathBuf, known: Credentials) -> (Arc<Load>, Arc<Tell>) {
    let folder = read_from.clone();
    let load = move || settings::load_again(folder.as_deref(), &own);
    let tell = move |config: &Config| {
        if let Err(stop) = Running::now(config, read_from.as_ref().map(absolute), &known).write(&data) {
            tracing::warn!("{}", stop.message);
        }
    };
    (Arc::new(load), Arc::new(tell))
}

/// Opens the stores of a folder and asks Redis, if there is one, whether it is there: a development
/// server without it would only disappoint.
async fn open(config: &Config, folder: &Folder, clock: &Arc<dyn Clock>) -> Result<Stores, Stop> {
    let stores = store::open(config, Arc::clone(clock))
        .await
        .map_err(|error| Stop::failure(causes(&error)).hint(start_afresh(folder.path())))?;
    if config.redis.is_some() {
        stores.ephemeral.ping().await.map_err(|error| {
            Stop::new(Exit::Unreachable, format!("Redis cannot be reached: {}", causes(&error)))
                .hint("start it, correct --redis URL, or leave --redis away: the data folder is enough")
        })?;
    }
    Ok(stores)
}

/// Serves, and says so once a connection is answered.
async fn serve(
    application: Application,
    addresses: &[SocketAddr],
    announcement: &str,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Stop> {
    let mut served = pin!(application.run(end));
    tokio::select! {
        biased;
        ended = &mut served => return ended.map_err(Stop::from),
        () = answers(addresses) => output::data(announcement)?,
    }
    served.await.map_err(Stop::from)
}

/// Ready when every address answers `/livez`.
async fn answers(addresses: &[SocketAddr]) {
    for address in addresses {
        while !answers_one(*address).await.unwrap_or(false) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn answers_one(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /livez HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", address.port());
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0_u8; 5];
    stream.read_exact(&mut head).await?;
    Ok(head == *b"HTTP/")
}

fn absolute(path: &PathBuf) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.clone())
}
