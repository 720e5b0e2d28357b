//! The binary under test: one command to its end, or a server while a test needs it.
//!
//! Owns: running it in a folder and an environment of its own. Does not own: what it should do.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::UserAgent;
use crate::support::http::Http;

/// Far more than anything takes on the slowest machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A folder to run in: it is the home folder, too, and gone at the end.
#[derive(Debug)]
pub struct Home(PathBuf);

impl Home {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("vestibule-cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where `dev` keeps its data by default.
    pub fn data(&self) -> PathBuf {
        self.0.join("state/vestibule/dev")
    }

    /// Writes a file under it.
    pub fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The binary, to be run here with nothing of the tests' own environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(arguments);
        self.prepare(&mut command);
        command
    }

    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(&self.0)
            .env_clear()
            .env("HOME", &self.0)
            .env("XDG_STATE_HOME", self.0.join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
    }

    /// Runs a command to its end, with nothing on stdin.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "").await
    }

    /// Runs a command to its end with that on stdin.
    pub async fn run_with(&self, arguments: &[&str], stdin: &str) -> Ended {
        run(self.command(arguments), stdin).await
    }

    /// Runs a command to its end at a terminal, where somebody types that line; all it shows is in `stdout`.
    pub async fn at_a_terminal(&self, arguments: &[&str], typed: &str) -> Ended {
        let words: Vec<&str> =
            std::iter::once(env!("CARGO_BIN_EXE_vestibule")).chain(arguments.iter().copied()).collect();
        assert!(!words.iter().any(|word| word.contains([' ', '\''])), "a shell would read it otherwise");
        let mut command = Command::new("script");
        command.args(["-q", "-e", "-c", &words.join(" "), "/dev/null"]);
        self.prepare(&mut command).env("PATH", "/usr/bin:/bin");
        run(command, &format!("{typed}\n")).await
    }

    /// Starts a development server on a free port, with more arguments.
    pub async fn dev(&self, arguments: &[&str]) -> Dev {
        let all: Vec<&str> = ["dev", "--port", "0", "--print", "json"].iter().chain(arguments).copied().collect();
        Dev::start(self.command(&all)).await
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a command to its end.
pub async fn run(mut command: Command, stdin: &str) -> Ended {
    let mut child = command.spawn().expect("the binary");
    let mut input = child.stdin.take().expect("stdin");
    // A command that reads nothing may be gone already.
    let _ = input.write_all(stdin.as_bytes()).await;
    drop(input);
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("an end").expect("an output");
    Ended::from(output)
}

/// A key-encryption key.
pub fn random_key() -> String {
    use base64::Engine as _;
    use rand::Rng as _;
    let mut bytes = [0_u8; 32];
    vestibule::clock::system_rng().fill_bytes(&mut bytes);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ended {
    /// It ended with that code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// It failed with that code, said so on stderr alone, and named each of these.
    #[track_caller]
    pub fn refuses(self, code: i32, words: &[&str]) -> Self {
        let ended = self.expect(code);
        assert_eq!(ended.stdout, "", "{ended:#?}");
        for word in words {
            assert!(ended.stderr.contains(word), "'{word}' is missing: {}", ended.stderr);
        }
        ended
    }

    /// Its only line on stdout.
    #[track_caller]
    pub fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {self:#?}"));
        assert!(!line.contains('\n'), "more than a line: {self:#?}");
        line
    }
}

/// A running development server.
#[derive(Debug)]
pub struct Dev {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub stderr: Option<ChildStderr>,
    /// What it said of itself.
    pub facts: Value,
}

impl Dev {
    /// Waits for the line of facts; a server that ends first shows why.
    pub async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let mut stderr = child.stderr.take().expect("stderr");
        let mut line = String::new();
        timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("a line in time").expect("a line");
        if line.is_empty() {
            let mut why = String::new();
            let _ = stderr.read_to_string(&mut why).await;
            panic!("the server ended: {why}");
        }
        let facts = serde_json::from_str(&line).unwrap_or(Value::Null);
        Self { child, stdout, stderr: Some(stderr), facts }
    }

    pub fn issuer(&self) -> &str {
        self.facts["issuer"].as_str().expect("an issuer")
    }

    pub fn port(&self) -> u16 {
        self.issuer().rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
    }

    pub fn http(&self) -> Http {
        Http::new(format!("http://127.0.0.1:{}", self.port()), self.issuer().to_owned())
    }

    pub fn browser(&self) -> UserAgent {
        UserAgent::new(&self.http())
    }

    /// The password of a demo person.
    pub fn password(&self, username: &str) -> String {
        let users = self.facts["users"].as_array().expect("users");
        let user = users.iter().find(|user| user["username"] == username).expect("the person");
        user["password"].as_str().expect("a password").to_owned()
    }

    /// A client of the facts.
    pub fn client(&self, client_id: &str) -> &Value {
        let clients = self.facts["clients"].as_array().expect("clients");
        clients.iter().find(|client| client["client_id"] == client_id).expect("the client")
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().expect("a running child");
        let kill = std::process::Command::new("sh").arg("-c").arg(format!("kill -{name} {pid}")).status();
        assert!(kill.expect("a shell").success());
    }

    /// Ends it with a signal; its exit status and what it wrote.
    pub async fn stop(mut self, signal: &str) -> Stopped {
        self.signal(signal);
        let status = timeout(PATIENCE, self.child.wait()).await.expect("an end").expect("a status");
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).await.expect("stdout");
        if let Some(mut pipe) = self.stderr.take() {
            pipe.read_to_string(&mut stderr).await.expect("stderr");
        }
        Stopped { status, stdout, stderr }
    }
}

/// A server that ended.
#[derive(Debug)]
pub struct Stopped {
    status: ExitStatus,
    /// What followed the first line.
    pub stdout: String,
    pub stderr: String,
}

impl Stopped {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!((self.status.code(), self.status.signal()), (Some(code), None), "{self:#?}");
        self
    }
}
