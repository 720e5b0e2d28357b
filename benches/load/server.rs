//! A server under load, in a process of its own, so that its CPU time and memory are its alone.
//!
//! Owns: its configuration, starting it, ending it. Does not own: what it is asked.

use std::fmt::{self, Write as _};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use serde_json::{Value, json};
use vestibule::protocol::opaque::TokenHash;

use crate::data::Folder;
use crate::postgres::{Database, Postgres};
use crate::redis::Redis;

/// The secret of every confidential client here.
pub const SECRET: &str = "a-secret-of-this-benchmark-and-of-nothing-else";
/// The one person.
pub const USERNAME: &str = "ada";
/// Her password.
pub const PASSWORD: &str = "a few words by the sea";

const REGISTRY: &str = r#"
[[apis]]
audience = "https://api.example.test"
introspection_clients = ["api"]
scopes = [{ name = "read:users", description = "read the user list" }]

[[apis]]
audience = "https://rsa.example.test"
signing_alg = "RS256"
scopes = [{ name = "read:rsa", description = "read what RS256 protects" }]

[[roles]]
name = "everybody"
default = true
scopes = ["read:users", "read:rsa"]

[[clients]]
client_id = "web"
redirect_uris = ["http://localhost:3000/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "openid profile email read:users"
client_secret_hash = "SECRET"

[[clients]]
client_id = "service"
grant_types = ["client_credentials"]
scope = "read:users read:rsa"
client_secret_hash = "SECRET"

[[clients]]
client_id = "api"
grant_types = ["client_credentials"]
scope = "read:users"
client_secret_hash = "SECRET"

[[clients]]
client_id = "first-party"
token_endpoint_auth_method = "none"
first_party = true
grant_types = ["password"]
scope = "openid read:users"
default_scope = "read:users"

[[providers]]
id = "hanging"
preset = "oidc"
issuer = "http://127.0.0.1:PROVIDER"
client_id = "load"
client_secret_file = "provider.secret"

[outbound]
allow = ["127.0.0.1"]
"#;

/// Where a server keeps what it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// Two SQLite files on a disk.
    SqliteAlone,
    /// Both servers on this machine, in memory.
    PostgresWithRedis,
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SqliteAlone => "SQLite alone",
            Self::PostgresWithRedis => "PostgreSQL + Redis",
        })
    }
}

/// A running server; gone with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// From its start to its first answer, with keys and tables made before.
    pub cold_start: Duration,
    _kept: Option<Kept>,
}

struct Kept {
    _folder: Folder,
    _database: Option<Database>,
}

impl Server {
    /// `vestibule serve` with a store of its own, and a provider at that port.
    pub fn vestibule(setup: Setup, provider: u16) -> Self {
        let folder = Folder::new();
        let data = std::env::temp_dir().join(format!("vestibule-load-{}", std::process::id()));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
        let database = (setup == Setup::PostgresWithRedis).then(|| Postgres::shared().database());
        let mut toml = format!("[server]\nissuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n");
        match &database {
            None => {
                let _ = fs::remove_dir_all(&data);
                let _ = write!(toml, "[database]\nurl = \"sqlite://{}\"\n", data.display());
            }
            Some(database) => {
                let (database, redis) = (database.url(), Redis::shared().url());
                let _ = write!(toml, "[database]\nurl = \"{database}\"\n[redis]\nurl = \"{redis}\"\n");
            }
        }
        toml.push_str("[keys]\nencryption_key_file = \"encryption.key\"\n");
        let hash = format!("sha256:{}", TokenHash::of(SECRET.as_bytes()).to_hex());
        toml.push_str(&REGISTRY.replace("SECRET", &hash).replace("PROVIDER", &provider.to_string()));
        let path = folder.path();
        fs::write(path.join("vestibule.toml"), toml).unwrap();
        private(&path.join("encryption.key"), "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=");
        private(&path.join("provider.secret"), SECRET);
        // Once for keys and tables.
        drop(start(path, port));
        add_person(path);
        let (child, cold_start) = start(path, port).into_parts();
        Self { child, port, cold_start, _kept: Some(Kept { _folder: folder, _database: database }) }
    }

    /// This program as the floor.
    pub fn floor() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("--floor").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let facts: Value = serde_json::from_str(&line).unwrap();
        let port = facts["issuer"].as_str().and_then(|issuer| issuer.rsplit(':').next()?.parse().ok()).unwrap();
        Self { child, port, cold_start: Duration::ZERO, _kept: None }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

struct Started(Option<(Child, Duration)>);

impl Started {
    fn into_parts(mut self) -> (Child, Duration) {
        self.0.take().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.0 {
            end(child);
        }
    }
}

/// Starts it and waits until it takes connections.
#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn start(config: &Path, port: u16) -> Started {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    // A line a request is what operators pay too; here it goes nowhere.
    let mut child = command.arg("serve").arg("--config").arg(config).stderr(Stdio::null()).spawn().unwrap();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut probe = crate::http::Connection::open(port).unwrap();
    assert_eq!(probe.get("/livez", "").unwrap().status, 200);
    Started(Some((child, began.elapsed())))
}

fn add_person(config: &Path) {
    let phc = Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let row = json!({ "username": USERNAME, "email": "ada@example.test", "name": "Ada", "password_hash": phc });
    let file = config.join("people.jsonl");
    private(&file, &row.to_string());
    let mut import = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let output = import.args(["user", "import"]).arg(file).arg("--config").arg(config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
