//! Files that appear in a folder together or not at all.
//!
//! Owns: that nothing is overwritten, and nothing left half done. Does not own: what is in them (`files`).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::exit::Stop;
use crate::cli::init::files::File;
use crate::config;

/// How many names of what is there are told.
const TOLD: usize = 8;

/// A folder that is not there, or holds nothing but hidden files.
///
/// # Errors
/// Exit 1, with what is there.
pub(super) fn check_free(folder: &Path) -> Result<(), Stop> {
    let shown = folder.display();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Stop::failure(format!("{shown} cannot be used: {error}"))),
    };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut there: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    there.sort();
    if there.is_empty() {
        return Ok(());
    }
    let more = there.len().saturating_sub(TOLD);
    there.truncate(TOLD);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Err(Stop::failure(format!("{shown} is not empty: it has {}{more}", there.join(", ")))
        .hint("nothing was changed; name another folder (vestibule init DIR), or move that one away"))
}

/// Writes every file into the folder, which is free. They are written and checked beside it first.
///
/// # Errors
/// When the folder cannot be written; then nothing is left behind.
pub(super) fn put(folder: &Path, files: &[File]) -> Result<(), Stop> {
    let exists = folder.is_dir();
    let staged = staging(folder, exists);
    let placed = stage(&staged, files).and_then(|()| check(&staged)).and_then(|()| {
        let moved = if exists { link_all(&staged, folder, files) } else { fs::rename(&staged, folder) };
        moved.map_err(|error| Stop::failure(format!("{} cannot be written: {error}", folder.display())))
    });
    if placed.is_err() || exists {
        let _ = fs::remove_dir_all(&staged);
    }
    placed?;
    sync(folder)?;
    sync(&parent(folder))
}

/// Where they are written first: on the same file system, under a name that nothing reads.
fn staging(folder: &Path, exists: bool) -> PathBuf {
    let id = std::process::id();
    if exists {
        return folder.join(format!(".init-{id}"));
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    parent(folder).join(format!(".{name}.init-{id}"))
}

fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn stage(staged: &Path, files: &[File]) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::failure(format!("{} cannot be written: {error}", staged.display()));
    fs::create_dir_all(parent(staged)).map_err(failed)?;
    make_folder(staged).map_err(failed)?;
    for file in files {
        let path = staged.join(file.name);
        let inner = parent(&path);
        if !inner.is_dir() {
            make_folder(&inner).map_err(failed)?;
        }
        let mode = if file.private { 0o600 } else { 0o640 };
        let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        opened
            .and_then(|mut opened| opened.write_all(file.text.as_bytes()).and_then(|()| opened.sync_all()))
            .map_err(failed)?;
    }
    Ok(())
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o750).create(path)
}

/// What was written must be what `check` and `serve` take.
fn check(staged: &Path) -> Result<(), Stop> {
    config::load(staged, &|_| None)
        .map(|_| ())
        .map_err(|faults| Stop::failure(format!("the configuration would not be valid:\n{faults}")))
}

/// Gives each file its second name, in the folder that is there. A name that somebody took meanwhile stops
/// it, and what was placed is taken back.
fn link_all(staged: &Path, folder: &Path, files: &[File]) -> io::Result<()> {
    let mut placed: Vec<PathBuf> = Vec::new();
    for file in files {
        let target = folder.join(file.name);
        // A hidden file that was there, such as a .gitignore, stays.
        if file.name.starts_with('.') && target.exists() {
            continue;
        }
        let inner = parent(&target);
        let linked = fs::create_dir_all(&inner).and_then(|()| fs::hard_link(staged.join(file.name), &target));
        if let Err(error) = linked {
            for path in placed.iter().rev() {
                let _ = fs::remove_file(path);
                let _ = fs::remove_dir(parent(path));
            }
            return Err(error);
        }
        placed.push(target);
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<(), Stop> {
    fs::File::open(folder).and_then(|opened| opened.sync_all()).map_err(Stop::from)
}
