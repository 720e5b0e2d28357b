//! What a process used, as Linux tells: CPU time and memory.
//!
//! Owns: reading /proc. Does not own: what is measured.

use std::fs;

/// CPU seconds that a process used since its start, in user mode and in the kernel, all its threads together.
pub fn seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; after it, utime and stime are the 12th and 13th field.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks: u32 = behind.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    // USER_HZ is 100 on every platform that Rust runs on.
    f64::from(ticks) / 100.0
}

/// Resident memory of a process in MiB.
pub fn resident_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u32>().ok()).map_or(0.0, |kib| f64::from(kib) / 1024.0)
}
