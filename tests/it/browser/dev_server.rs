//! The built binary as `vestibule dev`, with a data folder and a port of its own.
//!
//! Owns starting, reading the first line, and stopping. Does not own what `dev` prints for people, nor
//! other commands than those that need a running `dev`.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::PATIENCE;

/// What `dev --print json` says in its first line.
#[derive(Clone, Debug, Deserialize)]
pub struct Printed {
    pub issuer: String,
    pub users: Vec<DemoUser>,
    pub clients: Vec<DemoClient>,
    pub apis: Vec<DemoApi>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DemoUser {
    pub username: String,
    pub password: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DemoClient {
    pub client_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DemoApi {
    pub audience: String,
}

pub struct DevServer {
    process: Child,
    home: PathBuf,
    printed: Printed,
    said: Arc<Mutex<VecDeque<String>>>,
}

impl DevServer {
    /// `dev` as a newcomer starts it: nothing but the demo.
    pub async fn start() -> Self {
        Self::with_config("").await
    }

    /// `dev --config` with this TOML in the folder.
    pub async fn with_config(toml: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("vestibule-dev-{}-{number}", std::process::id()));
        std::fs::create_dir_all(home.join("config")).expect("a folder for the configuration");
        std::fs::write(home.join("config/test.toml"), toml).expect("the configuration");
        Self::start_in(home).await
    }

    /// Stops the server and starts it again on the same data, with one more file in its config folder.
    pub async fn restart_with(mut self, toml: &str) -> Self {
        self.process.kill().await.expect("to stop the server");
        let home = std::mem::take(&mut self.home);
        std::fs::write(home.join("config/pasted.toml"), toml).expect("the configuration");
        Self::start_in(home).await
    }

    async fn start_in(home: PathBuf) -> Self {
        let mut process = binary(&home)
            .args(["dev", "--port", "0", "--print", "json"])
            .arg("--data")
            .arg(home.join("data"))
            .arg("--config")
            .arg(home.join("config"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("vestibule dev to start");

        // Kept for a failing test, and read so that a full pipe never stops the server.
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let stderr = process.stderr.take().expect("its stderr");
        tokio::spawn(keep_last_lines(stderr, Arc::clone(&said)));

        let mut stdout = BufReader::new(process.stdout.take().expect("its stdout")).lines();
        let line = tokio::time::timeout(PATIENCE, stdout.next_line()).await;
        let Ok(Ok(Some(line))) = line else {
            let said = said.lock().expect("what it said").iter().cloned().collect::<Vec<_>>().join("\n");
            panic!("vestibule dev printed no first line ({line:?}); it said:\n{said}");
        };
        let printed = serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault} in {line}"));
        tokio::spawn(async move { while let Ok(Some(_)) = stdout.next_line().await {} });
        Self { process, home, printed, said }
    }

    pub fn issuer(&self) -> &str {
        &self.printed.issuer
    }

    pub fn user(&self, username: &str) -> &DemoUser {
        let found = self.printed.users.iter().find(|user| user.username == username);
        found.unwrap_or_else(|| panic!("dev printed no user {username}: {:?}", self.printed.users))
    }

    pub fn client(&self, client_id: &str) -> &DemoClient {
        let found = self.printed.clients.iter().find(|client| client.client_id == client_id);
        found.unwrap_or_else(|| panic!("dev printed no client {client_id}: {:?}", self.printed.clients))
    }

    pub fn api(&self) -> &DemoApi {
        self.printed.apis.first().expect("dev printed no API")
    }

    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Another command of the binary, prepared to find this server through its data folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(&self.home);
        command.args(arguments).arg("--data").arg(self.data());
        command
    }

    /// Runs another command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.expect("vestibule to start")
    }

    /// `vestibule user add`, while the server runs; the password is the generated one that it printed.
    pub async fn add_user(&self, username: &str) -> DemoUser {
        let output = self.run(&["user", "add", username]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let password = said.split_whitespace().last().expect("user add prints the password").to_owned();
        DemoUser { username: username.to_owned(), password }
    }

    /// The last lines of the server's log.
    pub fn log(&self) -> String {
        self.said.lock().expect("what it said").iter().cloned().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        let _ = self.process.start_kill();
        if std::thread::panicking() {
            eprintln!("the last lines of the server's log:\n{}", self.log());
        }
        // After a restart the folder belongs to the new server.
        if !self.home.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

/// The binary in a folder without `./config`, and without anybody's settings.
fn binary(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.current_dir(home).env("HOME", home).env_remove("XDG_STATE_HOME").stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VESTIBULE_") {
            command.env_remove(name);
        }
    }
    command
}

async fn keep_last_lines(stderr: tokio::process::ChildStderr, said: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut said = said.lock().expect("what it said");
        if said.len() == 200 {
            said.pop_front();
        }
        said.push_back(line);
    }
}
