//! Everything the servers of this run said and every panic outside of test threads.
//!
//! Owns: catching both. Does not own: what must not be in them (`secrets_stay_secret`).

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

/// Starts catching; once for the whole run.
pub fn catch() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Our own HTTP client and browser driver are not the server.
        let filter = EnvFilter::new(
            "debug,vestibule=trace,actix_web=trace,actix_http=trace,reqwest=off,hyper=off,hyper_util=off,rustls=off,thirtyfour=off",
        );
        let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(Sink).finish();
        tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or_default();
            // libtest names its threads after the test, and a test may fail.
            if !name.contains("::") && name != "main" {
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name}: {info}"));
            }
            before(info);
        }));
    });
}

/// Everything said so far.
pub fn text() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Every panic of a server so far.
pub fn panics() -> Vec<String> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
