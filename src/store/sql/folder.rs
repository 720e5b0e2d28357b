//! The folder of the database: made private, locked while it is set up.
//!
//! Owns: permissions and the lock file. Does not own: what is in the files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use crate::store::StoreError;

/// Locked by whoever sets the folder up. It stays: removing it would give two processes two locks.
const LOCK_FILE: &str = "vestibule.lock";

/// Makes the folder (only its owner may enter) and waits for its lock. The lock goes with the file, also
/// when the process is killed.
///
/// # Errors
/// When the folder cannot be made or written to.
pub(super) async fn lock(folder: &Path) -> Result<File, StoreError> {
    make_folder(folder)?;
    let file = private_file(&folder.join(LOCK_FILE))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked
        .map_err(|error| StoreError::new("waiting for the lock of the data folder", error))?
        .map_err(|error| StoreError::new("locking the data folder", error))
}

/// Makes the database file, unless it is there, so that only its owner may read it: SQLite gives its
/// `-wal` and `-shm` the permissions of the database.
///
/// # Errors
/// When it cannot be made or written to.
pub(super) fn make_file(path: &Path) -> Result<(), StoreError> {
    private_file(path).map(drop)
}

/// The error for a file that is no database of ours.
pub(super) fn unusable(path: &Path, error: impl std::fmt::Display) -> StoreError {
    let cause = format!(
        "{} cannot be used ({error}): restore it from a backup, or move it away to begin with an empty one",
        path.display()
    );
    StoreError::new("opening the database", cause)
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        StoreError::new("making the data folder", format!("cannot make the folder {}: {error}", folder.display()))
    })
}

fn private_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                ": the user that runs vestibule must be able to write there"
            }
            ErrorKind::IsADirectory => ": there is a folder of that name",
            _ => "",
        };
        StoreError::new("opening the data folder", format!("cannot open {} ({error}){hint}", path.display()))
    })
}
