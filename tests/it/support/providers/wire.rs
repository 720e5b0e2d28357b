//! The HTTP/1.1 server that fake providers listen with.
//!
//! Owns: the port, connections and threads, the log of requests, which endpoints are in trouble. Does not own: what
//! a well endpoint answers (`Answers`). It runs on threads of its own, so that no test stalls it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpSocket;
use vestibule::clock::monotonic;

use super::seen::{Endpoint, Seen};
use super::trouble::Trouble;

/// What a provider answers.
pub trait Answers: Send + Sync + 'static {
    /// Which part of it a path is.
    fn endpoint(&self, path: &str) -> Endpoint;

    /// Its answer.
    fn answer(&self, seen: &Seen) -> Reply;
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// Of that kind.
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", kind.to_owned())], body: body.into() }
    }

    /// JSON.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self { status: 302, headers: vec![("Location", to.to_owned())], body: Vec::new() }
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As bytes; `length` is what it says of its length.
    pub(super) fn head(&self, length: usize) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Answer\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("text");
        }
        write!(head, "Content-Length: {length}\r\n\r\n").expect("text");
        head.into_bytes()
    }
}

/// A listening provider; its connections end with it.
pub struct Wire {
    port: u16,
    inner: Arc<Inner>,
    /// Holds the port while nobody listens there.
    held: Mutex<Option<TcpSocket>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("port", &self.port).finish_non_exhaustive()
    }
}

/// What the threads share.
pub(super) struct Inner {
    answers: Arc<dyn Answers>,
    state: Mutex<State>,
    connections: AtomicUsize,
    hanging: Hanging,
    listening: AtomicBool,
}

/// How many requests wait for ever.
#[derive(Default)]
pub(super) struct Hanging {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Hanging {
    /// One more does while `wait` runs.
    pub(super) fn during(&self, wait: impl FnOnce()) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        wait();
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    troubles: HashMap<Endpoint, Trouble>,
    /// Each open connection, and whether it is in trouble.
    open: HashMap<usize, (TcpStream, bool)>,
}

impl Wire {
    /// Listens; `answers` learns the port first.
    pub fn start(answers: impl FnOnce(u16) -> Arc<dyn Answers>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let inner = Arc::new(Inner {
            answers: answers(port),
            state: Mutex::default(),
            connections: AtomicUsize::new(0),
            hanging: Hanging::default(),
            listening: AtomicBool::new(true),
        });
        accept(&inner, listener);
        Self { port, inner, held: Mutex::default() }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// From now on an endpoint answers like this.
    pub fn trouble(&self, endpoint: Endpoint, trouble: Trouble) {
        self.inner.state().troubles.insert(endpoint, trouble);
    }

    /// From now on every endpoint is well again; whoever still waits is cut off.
    pub fn well(&self) {
        self.inner.state().troubles.clear();
        self.inner.cut(|in_trouble| in_trouble);
    }

    /// Nobody listens any more: connections are refused, and those that were open are cut off.
    pub fn down(&self) {
        if self.inner.listening.swap(false, Ordering::SeqCst) {
            // Wakes whoever waits for a connection.
            let _ = TcpStream::connect(("127.0.0.1", self.port));
            self.inner.cut(|_| true);
            let deadline = monotonic() + Duration::from_secs(10);
            while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                assert!(monotonic() < deadline, "it still listens");
                std::thread::yield_now();
            }
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(hold(self.port));
        }
    }

    /// Listens again, at the same port.
    pub fn up(&self) {
        if !self.inner.listening.swap(true, Ordering::SeqCst) {
            drop(self.held.lock().unwrap_or_else(PoisonError::into_inner).take());
            accept(&self.inner, TcpListener::bind(("127.0.0.1", self.port)).expect("the port that was held"));
        }
    }

    /// Every request so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.inner.state().seen.clone()
    }

    /// The requests to one endpoint.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Seen> {
        self.inner.state().seen.iter().filter(|seen| seen.endpoint == endpoint).cloned().collect()
    }

    /// How many requests one endpoint had.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.inner.state().seen.iter().filter(|seen| seen.endpoint == endpoint).count()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// How many requests wait in [`Trouble::Hang`].
    pub fn hanging(&self) -> usize {
        self.inner.hanging.now.load(Ordering::SeqCst)
    }

    /// How many waited at once at the most.
    pub fn most_hanging(&self) -> usize {
        self.inner.hanging.most.load(Ordering::SeqCst)
    }

    /// Waits until at least so many requests wait in [`Trouble::Hang`].
    pub async fn until_hanging(&self, least: usize) {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while self.hanging() < least {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(waited.await.is_ok(), "{} requests hang, not {least}", self.hanging());
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.inner.listening.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.inner.cut(|_| true);
    }
}

/// A port of ours that refuses connections.
fn hold(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(([127, 0, 0, 1], port).into()).expect("a port");
    socket
}

fn accept(inner: &Arc<Inner>, listener: TcpListener) {
    let inner = Arc::clone(inner);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if !inner.listening.load(Ordering::SeqCst) {
                break;
            }
            let inner = Arc::clone(&inner);
            // A stack is reserved, not used.
            std::thread::spawn(move || inner.serve(stream));
        }
    });
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self, which: impl Fn(bool) -> bool) {
        for (stream, in_trouble) in self.state().open.values() {
            if which(*in_trouble) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    fn serve(&self, mut stream: TcpStream) {
        let connection = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = stream.set_nodelay(true);
        let (Ok(copy), Ok(reading)) = (stream.try_clone(), stream.try_clone()) else { return };
        self.state().open.insert(connection, (copy, false));
        let mut reader = BufReader::new(reading);
        while let Some(mut seen) = Seen::read(&mut reader) {
            seen.endpoint = self.answers.endpoint(&seen.path);
            let trouble = {
                let mut state = self.state();
                state.seen.push(seen.clone());
                let trouble = state.troubles.get(&seen.endpoint).copied();
                if let Some((_, in_trouble)) = state.open.get_mut(&connection) {
                    *in_trouble = trouble.is_some();
                }
                trouble
            };
            let stays = match trouble {
                None => say(&mut stream, &self.answers.answer(&seen)),
                Some(trouble) => {
                    let well = || self.answers.answer(&seen);
                    trouble.act(&seen, &mut stream, &self.hanging, &well)
                }
            };
            if !stays {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
        self.state().open.remove(&connection);
    }
}

fn say(stream: &mut TcpStream, reply: &Reply) -> bool {
    let mut bytes = reply.head(reply.body.len());
    bytes.extend_from_slice(&reply.body);
    stream.write_all(&bytes).is_ok()
}
