//! The whole server in this process: the same composition root as in production, port 0, a clock that
//! stands still.
//!
//! Owns: starting and stopping it on either set-up, and instances that share one set of stores. Does not
//! own: anything it answers.

use std::fmt::Write as _;
use std::future::Future;
use std::net::TcpListener;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use tokio::sync::{mpsc, oneshot};
use vestibule::app::App;
use vestibule::clock::{Clock, ManualClock, SystemClock};
use vestibule::config::{self, Config};
use vestibule::reload::{Reloaded, Reloader};
use vestibule::startup::{Application, bind};
use vestibule::store;

use super::agent::UserAgent;
use super::answer::Answer;
use super::configuration;
use super::data::Folder;
use super::http::{Http, Request};
use super::logs;
use super::postgres::{Database, Postgres};
use super::redis::Redis;

/// What holds the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// SQLite alone.
    Sqlite,
    /// SQLite, and sessions and codes in Redis.
    Redis,
    /// PostgreSQL, and sessions and codes in Redis.
    Postgres,
}

/// What a test may want otherwise.
#[derive(Debug, Default)]
pub struct Options {
    /// Of the issuer: `http://localhost:PORT` where absent.
    pub origin: Option<&'static str>,
    /// Of the issuer, after its origin.
    pub path: &'static str,
    /// More TOML, after everything else.
    pub extra: &'static str,
    /// What stands in `[passwords]` instead of what is cheap.
    pub passwords: &'static str,
    /// Whether it also has an admin listener.
    pub admin: bool,
    /// A Redis of its own.
    pub redis: Option<String>,
    /// A database on a PostgreSQL of its own.
    pub database: Option<Database>,
}

/// What instances share.
#[derive(Debug)]
struct Shared {
    folder: Folder,
    database: Option<Database>,
    toml: Mutex<String>,
    clock: Arc<ManualClock>,
    prefix: String,
    issuer: String,
    origin: String,
    redis: Option<String>,
    admin: bool,
}

/// A running server.
pub struct TestApp {
    shared: Arc<Shared>,
    app: App,
    http: Http,
    admin: Option<Http>,
    reloads: mpsc::UnboundedSender<oneshot::Sender<Reloaded>>,
    shutdown: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

/// The least that `serve` takes.
const CHEAP_PASSWORDS: &str = "memory_kib = 7168\niterations = 1\nthreads = 2\n";

/// The key-encryption key of the tests: 32 bytes, base64.
pub const ENCRYPTION_KEY: &str = "ZQXdjPZ7D1S9CpzauQQpaeelRk200Ej0ykajxm38fXY=";

impl TestApp {
    /// As most tests want it.
    pub async fn start(setup: Setup) -> Self {
        Self::with(setup, Options::default()).await
    }

    /// With something special.
    pub async fn with(setup: Setup, options: Options) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        logs::catch();
        let listener = bind(&["127.0.0.1:0".parse().expect("an address")]).expect("a port").remove(0);
        let port = listener.local_addr().expect("an address").port();
        let origin = options.origin.map_or_else(|| format!("http://localhost:{port}"), str::to_owned);
        let issuer = format!("{origin}{}", options.path);
        let prefix = format!("t{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let redis = match setup {
            Setup::Sqlite => None,
            Setup::Redis | Setup::Postgres => Some(options.redis.unwrap_or_else(|| Redis::shared().url())),
        };
        let database = match setup {
            Setup::Sqlite | Setup::Redis => None,
            Setup::Postgres => Some(options.database.unwrap_or_else(|| Postgres::shared().database())),
        };
        let folder = Folder::new();
        let url =
            database.as_ref().map_or_else(|| format!("sqlite:{}", folder.path().join("data").display()), Database::url);
        let mut toml = format!(
            "[server]\nissuer = \"{issuer}\"\nshutdown_timeout = \"1s\"\ndrain = \"0s\"\n\n\
             [database]\nurl = \"{url}\"\n\n\
             [keys]\nencryption_key = {{ env = \"TEST_KEY\" }}\n\n\
             [passwords]\n{}",
            if options.passwords.is_empty() { CHEAP_PASSWORDS } else { options.passwords },
        );
        if let Some(url) = &redis {
            write!(toml, "\n[redis]\nurl = \"{url}\"\nkey_prefix = \"{prefix}\"\n").expect("text");
        }
        toml.push_str(&configuration::registry());
        toml.push_str(options.extra);
        // Where the machine's clock is, since the relying party reads that one; and then only by hand.
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let toml = Mutex::new(toml);
        let shared = Shared { folder, database, toml, clock, prefix, issuer, origin, redis, admin: options.admin };
        Self::run(Arc::new(shared), listener).await
    }

    /// Another instance over the same stores, keys and clock, with the same issuer.
    pub async fn sibling(&self) -> Self {
        let listener = bind(&["127.0.0.1:0".parse().expect("an address")]).expect("a port").remove(0);
        Self::run(Arc::clone(&self.shared), listener).await
    }

