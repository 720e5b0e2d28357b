//! Somebody who sees who connects.
//!
//! Owns: listening and counting. Does not own: that nobody should come (the tests).

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A listener that counts.
#[derive(Debug)]
pub struct Witness {
    pub port: u16,
    seen: Arc<AtomicUsize>,
}

impl Witness {
    /// At any address of this machine.
    pub fn start() -> Self {
        // Both families where there are two.
        Self::of(TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).expect("a port"))
    }

    /// At one.
    pub fn at(address: Ipv4Addr, port: u16) -> Self {
        Self::of(TcpListener::bind((address, port)).expect("the port"))
    }

    fn of(listener: TcpListener) -> Self {
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        std::thread::spawn(move || {
            for _ in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, seen }
    }

    /// How many came.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Waits until somebody has.
    pub async fn until_seen(&self) {
        while self.seen() == 0 {
            tokio::task::yield_now().await;
        }
    }
}
