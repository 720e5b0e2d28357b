//! An installation as an operator has it: the real program, one instance on SQLite alone or two over
//! PostgreSQL and Redis, with a proxy of ours before each store.
//!
//! Owns: its configuration and its processes. Does not own: what is done to them (`injection`).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::program::random_key;
use crate::support::configuration;
use crate::support::data::Folder;
use crate::support::postgres::{Database, Postgres};
use crate::support::providers::{FakeProvider, OUTBOUND};
use crate::support::proxy::Proxy;
use crate::support::redis::Redis;

/// Names the program to run in place of the one built with the tests.
const PROGRAM: &str = "VESTIBULE_FAULTS_PROGRAM";

/// The provider where some people sign in.
pub const PROVIDER: &str = "elsewhere";

/// Far longer than a start takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// The servers under two instances.
#[derive(Debug)]
pub struct Servers {
    pub redis: Redis,
    pub to_redis: Proxy,
    // In this order: the database goes before its server.
    pub database: Database,
    pub postgres: Postgres,
    pub to_postgres: Proxy,
}

/// Everything that runs.
#[derive(Debug)]
pub struct Installation {
    pub instances: Vec<Instance>,
    pub servers: Option<Servers>,
    pub admin: Admin,
    pub issuer: String,
    /// Where people may sign in, too; it is always well.
    pub provider: Arc<FakeProvider>,
    folder: Folder,
}

/// What makes a process of ours.
#[derive(Debug, Clone)]
pub struct Admin {
    program: PathBuf,
    config: PathBuf,
    key: String,
}

/// One process.
#[derive(Debug)]
pub struct Instance {
    pub port: u16,
    child: Option<Child>,
    admin: Admin,
    log: PathBuf,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn port_of(url: &str) -> u16 {
    url.parse::<url::Url>().ok().and_then(|url| url.port()).expect("a port")
}

impl Installation {
    /// Makes and starts it.
    pub async fn start(shared: bool) -> Self {
        let folder = Folder::on_disk();
        let servers = shared.then(|| {
            let (redis, postgres) = (Redis::keeping(), Postgres::under(&std::env::temp_dir(), "on", "on"));
            let database = postgres.database();
            let (to_redis, to_postgres) = (Proxy::to(redis.port), Proxy::to(port_of(&database.url())));
            Servers { redis, to_redis, database, postgres, to_postgres }
        });
        let ports: Vec<u16> = (0..if shared { 2 } else { 1 }).map(|_| free_port()).collect();
        let issuer = format!("http://localhost:{}", ports[0]);
        let config = folder.path().join("config");
        std::fs::create_dir_all(&config).expect("a folder");
        let stores = match &servers {
            None => format!("[database]\nurl = \"sqlite:{}\"\n", folder.path().join("data").display()),
            Some(servers) => format!(
                "[database]\nurl = \"{}\"\n\n[redis]\nurl = \"redis://127.0.0.1:{}/0\"\n",
                servers.database.url_at(servers.to_postgres.port()),
                servers.to_redis.port()
            ),
        };
        let toml = format!(
            "[server]\nissuer = \"{issuer}\"\nshutdown_timeout = \"1s\"\n\n{stores}\n\
             [keys]\nencryption_key = {{ env = \"KEY\" }}\n\n[log]\nformat = \"json\"\n\n\
             [limits]\nexempt_addresses = [\"127.0.0.1\"]\n\n[passwords]\nmemory_kib = 7168\niterations = 1\nthreads = 2\n{}",
            configuration::registry()
        );
        let provider = FakeProvider::start();
        provider.runs();
        let toml = [&toml, provider.toml_with(PROVIDER, "create = \"never\"\n").as_str(), OUTBOUND].concat();
        std::fs::write(config.join("vestibule.toml"), toml).expect("a file");
        let program = std::env::var_os(PROGRAM).map_or_else(|| env!("CARGO_BIN_EXE_vestibule").into(), PathBuf::from);
        let admin = Admin { program, config, key: random_key() };
        let log = |port: u16| folder.path().join(format!("{port}.log"));
        let instance = |port| Instance { port, child: None, admin: admin.clone(), log: log(port) };
        let mut instances: Vec<Instance> = ports.into_iter().map(instance).collect();
        for instance in &mut instances {
            instance.start().await;
        }
        Self { instances, servers, admin, issuer, provider: Arc::new(provider), folder }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The SQLite file.
    pub fn sqlite(&self) -> PathBuf {
        self.folder.path().join("data/vestibule.db")
    }

    /// Every panic that a process logged or died of.
    pub fn panics(&self) -> Vec<String> {
        let logs = self.instances.iter().map(|instance| std::fs::read_to_string(&instance.log).unwrap_or_default());
        let panicked = |line: &&str| line.contains("panicked at") || line.contains("\"panic");
        logs.flat_map(|log| log.lines().filter(panicked).map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// What all processes together hold: open files, and memory in KiB.
    pub fn held(&self) -> (usize, usize) {
        let held = self.instances.iter().map(Instance::held);
        held.fold((0, 0), |(files, memory), (more_files, more_memory)| (files + more_files, memory + more_memory))
    }

    /// Keeps what the processes logged, for whoever looks into a failure.
    pub fn keep_logs(&self, folder: &Path) {
        for instance in &self.instances {
            let _ = std::fs::copy(&instance.log, folder.join(format!("{}.log", instance.port)));
        }
    }
}

impl Admin {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(&self.config).env_clear().env("KEY", &self.key);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Adds a person; their `sub` and generated password when it was acknowledged.
    pub async fn add(&self, username: &str) -> Option<(String, String)> {
        let command = self.command(&["user", "add", username, "--role", "editor", "--json"]);
        let output = tokio::process::Command::from(command).stdout(Stdio::piped()).output().await.expect("the program");
        let facts: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let text = |name: &str| facts[name].as_str().map(str::to_owned);
        output.status.success().then_some((text("id")?, text("password")?))
    }

    /// Disables a person; whether it was acknowledged.
    pub async fn disable(&self, username: &str) -> bool {
        let command = self.command(&["user", "disable", username]);
        tokio::process::Command::from(command).status().await.expect("the program").success()
    }
}

impl Instance {
    /// Starts it and waits until it is ready; how long that took.
    pub async fn start(&mut self) -> Duration {
        let begun = Instant::now();
        let log = std::fs::File::options().create(true).append(true).open(&self.log).expect("a log");
        let mut command = self.admin.command(&["serve"]);
        command.env("VESTIBULE__SERVER__LISTEN", format!("127.0.0.1:{}", self.port)).stderr(log);
        self.child = Some(command.spawn().expect("the program"));
        while !self.is_ready().await {
            let ended = self.child.as_mut().is_none_or(|child| child.try_wait().expect("a child").is_some());
            let said = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(!ended && begun.elapsed() < PATIENCE, "it did not start: {}", said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    }

    async fn is_ready(&self) -> bool {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client");
        let asked = client.get(format!("http://127.0.0.1:{}/readyz", self.port)).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a running process");
            child.wait().expect("its end");
        }
    }

    fn held(&self) -> (usize, usize) {
        let pid = self.child.as_ref().expect("a running process").id();
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|text| text.split_whitespace().next()).and_then(|number| number.parse().ok());
        (files, memory.unwrap_or_default())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
