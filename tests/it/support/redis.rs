//! Real Redis servers of our own: one for the whole run, or one for a test that breaks it.
//!
//! Owns: starting, stopping, emptying and reading them. Does not own: what the server keeps in them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::data::Folder;

/// A private Redis. It ends with the test process, even when that is killed: a shell holds it and waits
/// for the end of our pipe.
#[derive(Debug)]
pub struct Redis {
    pub port: u16,
    keeper: Option<Child>,
    folder: Folder,
    /// Its process, known from the first signal on: who stands still does not say it.
    signalled: OnceLock<u32>,
    /// Whether it keeps what it has over a restart: an append-only file, as an operator sets it up.
    keeps: bool,
}

impl Redis {
    /// The one that tests share, each under a prefix of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One of its own.
    pub fn start() -> Self {
        Self::with(Folder::new(), false)
    }

    /// One of its own that has after a crash what it had before it.
    pub fn keeping() -> Self {
        Self::with(Folder::on_disk(), true)
    }

    fn with(folder: Folder, keeps: bool) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut redis = Self { port, keeper: None, folder, signalled: OnceLock::new(), keeps };
        redis.begin();
        redis
    }

    /// Starts it (again, empty unless it keeps what it has) on its port.
    pub fn begin(&mut self) {
        self.signalled = OnceLock::new();
        let script = format!(
            "redis-server --bind 127.0.0.1 --port {} --save '' --appendonly {} --maxmemory-policy noeviction --dir '{}' --daemonize no >/dev/null & \
             server=$!; read -r _; kill -9 $server 2>/dev/null; wait",
            self.port,
            if self.keeps { "yes" } else { "no" },
            self.folder.path().display()
        );
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        assert!(found.is_ok(), "redis-server is missing: apt-get install -y --no-install-recommends redis-server");
        let keeper = Command::new("sh").arg("-c").arg(script).stdin(Stdio::piped()).spawn().expect("a shell");
        self.keeper = Some(keeper);
        let ready = (0..200).any(|_| {
            let answers = self.try_command("PING").is_some_and(|answer| answer.starts_with("+PONG"));
            if !answers {
                std::thread::sleep(Duration::from_millis(20));
            }
            answers
        });
        assert!(ready, "redis-server did not start on port {}", self.port);
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// Has it stand still (`STOP`) or go on (`CONT`).
    pub fn signal(&self, signal: &str) {
        let pid = self.signalled.get_or_init(|| self.pid()).to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -s {signal} {pid}");
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        let said = self.ask("INFO server");
        let pid = said.lines().find_map(|line| line.strip_prefix("process_id:"));
        pid.and_then(|pid| pid.trim().parse().ok()).unwrap_or_else(|| panic!("no process: {said}"))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Sends a command that must be answered with this.
    pub fn expect(&self, command: &str, answer: &str) {
        assert_eq!(self.try_command(command).as_deref().map(str::trim_end), Some(answer), "{command}");
    }

    /// What it says to a command: one line, or the beginning of several.
    pub fn ask(&self, command: &str) -> String {
        self.try_command(command).unwrap_or_default()
    }

    fn try_command(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut answer = [0_u8; 4096];
        let length = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    /// Loses everything, as a restart without persistence does.
    pub fn flush(&self) {
        self.expect("FLUSHALL", "+OK");
    }

    /// Every key under a prefix with all that is in it, as (key, bytes of key and value).
    pub fn contents(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let client = redis::Client::open(self.url()).expect("a URL");
        let mut connection = client.get_connection().expect("a connection");
        let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg(format!("{prefix}*")).query(&mut connection).expect("the keys");
        let mut out = Vec::new();
        for key in keys {
            let kind: String = redis::cmd("TYPE").arg(&key).query(&mut connection).expect("a type");
            let read = match kind.as_str() {
                "string" => redis::cmd("GET").arg(&key).to_owned(),
                "hash" => redis::cmd("HGETALL").arg(&key).to_owned(),
                "set" => redis::cmd("SMEMBERS").arg(&key).to_owned(),
                "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).to_owned(),
                "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).to_owned(),
                "none" => continue,
                other => panic!("a {other} in Redis"),
            };
            let value: redis::Value = read.query(&mut connection).expect("a value");
            let mut bytes = key.clone();
            flatten(&value, &mut bytes);
            out.push((String::from_utf8_lossy(&key).into_owned(), bytes));
        }
        out
    }
}

fn flatten(value: &redis::Value, out: &mut Vec<u8>) {
    out.push(b'\n');
    match value {
        redis::Value::BulkString(bytes) => out.extend_from_slice(bytes),
        redis::Value::SimpleString(text) => out.extend_from_slice(text.as_bytes()),
        redis::Value::Array(values) | redis::Value::Set(values) => values.iter().for_each(|value| flatten(value, out)),
        redis::Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            flatten(key, out);
            flatten(value, out);
        }),
        other => out.extend_from_slice(format!("{other:?}").as_bytes()),
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
