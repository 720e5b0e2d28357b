//! SIGINT and SIGTERM for the commands that serve.
//!
//! Owns: the first one asks for a graceful end, the second one ends at once. Does not own: the end itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::exit::{Exit, Stop};

/// What was asked for so far.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    /// How a command that ended gracefully exits: 130 after Ctrl-C, 0 after SIGTERM.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.0.load(Ordering::SeqCst) { Exit::Interrupted } else { Exit::Ok }
    }
}

/// Starts listening. The future is ready when the end is asked for.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn listen() -> Result<(Asked, impl Future<Output = ()> + Send + use<>), Stop> {
    let failed = |error| Stop::failure(format!("signals cannot be handled: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let asked = Asked::default();
    let by_interrupt = Arc::clone(&asked.0);
    let (send, receive) = oneshot::channel();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => by_interrupt.store(true, Ordering::SeqCst),
            _ = terminate.recv() => {}
        }
        let _ = send.send(());
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    let end = async move {
        let _ = receive.await;
    };
    Ok((asked, end))
}
