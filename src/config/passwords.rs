//! `[passwords]`: what hashing one costs, and how short a new one may be.
//!
//! Owns: that section. Does not own: hashing (`passwords`).

use crate::config::document::Table;
use crate::config::section::Reader;

/// `[passwords]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passwords {
    /// argon2id memory, KiB: 19456.
    pub memory_kib: u32,
    /// argon2id passes: 2.
    pub iterations: u32,
    /// argon2id lanes: 1.
    pub parallelism: u32,
    /// Threads that hash; the number of cores by default.
    pub threads: usize,
    /// Hashes that may wait; more are refused with 503. 64 for each thread by default.
    pub queue: usize,
    /// Fewest code points of a new password: 15.
    pub min_length: usize,
}

/// With the defaults about 2 s of work for one thread.
const QUEUE_PER_THREAD: usize = 64;

impl Passwords {
    fn with_threads(threads: usize) -> Self {
        let queue = QUEUE_PER_THREAD * threads;
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1, threads, queue, min_length: 15 }
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Passwords {
    // A development server holds no real password; anything else keeps OWASP's lowest memory.
    let least_memory = if reader.dev { 8 } else { 7168 };
    let mut section = reader.section("passwords", table);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = section.number_or("threads", 1..=256, cores);
    let default = Passwords::with_threads(threads);
    let passwords = Passwords {
        memory_kib: section.number_or("memory_kib", least_memory..=262_144, default.memory_kib),
        iterations: section.number_or("iterations", 1..=16, default.iterations),
        parallelism: section.number_or("parallelism", 1..=16, default.parallelism),
        queue: section.number_or("queue", 1..=65_536, default.queue),
        min_length: section.number_or("min_length", 8..=64, default.min_length),
        threads,
    };
    section.default_varies("threads");
    section.default_varies("queue");
    if passwords.memory_kib < 8 * passwords.parallelism {
        let help = format!("write memory_kib = {} or more", 8 * passwords.parallelism);
        section.fault_here("`memory_kib` must be at least 8 times `parallelism`", help);
    }
    section.finish();
    passwords
}
