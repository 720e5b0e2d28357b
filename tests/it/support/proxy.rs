//! A TCP proxy of our own between the server and one of its stores: it moves to another server, and cuts
//! connections where that hurts most.
//!
//! Owns: passing bytes on, moving, cutting. Does not own: what the bytes mean, but for the words it is told
//! to look for. It runs on threads of its own, so that a test which waits for something does not stall it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A running proxy; its connections end with it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: AtomicU16,
    open: Mutex<Vec<TcpStream>>,
    refusing: AtomicBool,
    armed: Mutex<Option<Cut>>,
    cuts: AtomicUsize,
    ended: AtomicBool,
}

/// Where an answer is cut off.
#[derive(Debug, Clone)]
pub enum Cut {
    /// The first answer that holds one of these is kept back, and the connection ends: whatever was asked
    /// for is done, and nobody is told.
    Answer(&'static [&'static [u8]]),
    /// The next answer ends in its middle.
    Middle,
}

impl Proxy {
    /// In front of a server on this machine.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let inner = Arc::new(Inner {
            target: AtomicU16::new(port),
            open: Mutex::default(),
            refusing: AtomicBool::new(false),
            armed: Mutex::default(),
            cuts: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&inner);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.ended.load(Ordering::SeqCst) {
                    break;
                }
                accepting.connect(client);
            }
        });
        Self { port: own, inner }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From now on it leads to another server; whoever was connected to the first is cut off.
    pub fn move_to(&self, port: u16) {
        self.inner.target.store(port, Ordering::SeqCst);
        self.cut();
    }

    /// Whether new connections are refused; those that are open are cut off.
    pub fn refuse(&self, refusing: bool) {
        self.inner.refusing.store(refusing, Ordering::SeqCst);
        if refusing {
            self.cut();
        }
    }

    /// Ends every connection that is open.
    pub fn cut(&self) {
        for stream in self.inner.open().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Cuts the next answer that this fits.
    pub fn arm(&self, cut: Cut) {
        *self.inner.armed() = Some(cut);
    }

    /// Cuts nothing any more.
    pub fn disarm(&self) {
        *self.inner.armed() = None;
    }

    /// How many answers were cut.
    pub fn cuts(&self) -> usize {
        self.inner.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.inner.ended.store(true, Ordering::SeqCst);
        self.cut();
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn armed(&self) -> MutexGuard<'_, Option<Cut>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) {
        if self.refusing.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.target.load(Ordering::SeqCst))) else { return };
        let copies = [&client, &server].map(TcpStream::try_clone);
        let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else { return };
        {
            let mut open = self.open();
            open.retain(|stream| stream.peer_addr().is_ok());
            open.extend(copies.into_iter().flatten());
        }
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        std::thread::spawn(move || copy(from_client, server, |_| usize::MAX));
        let this = Arc::clone(self);
        std::thread::spawn(move || copy(from_server, client, |bytes| this.passed(bytes)));
    }

    /// How many of these bytes of an answer are passed on; fewer than there are ends the connection.
    fn passed(&self, bytes: &[u8]) -> usize {
        let mut armed = self.armed();
        let passed = match &*armed {
            Some(Cut::Middle) => bytes.len() / 2,
            Some(Cut::Answer(words)) if words.iter().any(|word| holds(bytes, word)) => 0,
            None | Some(Cut::Answer(_)) => return usize::MAX,
        };
        *armed = None;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        passed
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Copies until one side ends, and then ends the other.
fn copy(mut from: TcpStream, mut to: TcpStream, passed: impl Fn(&[u8]) -> usize) {
    let mut buffer = vec![0_u8; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let passed = passed(&buffer[..length]);
        if to.write_all(&buffer[..length.min(passed)]).is_err() || passed < length {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn an_answer_is_kept_back_and_the_connection_ends() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = Proxy::to(server.local_addr().expect("an address").port());
    proxy.arm(Cut::Answer(&[b"COMMIT"]));
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).expect("a connection");
    let (mut other, _) = server.accept().expect("a connection");
    other.write_all(b"BEGIN").expect("written");
    let mut seen = [0_u8; 5];
    client.read_exact(&mut seen).expect("passed on");
    other.write_all(b"C COMMIT").expect("written");
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest);
    assert_eq!((&seen, rest.as_slice(), proxy.cuts()), (b"BEGIN", &b""[..], 1));
}