    async fn run(shared: Arc<Shared>, listener: TcpListener) -> Self {
        shared.write();
        let config = shared.read().unwrap_or_else(|faults| panic!("{faults}"));
        let (reloads, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<Reloaded>>();
        let loads = Arc::clone(&shared);
        let (started, starting) = oneshot::channel();
        let (shutdown, stopping) = oneshot::channel::<()>();
        let (ended, ending) = oneshot::channel();
        let clock: Arc<dyn Clock> = Arc::clone(&shared.clock) as _;
        let admin = shared.admin.then(|| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let addresses = [Some(&listener), admin.as_ref()]
            .map(|listener| listener.map(|listener| listener.local_addr().expect("an address").to_string()));
        // A runtime of its own, as in production: what the server starts there lives as long as it.
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let stores = store::open(&config, Arc::clone(&clock)).await.expect("the stores open");
                let application =
                    Application::build(config, stores, clock, vec![listener], admin).await.expect("it starts");
                let reloader =
                    Reloader::new(application.live().clone(), Arc::new(move || loads.read()), Arc::new(|_| ()));
                tokio::spawn(reloader.clone().follow(Arc::default()));
                tokio::spawn(async move {
                    while let Some(answer) = asked.recv().await {
                        let _ = answer.send(reloader.reload().await);
                    }
                });
                assert!(started.send(App::clone(&application.live().current())).is_ok(), "the test is gone");
                let _ = application.run(async { drop(stopping.await) }).await;
            });
            let _ = ended.send(());
        };
        std::thread::Builder::new().name("vestibule-server".to_owned()).spawn(serve).expect("a thread");
        let app = starting.await.unwrap_or_else(|_| panic!("the server did not start: {:?}", logs::panics()));
        let [http, admin] = addresses
            .map(|address| address.map(|address| Http::new(format!("http://{address}"), shared.origin.clone())));
        let http = http.expect("a listener");
        Self { shared, app, http, admin, reloads, shutdown: Some(shutdown), ended: Some(ending) }
    }

    /// Changes the text of its configuration; it applies with the next start or reload.
    pub fn configure(&self, change: impl FnOnce(&str) -> String) {
        let mut toml = self.shared.toml.lock().expect("the text");
        *toml = change(&toml);
        drop(toml);
        self.shared.write();
    }

    /// Where its configuration is.
    pub fn config_folder(&self) -> PathBuf {
        self.shared.config_folder()
    }

    /// Makes it read its configuration again, as SIGHUP does; what came of it.
    pub async fn reload(&self) -> Reloaded {
        let (answer, answered) = oneshot::channel();
        self.reloads.send(answer).expect("a running server");
        answered.await.expect("an answer")
    }

    /// Stops it and waits until it has; files are whole then.
    pub async fn stop(&mut self) {
        drop(self.shutdown.take());
        if let Some(ended) = self.ended.take() {
            let stopped = tokio::time::timeout(Duration::from_secs(10), ended).await;
            assert!(stopped.is_ok(), "it does not stop");
        }
    }

    /// What its handlers see.
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Moves its clock.
    pub fn advance(&self, span: Duration) {
        self.shared.clock.advance(span);
    }

    /// Moves its clock by seconds.
    pub fn advance_seconds(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// The issuer, byte for byte.
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// The URL of a path under the issuer.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shared.issuer)
    }

    /// Speaks to its public listener.
    pub const fn http(&self) -> &Http {
        &self.http
    }

    /// Speaks to its admin listener.
    pub fn admin(&self) -> &Http {
        self.admin.as_ref().expect("options.admin")
    }

    /// A request to a path under the issuer.
    #[track_caller]
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.http.request(method, &self.url(path))
    }

    /// GET of a path under the issuer, by nobody in particular.
    pub fn get(&self, path: &str) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        Box::pin(self.request(Method::GET, path).send())
    }

    /// A fresh browser.
    pub fn browser(&self) -> UserAgent {
        UserAgent::new(&self.http)
    }

    /// Its data folder.
    pub fn folder(&self) -> &Folder {
        &self.shared.folder
    }

    /// Its PostgreSQL database, where it has one.
    pub fn database(&self) -> Option<&Database> {
        self.shared.database.as_ref()
    }

    /// Everything it keeps anywhere, as (place, bytes).
    pub fn kept(&self) -> Vec<(String, Vec<u8>)> {
        let mut kept = Vec::new();
        for (name, bytes) in self.shared.folder.contents() {
            if !name.contains("/config/") {
                kept.push((name, bytes));
            }
        }
        if let Some(database) = &self.shared.database {
            let tables = database.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
            let rows = |table: &str| database.run(&format!("COPY {table} TO STDOUT")).into_bytes();
            kept.extend(tables.lines().map(|table| (table.to_owned(), rows(table))));
        }
        if self.shared.redis.is_some() {
            kept.extend(Redis::shared().contents(&self.shared.prefix));
        }
        kept
    }
}

impl Shared {
    fn config_folder(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn write(&self) {
        let folder = self.config_folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::create_dir_all(self.folder.path().join("data")).expect("a folder");
        std::fs::write(folder.join("vestibule.toml"), &*self.toml.lock().expect("the text")).expect("a file");
    }

    /// Reads the configuration as `serve` does.
    fn read(&self) -> Result<Config, config::Faults> {
        let env = |name: &str| (name == "TEST_KEY").then(|| ENCRYPTION_KEY.to_owned());
        config::load(&self.config_folder(), &env)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        // Every test is also a test of this.
        if !std::thread::panicking() {
            let panics = logs::panics();
            assert!(panics.is_empty(), "a server panicked: {panics:#?}");
        }
    }
}
