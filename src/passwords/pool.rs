//! The threads that hash: as many as configured, a bounded queue before them, one memory each.
//!
//! Owns: the bound, turns, the threads, reuse and wiping of argon2's memory. Does not own: what is hashed
//! (`hasher`).
//!
//! A hash takes tens of milliseconds and megabytes. Without a bound a herd of sign-ins takes all the
//! memory there is, and without a thread of its own it stops every other request.
//!
//! Whoever wants a hash waits for a turn, in the order of arrival, and holds it for as long as it likes: so
//! what was counted of those before is known before the next one costs anything.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::{Argon2, Block};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroize as _;

/// A full queue is at most this much work (`[passwords] queue` is sized so).
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How much nicer a thread that hashes is than the others (`setpriority(2)`): who signs in waits for a hash
/// anyway, and what takes a millisecond must not wait for it, too.
const NICER: i32 = 10;

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once")]
pub struct Busy {
    /// When to try again.
    pub retry_after: Duration,
}

impl Busy {
    /// Try again when the queue has been worked off.
    pub(super) const fn now() -> Self {
        Self { retry_after: RETRY_AFTER }
    }
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// The threads and their queue; the threads end with this value.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: SyncSender<Job>,
    /// Those with a turn and those who wait for one.
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    /// KiB that the threads hold now, all together.
    held: Arc<AtomicUsize>,
}

/// The right to one of the threads, given back when it is dropped. There is one more of them than there are
/// threads, so that none stands still while somebody asks a store.
#[derive(Debug)]
pub(super) struct Turn {
    jobs: SyncSender<Job>,
    _permits: [OwnedSemaphorePermit; 2],
}

impl Pool {
    /// Starts `threads` threads with room for `waiting` that wait for a turn; at least one of each.
    pub(super) fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let turns = threads + 1;
        let places = turns + waiting.max(1);
        // Room also for jobs of callers who went away: they give back their turn before a thread skips the job.
        let (jobs, queue) = sync_channel(places);
        let queue = Arc::new(Mutex::new(queue));
        let held = Arc::new(AtomicUsize::new(0));
        for number in 0..threads {
            let (queue, held) = (Arc::clone(&queue), Arc::clone(&held));
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || serve(&queue, &held))?;
        }
        Ok(Self { jobs, places: Arc::new(Semaphore::new(places)), turns: Arc::new(Semaphore::new(turns)), held })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// At once when as many wait as may.
    pub(super) async fn turn(&self) -> Result<Turn, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy::now())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Busy::now())?;
        Ok(Turn { jobs: self.jobs.clone(), _permits: [turn, place] })
    }

    /// How many more would be let in to wait now.
    pub(super) fn places_left(&self) -> usize {
        self.places.available_permits()
    }

    /// KiB that the threads keep for hashes now.
    pub(super) fn held_kib(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Turn {
    /// Runs `work` on one of the threads. When the caller stops waiting before it began, it is not run.
    ///
    /// # Errors
    /// When it panics, or a job of a caller who went away stands in its place.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job = move |memory: &mut Memory| {
            if !answer.is_closed() {
                // The caller may be gone by now: then nobody needs the answer.
                let _ = answer.send(work(memory));
            }
        };
        self.jobs.try_send(Box::new(job)).map_err(|_| Busy::now())?;
        answered.await.map_err(|_| Busy::now())
    }
}

/// Lets every other thread of ours go first when there are more of them than processors.
#[cfg(target_os = "linux")]
fn give_way() {
    use rustix::process::{getpriority_process, setpriority_process};

    // In Linux a priority is a thread's.
    let this = Some(rustix::thread::gettid());
    let given = getpriority_process(this).and_then(|now| setpriority_process(this, (now + NICER).min(19)));
    if let Err(error) = given {
        tracing::warn!(%error, "a thread that hashes passwords has the priority of the others");
    }
}

#[cfg(not(target_os = "linux"))]
const fn give_way() {}

fn serve(queue: &Mutex<Receiver<Job>>, held: &AtomicUsize) {
    give_way();
    let mut memory = Memory::default();
    loop {
        // The lock is held while waiting: whoever holds it is next, the others wait for it.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let before = memory.kept();
        // A panic must not cost a thread; its caller sees the answer's channel close.
        if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
            memory = Memory::default();
        }
        held.fetch_add(memory.kept(), Ordering::Relaxed);
        held.fetch_sub(before, Ordering::Relaxed);
    }
}

/// What one thread computes in. A fresh buffer costs as much time in page faults as half a hash, so it
/// is kept; it is wiped after each use, so that nothing of a password outlives its hash.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// Computes an argon2 hash. A buffer beyond `kept` KiB, which only an unusual stored hash needs, is
    /// given back.
    pub(super) fn compute(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        kept: u32,
        out: &mut [u8],
    ) -> argon2::Result<()> {
        let count = argon2.params().block_count();
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        let blocks = self.blocks.get_mut(..count).unwrap_or_default();
        let done = argon2.hash_password_into_with_memory(password, salt, out, &mut *blocks);
        blocks.iter_mut().for_each(Block::zeroize);
        let kept = usize::try_from(kept).unwrap_or(usize::MAX);
        if self.blocks.len() > kept {
            self.blocks.truncate(kept);
            self.blocks.shrink_to_fit();
        }
        done
    }

    /// Whether nothing of the last hash is left.
    #[cfg(test)]
    pub(super) fn is_wiped(&self) -> bool {
        self.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    /// How many KiB are kept.
    pub(super) fn kept(&self) -> usize {
        self.blocks.len()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_thread_that_hashes_lets_the_others_go_first() {
        use rustix::process::getpriority_process;
        use rustix::thread::gettid;

        use super::{NICER, Pool};

        let ours = getpriority_process(Some(gettid())).unwrap();
        let pool = Pool::start(2, 1).unwrap();
        let theirs = pool.turn().await.unwrap().run(|_| getpriority_process(Some(gettid())).unwrap()).await;
        assert_eq!(theirs, Ok((ours + NICER).min(19)));
    }
}
