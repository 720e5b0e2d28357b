//! The reader's terminal: one bash for a page, so that a variable set in one block is there in the next.
//!
//! Owns: running a command in it. Does not own: which (`run`).

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::cli::program::PATIENCE;

pub struct Shell {
    _process: Child,
    stdin: ChildStdin,
    codes: Lines<BufReader<ChildStdout>>,
    home: PathBuf,
}

impl Shell {
    /// A shell in that folder, which is its home, too. `vestibule` is the binary under test; programs of
    /// `bin` come before all others.
    pub fn start(home: &Path, variables: &[(&str, &str)]) -> Self {
        let bin = home.join("bin");
        let vestibule = bin.join("vestibule");
        if !vestibule.exists() {
            std::fs::create_dir_all(&bin).expect("a folder");
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_vestibule"), vestibule).expect("a link");
        }
        let path = std::env::var_os("PATH").expect("PATH");
        let mut process = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(home)
            .env_clear()
            .env("PATH", format!("{}:{}", bin.display(), path.display()))
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("LC_ALL", "C.UTF-8")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("bash");
        let stdin = process.stdin.take().expect("its stdin");
        let codes = BufReader::new(process.stdout.take().expect("its stdout")).lines();
        Self { _process: process, stdin, codes, home: home.to_owned() }
    }

    /// Runs a command: its exit code, its stdout and its stderr.
    pub async fn run(&mut self, command: &str) -> (i32, String, String) {
        let (out, err) = (self.home.join(".out"), self.home.join(".err"));
        let line =
            format!("{{ {command}\n}} >'{}' 2>'{}' </dev/null; printf '%s\\n' \"$?\"\n", out.display(), err.display());
        self.stdin.write_all(line.as_bytes()).await.expect("to type a command");
        let code = timeout(PATIENCE, self.codes.next_line()).await;
        let code = code.unwrap_or_else(|_| panic!("`{command}` does not end: {}", read(&err)));
        let code = code.expect("a line").unwrap_or_else(|| panic!("the shell ended at `{command}`"));
        (code.parse().expect("an exit code"), read(&out), read(&err))
    }
}

fn read(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
}
