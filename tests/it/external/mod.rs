//! Other people's programs against the built binary: PyJWT, npm jose, FastAPI with Swagger UI.
//!
//! Owns finding and running them; their versions are pinned in `tests/external`. Does not own the browser
//! (`browser`), which drives what a person would do on the way.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test, and what it stands on, fails by panicking"
)]

mod algorithms;
mod fastapi;
mod provider;
mod tokens;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The Python that has the packages of `tests/external/requirements.txt`.
pub fn python() -> PathBuf {
    outfit("VESTIBULE_TEST_PYTHON")
}

/// The folder with the packages of `tests/external/package.json`.
pub fn node_modules() -> PathBuf {
    outfit("VESTIBULE_TEST_NODE_MODULES")
}

fn outfit(variable: &str) -> PathBuf {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else {
        panic!("{variable} is not set: run the tests by `tests/run`, or do `eval \"$(tests/run env)\"` first");
    };
    assert!(path.exists(), "{variable} names {}, which is not there: run `tests/run tools`", path.display());
    path
}

/// A program of `tests/external`.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/external").join(name)
}

/// Header and claims of the token as PyJWT read them, or what it said against the token.
pub async fn verify_by_pyjwt(issuer: &str, audience: &str, token: &str) -> Result<Value, String> {
    let mut command = Command::new(python());
    command.arg(script("verify_pyjwt.py")).args([issuer, audience]);
    verify(command, token).await
}

/// Header and claims of the token as jose read them, or what it said against the token.
pub async fn verify_by_jose(issuer: &str, audience: &str, token: &str) -> Result<Value, String> {
    let mut command = Command::new(crate::browser::chromium::program("node", "nodejs"));
    command.arg(script("verify_jose.mjs")).args([issuer, audience]).env("VESTIBULE_TEST_NODE_MODULES", node_modules());
    verify(command, token).await
}

async fn verify(mut command: Command, token: &str) -> Result<Value, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    let mut stdin = process.stdin.take().expect("its stdin");
    stdin.write_all(token.as_bytes()).await.expect("to hand over the token");
    drop(stdin);
    let output = process.wait_with_output().await.expect("its output");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("JSON from the verifier"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
