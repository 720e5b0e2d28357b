//! A folder of a test's own, gone with the test.
//!
//! Owns: making and removing it, and reading every byte of it. Does not own: what the server keeps there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder, in memory where the machine has a place for that: tests are about behaviour, not disks.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::under(memory) } else { Self::on_disk() }
    }

    /// One on a disk, for what is about disks.
    pub fn on_disk() -> Self {
        Self::under(&std::env::temp_dir())
    }

    fn under(base: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("vestibule-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = base.join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every file in it as (name, bytes).
    pub fn contents(&self) -> Vec<(String, Vec<u8>)> {
        fn walk(folder: &Path, out: &mut Vec<(String, Vec<u8>)>) {
            for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, out);
                } else if let Ok(bytes) = fs::read(&path) {
                    out.push((path.to_string_lossy().into_owned(), bytes));
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.0, &mut out);
        out
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A server that is still stopping may hold files in it; they are gone with it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where `needle` stands in any of these, by name.
pub fn places<'a>(contents: &'a [(String, Vec<u8>)], needle: &str) -> Vec<&'a str> {
    let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    contents.iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name.as_str()).collect()
}
