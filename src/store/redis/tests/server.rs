//! A private Redis for tests, on a port of its own, that ends with the process.
//!
//! Owns: starting, stopping and looking into it. Does not own: what is tested.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use secrecy::ExposeSecret as _;

use crate::config;

/// A shell holds the server and ends it when its own standard input closes, so that no test run,
/// however it dies, leaves a server behind.
const HOLD: &str = "redis-server \"$@\" & server=$!; cat >/dev/null; kill -9 $server; wait $server";

const MISSING: &str = "redis-server is needed for this test: apt-get install -y redis-server";

/// A running server.
pub(in crate::store) struct Server {
    port: u16,
    holder: Child,
}

impl Server {
    /// On a free port, with nothing on the disk.
    pub(in crate::store) fn start(more: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let tls = more.contains(&"--tls-port");
        let port = if tls { "0".to_owned() } else { free.to_string() };
        let more: Vec<String> = more.iter().map(|word| word.replace("FREE", &free.to_string())).collect();
        Self { holder: hold(&port, &more), port: free }
    }

    /// Ends it, and with it all that it had.
    pub(in crate::store) fn stop(&mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().unwrap();
    }

    /// Starts an empty one on the same port.
    pub(in crate::store) fn start_again(&mut self) {
        self.holder = hold(&self.port.to_string(), &[]);
    }

    pub(in crate::store) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(in crate::store) const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The server that tests share, each under its own key prefix.
pub(in crate::store) fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&[]))
}

fn hold(port: &str, more: &[String]) -> Child {
    let mut holder = Command::new("sh")
        .args(["-c", HOLD, "redis-server", "--bind", "127.0.0.1", "--port", port])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to accept connections"));
    assert!(ready, "{MISSING}");
    // What it says later is read too, or it would wait for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    holder
}

/// Sends one command on a connection of its own.
pub(in crate::store) async fn send<T: redis::FromRedisValue>(section: &config::Redis, words: &[&str]) -> T {
    let client = redis::Client::open(section.url.expose_secret()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut cmd = redis::Cmd::new();
    cmd.arg(words);
    cmd.query_async(&mut connection).await.unwrap()
}

/// Every key of this test, and every value.
pub(in crate::store) async fn dump(section: &config::Redis) -> Vec<u8> {
    let mut all = Vec::new();
    let names: Vec<String> = send(section, &["KEYS", &format!("{}*", section.key_prefix)]).await;
    for name in names {
        let kind: String = send(section, &["TYPE", &name]).await;
        let value = match kind.as_str() {
            "zset" => send::<Vec<Vec<u8>>>(section, &["ZRANGE", &name, "0", "-1"]).await.join(&b' '),
            _ => send(section, &["GET", &name]).await,
        };
        all.extend([name.as_bytes(), b"\n", &value, b"\n"].concat());
    }
    all
}
