//! The data folder of a development server: where it is, whose it is, who holds it.
//!
//! Owns: its place and mode, the marker file, the lock. Does not own: the credentials in it
//! (`credentials`), the databases (`store`).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::dev::credentials::FILE as CREDENTIALS;
use crate::cli::dev::running::FILE as RUNNING;
use crate::cli::exit::Stop;

/// The lock file. It is never removed: its inode is what is locked.
const LOCK: &str = "dev.lock";

/// How often a start tries the lock again: an admin command may be looking at it this very moment.
const TRIES: u32 = 20;

/// A data folder, which need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    is_default: bool,
}

/// The lock on a folder; it ends with this value or with the process, however that ends.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl Folder {
    /// `--data DIR`, else `$XDG_STATE_HOME/vestibule/dev`, else `~/.local/state/vestibule/dev`.
    ///
    /// # Errors
    /// When there is no home either.
    pub fn locate(data: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Stop> {
        if let Some(path) = data {
            return Ok(Self { path: path.to_owned(), is_default: false });
        }
        // The XDG specification: a relative path there is to be ignored.
        let absolute = |name| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        let path = state.map(|state| state.join("vestibule/dev")).ok_or_else(|| {
            Stop::failure("there is no home folder to keep development data in").hint("name one: --data DIR")
        })?;
        Ok(Self { path, is_default: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a command needs to find this folder: nothing for the default one.
    #[must_use]
    pub fn argument(&self) -> String {
        if self.is_default { String::new() } else { format!(" --data {}", shell_word(&self.path.to_string_lossy())) }
    }

    /// Whether a development server made it.
    #[must_use]
    pub fn is_dev(&self) -> bool {
        is_dev_folder(&self.path)
    }

    /// Makes the folder, or takes one that is empty or ours; mode 0700 in each case.
    ///
    /// # Errors
    /// When it holds something else, or cannot be made.
    pub fn prepare(&self) -> Result<(), Stop> {
        let path = self.path.display();
        let failed = |error: io::Error| {
            Stop::failure(format!("the data folder {path} cannot be used: {error}"))
                .hint("name another one: vestibule dev --data DIR")
        };
        match fs::read_dir(&self.path) {
            Ok(entries) => {
                let empty = entries.into_iter().all(|entry| is_leftover(&entry));
                if !empty && !self.is_dev() {
                    return Err(Stop::failure(format!("{path} is not the data folder of a development server"))
                        .hint("name an empty or new folder: vestibule dev --data DIR"));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o700)).map_err(failed)
    }

    /// Takes the lock that only a running development server holds.
    ///
    /// # Errors
    /// When another one holds it.
    pub fn hold(&self) -> Result<Held, Stop> {
        let failed = |error: io::Error| Stop::failure(format!("{} cannot be locked: {error}", self.path.display()));
        let lock = self.lock_file(true).map_err(failed)?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => return Ok(Held { _lock: lock }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(5)),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let message = format!("another development server holds the data folder {}", self.path.display());
        Err(Stop::failure(message).hint("use that one, stop it, or give this one a folder of its own: --data DIR"))
    }

    /// Whether a development server holds it now. The look itself takes a shared lock for an instant.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lock_file(false).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    fn lock_file(&self, create: bool) -> io::Result<File> {
        let path = self.path.join(LOCK);
        OpenOptions::new().read(true).write(true).create(create).truncate(false).mode(0o600).open(path)
    }
}

/// Whether a development server made this folder: `serve` keeps away from it.
#[must_use]
pub fn is_dev_folder(path: &Path) -> bool {
    path.join(RUNNING).is_file() || path.join(CREDENTIALS).is_file()
}

/// What a start that was stopped at once may leave behind.
fn is_leftover(entry: &io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|entry| entry.file_name() == LOCK)
}

/// A word as a shell reads it.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:=@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("vestibule-folder-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Folder { path, is_default: false }
    }

    #[test]
    fn the_default_folder_follows_xdg_and_then_home() {
        let env = |xdg: Option<&'static str>| {
            move |name: &str| match name {
                "XDG_STATE_HOME" => xdg.map(str::to_owned),
                "HOME" => Some("/home/ada".to_owned()),
                _ => None,
            }
        };
        let located = |xdg| Folder::locate(None, &env(xdg)).unwrap().path;
        assert_eq!(located(Some("/state")), Path::new("/state/vestibule/dev"));
        assert_eq!(located(Some("relative")), Path::new("/home/ada/.local/state/vestibule/dev"));
        assert_eq!(located(None), Path::new("/home/ada/.local/state/vestibule/dev"));
        assert!(Folder::locate(None, &|_| None).is_err());
    }

    #[test]
    fn a_new_folder_is_private_and_a_foreign_one_is_left_alone() {
        let folder = scratch("prepare");
        folder.prepare().unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
        folder.prepare().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("thesis.txt"), "").unwrap();
        assert!(folder.prepare().unwrap_err().to_string().contains("--data DIR"));
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
        fs::write(folder.path().join(CREDENTIALS), "{}").unwrap();
        folder.prepare().unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn only_one_holds_a_folder_and_looking_does_not_hold_it() {
        let folder = scratch("hold");
        folder.prepare().unwrap();
        assert!(!folder.is_held());
        let held = folder.hold().unwrap();
        assert!(folder.is_held() && folder.is_held());
        assert!(folder.hold().unwrap_err().to_string().contains("--data DIR"));
        drop(held);
        assert!(!folder.is_held());
        folder.hold().unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn printed_commands_can_be_pasted() {
        assert_eq!(shell_word("/tmp/a-b"), "/tmp/a-b");
        assert_eq!(shell_word("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
