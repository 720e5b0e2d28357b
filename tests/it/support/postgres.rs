//! Real PostgreSQL servers of our own: one for the whole run, or one for a test that breaks it.
//!
//! Owns: starting and stopping them, and a database for each test. Does not own: what the server keeps in
//! it. The unit tests of the store use this file too.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A shell holds the server and ends it, at once as a crash would, when its own standard input closes, so
/// that no test run, however it dies, leaves a server behind. The word `keep` leaves the data. The server
/// does not run as root; its programs are Debian's unless others are on the path.
const HOLD: &str = r#"
export PATH="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1):$PATH" LC_ALL=C
as_server() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else "$@"; fi
}
cd / && umask 077
if [ ! -d "$1" ]; then
    mkdir "$1" && { [ "$(id -u)" != 0 ] || chown postgres: "$1"; } || exit 1
    as_server initdb -D "$1/data" -U vestibule --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null || exit 1
fi
as_server postgres -D "$1/data" -h 127.0.0.1 -p "$2" -k "$1" -c fsync="$4" -c full_page_writes="$4" \
    -c synchronous_commit="$3" -c max_connections=300 -c shared_buffers=32MB -c autovacuum=off &
read -r word
kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
wait
[ "$word" = keep ] || rm -rf "$1"
"#;

const MISSING: &str = "PostgreSQL is needed for this test: apt-get install -y --no-install-recommends postgresql";

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    folder: PathBuf,
    synchronous_commit: &'static str,
    fsync: &'static str,
    holder: Option<Child>,
}

impl Postgres {
    /// The one that tests share, each with a database of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("on"))
    }

    /// One of its own, on a free port. Nothing waits for the disk; `synchronous_commit` is what it says it is.
    pub fn start(synchronous_commit: &'static str) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self::under(&base, synchronous_commit, "off")
    }

    /// One of its own, under a folder. With `fsync = "on"` it waits for its disk, as an operator's does.
    pub fn under(base: &Path, synchronous_commit: &'static str, fsync: &'static str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let name = format!("vestibule-pg-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut server = Self { port, folder: base.join(name), synchronous_commit, fsync, holder: None };
        server.begin();
        server
    }

    /// Starts it (again) on its port, with what it had.
    pub fn begin(&mut self) {
        let mut holder = Command::new("sh")
            .args(["-c", HOLD, "postgres"])
            .arg(&self.folder)
            .args([&self.port.to_string(), self.synchronous_commit, self.fsync])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut lines = BufReader::new(holder.stderr.take().expect("a pipe")).lines();
        let mut said = String::new();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push_str(&line);
            said.push('\n');
            line.contains("ready to accept connections")
        });
        assert!(ready, "{MISSING}\n{said}");
        // What it says later is read too, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        self.holder = Some(holder);
    }

    /// Ends it at once, as a crash does; what was committed stays.
    pub fn crash(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            let mut stdin = holder.stdin.take().expect("a pipe");
            std::io::Write::write_all(&mut stdin, b"keep\n").expect("it listens");
            drop(stdin);
            holder.wait().expect("it ends");
        }
    }

    /// An empty database, gone with the value.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Database { port: self.port, folder: self.folder.clone(), name };
        database.psql("postgres", &format!("CREATE DATABASE {}", database.name)).expect("a database");
        database
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            drop(holder.stdin.take());
            let _ = holder.wait();
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    port: u16,
    folder: PathBuf,
    name: String,
}

impl Database {
    /// Where it is, for whoever trusts this machine.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same behind a proxy.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://vestibule@127.0.0.1:{port}/{}", self.name)
    }

    /// Runs statements that may fail.
    pub fn attempt(&self, sql: &str) -> Result<String, String> {
        self.psql(&self.name, sql)
    }

    /// Runs statements; what they print, a line a row.
    pub fn run(&self, sql: &str) -> String {
        self.attempt(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "vestibule", "-h"])
            .arg(&self.folder)
            .args(["-p", &self.port.to_string(), "-d", database, "-c", sql])
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .output()
            .expect(MISSING);
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may be gone already, and then so is this.
        let _ = self.psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
