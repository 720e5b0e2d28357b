//! A provider that never answers for a code, and the people who wait for it.
//!
//! Owns: keeping them waiting while something else is measured. Does not own: what is measured.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use crate::http::Connection;

/// People who sign in through the provider at once.
const CROWD: usize = 200;
/// So many are on their way to one provider at the most; the others are told so.
const PLACES: usize = 32;
/// Somebody who was told that it does not answer tries again after so long.
const PAUSE: Duration = Duration::from_secs(5);

/// An OpenID provider that says where its endpoints are, and nothing more.
pub struct Provider {
    port: u16,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    count: AtomicUsize,
    streams: Mutex<Vec<TcpStream>>,
}

impl Provider {
    /// Listens on a free port for as long as the program runs.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let waiting = Arc::<Waiting>::default();
        let shared = Arc::clone(&waiting);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                thread::spawn(move || answer(stream, port, &shared));
            }
        });
        Self { port, waiting }
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    fn hanging(&self) -> usize {
        self.waiting.count.load(Ordering::SeqCst)
    }

    /// Lets everybody go who waits.
    fn let_go(&self) {
        for stream in self.waiting.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// One request: metadata, or no answer until the other side goes.
fn answer(mut stream: TcpStream, port: u16, waiting: &Waiting) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    let _ = reader.read_line(&mut first);
    if first.starts_with("GET /.well-known/") {
        let base = format!("http://127.0.0.1:{port}");
        let document = json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "jwks_uri": format!("{base}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let body = document.to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        return;
    }
    waiting.streams.lock().unwrap().push(stream);
    waiting.count.fetch_add(1, Ordering::SeqCst);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        line.clear();
    }
    waiting.count.fetch_sub(1, Ordering::SeqCst);
}

/// People who came back from the provider and wait for the end of their sign-in; gone with this value.
pub struct Crowd<'p> {
    provider: &'p Provider,
    over: Arc<AtomicBool>,
    people: Vec<JoinHandle<()>>,
}

impl<'p> Crowd<'p> {
    /// Everybody comes, to the server at that port; as many wait as ever do.
    pub fn gather(port: u16, provider: &'p Provider) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let come = |over: Arc<AtomicBool>| {
            thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    sign_in(port);
                    thread::park_timeout(PAUSE);
                }
            })
        };
        let people = (0..CROWD).map(|_| come(Arc::clone(&over))).collect();
        let crowd = Self { provider, over, people };
        for _ in 0..3_000 {
            if provider.hanging() >= PLACES {
                return crowd;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} sign-ins hang", provider.hanging());
    }
}

impl Drop for Crowd<'_> {
    fn drop(&mut self) {
        assert!(thread::panicking() || self.provider.hanging() > 0, "nobody waited");
        self.over.store(true, Ordering::SeqCst);
        for person in self.people.drain(..) {
            person.thread().unpark();
            while !person.is_finished() {
                self.provider.let_go();
                thread::sleep(Duration::from_millis(1));
            }
            person.join().unwrap();
        }
    }
}

/// Leaves for the provider, and comes back with a code: no place, or no answer.
fn sign_in(port: u16) {
    let mut connection = Connection::open(port).unwrap();
    let left = connection.get("/login/hanging", "").unwrap();
    let state = left.location.split("state=").nth(1).and_then(|rest| rest.split('&').next());
    let Some(state) = state else {
        assert_eq!(left.status, 503, "{}", left.body);
        return;
    };
    let back = connection.get(&format!("/login/hanging/callback?code=code&state={state}"), "").unwrap();
    assert_eq!(back.status, 503, "{}", back.body);
}
