//! The files of a config folder.
//!
//! Owns: which files are read, in which order, and what is said when one cannot be. Does not own: what
//! stands in them (`document`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::document::{self, Table};
use crate::config::fault::{Fault, Kind};
use crate::config::section::Reader;

/// Deeper folders are not looked into; a link that leads back up ends here.
const DEEPEST: usize = 16;

/// A config file is written by people; more than this is something else.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads every `*.toml` under `folder`, subfolders included, in the order of their paths, into one table.
/// Names that begin with a dot are left out: editors and Kubernetes volumes keep copies there.
pub(super) fn read(folder: &Path, reader: &mut Reader<'_>) -> Table {
    let mut root = Table::default();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            reader.faults.push(unreadable_folder(folder, "is not a folder"));
            return root;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            reader.faults.push(unreadable_folder(folder, "does not exist"));
            return root;
        }
        Err(error) => {
            reader.faults.push(unreadable_folder(folder, &format!("cannot be read: {error}")));
            return root;
        }
    }
    let mut files = Vec::new();
    list(folder, DEEPEST, &mut files, reader);
    files.sort();
    for file in files {
        if let Some(text) = read_file(&file, reader) {
            let source = reader.sources.add_file(&file, &text);
            let table = document::parse(source, reader);
            root.absorb(table, reader);
        }
    }
    root
}

fn unreadable_folder(folder: &Path, why: &str) -> Fault {
    let shown = folder.display();
    Fault::nowhere(
        format!("the config folder {shown} {why}"),
        format!(
            "make it (mkdir -p {shown}) and put a file such as vestibule.toml there, or name another with --config DIR"
        ),
    )
    .kind(Kind::Unreadable)
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, reader: &mut Reader<'_>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            reader.faults.push(unreadable_folder(folder, &format!("cannot be read: {error}")));
            return;
        }
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                list(&path, depth - 1, files, reader);
            }
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}

fn read_file(path: &Path, reader: &mut Reader<'_>) -> Option<String> {
    let shown = path.display();
    let too_large = fs::metadata(path).is_ok_and(|found| found.len() > LARGEST);
    let bytes = if too_large { Err(io::Error::other("it is larger than 4 MiB")) } else { fs::read(path) };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            let fault = Fault::nowhere(
                format!("{shown} cannot be read: {error}"),
                format!("let the user of this process read it (ls -l {shown}), or remove it from the config folder"),
            );
            reader.faults.push(fault.kind(Kind::Unreadable));
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let source = reader.sources.add_file(path, &String::from_utf8_lossy(error.as_bytes()));
            let place = reader.sources.place(source, at..at + 1);
            let fault =
                Fault::at(&place, "the file is not UTF-8 text", "save it in UTF-8; TOML knows no other encoding");
            reader.faults.push(fault.kind(Kind::Unreadable));
            None
        }
    }
}
