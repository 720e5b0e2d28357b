//! `vestibule serve` while a test needs it.
//!
//! Owns: starting it, its signals, its log. Does not own: what it should do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use reqwest::Method;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use super::program::{Home, PATIENCE, random_key};
use crate::support::Answer;
use crate::support::http::Http;

/// How long between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(10);

/// The issuer of every one: instances share it.
pub const ISSUER: &str = "http://localhost:9400";

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running server.
pub struct Serving {
    child: Child,
    pub http: Http,
    log: PathBuf,
}

/// What every configuration needs; `server` goes into that table.
pub fn configuration(server: &str) -> String {
    format!(
        "[server]\nissuer = \"{ISSUER}\"\n{server}\n[keys]\nencryption_key = {{ env = \"KEY\" }}\n\
         [passwords]\nmemory_kib = 7168\niterations = 1\n[log]\nformat = \"json\"\n\
         [limits]\nexempt_addresses = [\"127.0.0.0/8\"]\n"
    )
}

impl Serving {
    /// Starts one on what stands in `config` of that folder, and waits until it is ready.
    pub async fn start(home: &Home, key: Option<&str>) -> Self {
        Self::start_among(home, key, &[]).await
    }

    /// The same, with more in its environment.
    pub async fn start_among(home: &Home, key: Option<&str>, environment: &[(&str, &Path)]) -> Self {
        let port = free_port();
        let log = home.path().join(format!("{port}.log"));
        let mut command = home.command(&["serve", "--config", "config"]);
        command
            .envs(environment.iter().copied())
            .env("KEY", key.map_or_else(random_key, str::to_owned))
            .env("VESTIBULE__SERVER__LISTEN", format!("127.0.0.1:{port}"))
            .stderr(Stdio::from(File::create(&log).expect("a file")));
        let http = Http::new(format!("http://127.0.0.1:{port}"), ISSUER.to_owned());
        let mut serving = Self { child: command.spawn().expect("the binary"), http, log };
        while tokio::net::TcpStream::connect(serving.http.address()).await.is_err() {
            assert!(serving.child.try_wait().unwrap().is_none(), "it ended: {}", serving.log());
            sleep(LOOK).await;
        }
        while !serving.is_ready().await {
            sleep(LOOK).await;
        }
        serving
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log")
    }

    /// Waits for a line of its log that has all of these.
    pub async fn logged(&self, words: &[&str]) -> serde_json::Value {
        let found = async {
            loop {
                let log = self.log();
                if let Some(line) = log.lines().find(|line| words.iter().all(|word| line.contains(word))) {
                    return serde_json::from_str(line).expect("JSON");
                }
                sleep(LOOK).await;
            }
        };
        let line = timeout(PATIENCE, found).await;
        line.unwrap_or_else(|_| panic!("no line with {words:?}:\n{}", self.log()))
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().expect("a running child");
        let kill = std::process::Command::new("sh").arg("-c").arg(format!("kill -{name} {pid}")).status();
        assert!(kill.expect("a shell").success());
    }

    /// GET of a path, on a connection of its own.
    pub async fn get(&self, path: &str) -> Answer {
        self.http.request(Method::GET, &format!("{ISSUER}{path}")).send().await
    }

    /// Whether it says that it should get requests.
    pub async fn is_ready(&self) -> bool {
        let http = Http::new(format!("http://{}", self.http.address()), ISSUER.to_owned());
        http.in_trouble(true);
        let answer = http.request(Method::GET, &format!("{ISSUER}/readyz")).send().await;
        assert!(matches!(answer.status, 200 | 503), "{}", answer.status);
        answer.status == 200
    }

    /// Waits until it says that it should not.
    pub async fn not_ready(&self) {
        while self.is_ready().await {
            sleep(LOOK).await;
        }
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("an end").expect("a status")
    }
}
