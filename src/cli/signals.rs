//! SIGINT, SIGTERM and SIGHUP for the commands that serve.
//!
//! Owns: the first of the former asks for a graceful end, the second ends at once; SIGHUP asks for a reload.
//! Does not own: the end itself, or the reload (`startup/reload`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};

use crate::cli::exit::{Exit, Stop};

/// What was asked for so far.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    by_interrupt: Arc<AtomicBool>,
    reload: Arc<Notify>,
}

impl Asked {
    /// How a command that ended gracefully exits: 130 after Ctrl-C, 0 after SIGTERM.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.by_interrupt.load(Ordering::SeqCst) { Exit::Interrupted } else { Exit::Ok }
    }

    /// Notified by SIGHUP: several before anybody waits are one.
    #[must_use]
    pub fn reload(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
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
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let asked = Asked::default();
    let reload = asked.reload();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reload.notify_one();
        }
    });
    let by_interrupt = Arc::clone(&asked.by_interrupt);
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
