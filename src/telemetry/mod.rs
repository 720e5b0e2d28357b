//! Log lines: pretty for people, JSON for machines, always on stderr.
//!
//! Owns: how they are written, and that writing them never stops or delays a request. Does not own: what
//! is logged; no secret may reach a log line in the first place.

mod redact;

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::config::{self, LogFormat};
use crate::telemetry::redact::{Fields, Names};

/// How many lines may wait for a slow reader of stderr; more are counted and left out.
const QUEUE: usize = 4096;

/// How long the end of the process waits for lines that are not written yet.
const FLUSH: Duration = Duration::from_millis(200);

/// What the libraries say at each start is for their own developers; `[log] level` may name them.
const QUIETER: &str = "actix_server=warn,sea_orm_migration=warn";

static WRITER: OnceLock<Lines> = OnceLock::new();

/// Starts logging as `[log]` says. A second start changes nothing.
///
/// # Errors
/// When `[log] level` is no filter.
pub fn start(log: &config::Log) -> Result<(), Stop> {
    let filter = EnvFilter::try_new(format!("{QUIETER},{}", log.level)).map_err(|error| {
        Stop::new(Exit::Config, format!("[log] level = \"{}\" is not a filter: {error}", log.level))
            .hint("for example: info, or vestibule=debug,info")
    })?;
    let lines = WRITER.get_or_init(|| Lines::start(io::stderr())).clone();
    let names = Names::new(&log.redact);
    let json = is_json(log.format, io::stderr().is_terminal());
    // Lines of JSON are written by a formatter that asks nobody about single fields.
    let writer = Writer { lines, names: names.clone().filter(|_| json) };
    // Its own errors would go to stderr by `eprintln!`, which panics when stderr is gone.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(output::stderr_has_color())
        .log_internal_errors(false);
    let _ = if json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        lines.with_target(false).fmt_fields(Fields::new(names)).try_init()
    };
    Ok(())
}

/// Waits a moment for the lines that are not written yet; for the end of the process.
pub fn flush() {
    if let Some(writer) = WRITER.get() {
        writer.flush_for(FLUSH);
    }
}

const fn is_json(format: LogFormat, is_terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !is_terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    }
}

/// A queue of lines and the thread that writes them. A stopped or failing stderr costs lines, never a
/// request: what does not fit is counted, and the count is written when there is room again.
#[derive(Debug, Clone)]
struct Lines {
    queue: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Lines {
    fn start(out: impl Write + Send + 'static) -> Self {
        let (queue, entries) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        // Without the thread (out of memory at the start) the queue is closed and lines are left out.
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(move || write(out, &entries, &counted));
        Self { queue, lost }
    }

    fn put(&self, line: &[u8]) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Entry::Line(line.to_vec())) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush_for(&self, at_most: Duration) {
        let (done, wait) = sync_channel(1);
        if self.queue.try_send(Entry::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(at_most);
        }
    }
}

fn write(mut out: impl Write, entries: &Receiver<Entry>, lost: &AtomicU64) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                let _ = out.write_all(&line);
            }
            Entry::Flush(done) => {
                let _ = out.flush();
                let _ = done.send(());
            }
        }
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"log lines left out: stderr was too slow\",\"count\":{count}}}"
            );
        }
    }
}

/// Where the subscriber writes.
struct Writer {
    lines: Lines,
    names: Option<Names>,
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { lines: self.lines.clone(), names: self.names.clone() }
    }
}

/// One log line on its way: the subscriber writes each line in one call.
struct Line {
    lines: Lines,
    names: Option<Names>,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.names {
            None => self.lines.put(line),
            Some(names) => self.lines.put(&names.in_json(line)),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Blocks every write until the gate is open, as a pipe that nobody reads.
    struct Stopped(Arc<Mutex<()>>, Shared);

    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.0.lock().unwrap();
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }
    }

    #[test]
    fn json_is_for_machines_unless_it_is_asked_for() {
        assert!(is_json(LogFormat::Auto, false) && !is_json(LogFormat::Auto, true));
        assert!(is_json(LogFormat::Json, true) && !is_json(LogFormat::Pretty, false));
    }

    #[test]
    fn lines_are_written_in_order_before_a_flush_returns() {
        let out = Shared::default();
        let lines = Lines::start(out.clone());
        lines.put(b"one\n");
        lines.put(b"two\n");
        lines.flush_for(Duration::from_mins(1));
        assert_eq!(out.0.lock().unwrap().as_slice(), b"one\ntwo\n");
    }

    #[test]
    fn a_stopped_reader_costs_lines_and_delays_nobody() {
        let (gate, out) = (Arc::new(Mutex::new(())), Shared::default());
        let closed = gate.lock().unwrap();
        let lines = Lines::start(Stopped(Arc::clone(&gate), out.clone()));
        for _ in 0..QUEUE + 10 {
            lines.put(b"line\n");
        }
        drop(closed);
        // The queue is full at first: a flush finds its place only when the writer has taken lines.
        while out.0.lock().unwrap().len() < QUEUE * 5 {
            std::thread::yield_now();
        }
        lines.flush_for(Duration::from_mins(1));
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("log lines left out"), "{}", text.len());
    }

    #[test]
    fn a_failing_stderr_does_not_end_the_writer() {
        let lines = Lines::start(Broken);
        lines.put(b"one\n");
        let (done, wait) = sync_channel(1);
        lines.queue.send(Entry::Flush(done)).unwrap();
        assert!(wait.recv_timeout(Duration::from_mins(1)).is_ok());
    }
}
