//! A page from its top to its end: its files are written, its server runs, its commands are typed.
//!
//! Owns: that order, and what is put in place of the documented addresses and folders. Does not own: the
//! terminal (`shell`), programs in other languages (`programs`).

use serde_json::Value;
use tokio::process::Child;

use super::desktop::Desktop;
use super::output::is_shown;
use super::page::{Block, Command, Page};
use super::shell::Shell;
use super::{NOT_RUN, programs, secrets};
use crate::cli::program::{self, Home};
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

/// The stores of a page about several instances.
const DATABASE: &str = "postgres://vestibule@db.example.com/vestibule?sslmode=verify-full";
const REDIS: &str = "rediss://cache.example.com:6379/0";

/// What the pages say, and what is so in a test.
struct Places(Vec<(&'static str, String)>);

impl Places {
    fn to_real(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }

    fn to_shown(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(real, shown))
    }
}

/// Runs a page.
pub async fn run(page: &Page) {
    if page.blocks.iter().any(|block| block.text.contains("vestibule serve")) {
        return run_beside_serve(page).await;
    }
    let home = Home::new();
    for block in page.blocks.iter().filter(|block| block.language == "toml") {
        secrets::write(&home.write(block.file(), &block.text), &block.text);
    }
    let dev = home.dev(&[]).await;
    let places = Places(vec![("http://localhost:9400", dev.issuer().to_owned())]);
    let mut shell = Shell::start(home.path(), &[("PASSWORD", &dev.password("ada"))]);
    let _desktop = Desktop::start(&home.path().join("bin"), &dev).await;
    for block in &page.blocks {
        if block.is_shell() {
            for command in block.commands() {
                type_in(&mut shell, &places, block, &command).await;
            }
        }
        if block.language == "json" {
            said_by_dev(block, &dev.facts);
        }
    }
    programs::run(page, &dev, &home).await;
}

/// The page about `serve` has a machine of its own: its folders, its key, its server.
async fn run_beside_serve(page: &Page) {
    let home = Home::new();
    let root = home.path().display();
    // Both are taken before either is free again: they are not the same.
    let free = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [first, second] = free.map(|listener| listener.local_addr().expect("an address").to_string());
    let mut places = Places(vec![
        ("127.0.0.1:9400", first),
        ("127.0.0.1:9401", second),
        ("/etc/vestibule", format!("{root}/etc/vestibule")),
        ("/var/lib/vestibule", format!("{root}/var/lib/vestibule")),
    ]);
    // A page that keeps its people in PostgreSQL has one, and a Redis beside it.
    let shared = page.blocks.iter().any(|block| block.language == "toml" && block.text.contains(DATABASE));
    let stores = shared.then(|| (Postgres::shared().database(), Redis::start()));
    if let Some((database, redis)) = &stores {
        places.0.extend([(DATABASE, database.url()), (REDIS, redis.url())]);
    }
    for folder in ["etc/vestibule", "var/lib/vestibule"] {
        std::fs::create_dir_all(home.path().join(folder)).expect("a folder");
    }
    let mut shell = Shell::start(home.path(), &[]);
    let mut servers = Vec::new();
    for block in &page.blocks {
        if block.language == "toml" {
            let text = places.to_real(&block.text);
            match block.file().strip_prefix("/etc/") {
                Some(file) => home.write(&format!("etc/{file}"), &text),
                None => loads_beside(&home, &text),
            };
        }
        for command in block.is_shell().then(|| block.commands()).into_iter().flatten() {
            match places.to_real(&command.text).split_once("vestibule serve ") {
                Some((variables, arguments)) => servers.push(serve(&home, variables, arguments).await),
                None => type_in(&mut shell, &places, block, &command).await,
            }
        }
    }
    assert!(!servers.is_empty(), "{}: nothing was served", page.file);
}

/// A table that the reader may add: the configuration that stands loads with it.
fn loads_beside(home: &Home, text: &str) -> std::path::PathBuf {
    let both = home.path().join("both");
    std::fs::create_dir_all(&both).expect("a folder");
    for entry in std::fs::read_dir(home.path().join("etc/vestibule")).expect("the configuration") {
        let entry = entry.expect("a file");
        if entry.path().is_dir() {
            continue;
        }
        std::fs::copy(entry.path(), both.join(entry.file_name())).expect("a copy");
    }
    std::fs::write(both.join("added.toml"), text).expect("a file");
    let env = |name: &str| (name == "REDIS_URL").then(|| "redis://:secret@127.0.0.1:6379/0".to_owned());
    let config = vestibule::config::load(&both, &env).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(config.redis.is_some());
    both
}

/// Starts the server of a page, and waits until it is ready.
async fn serve(home: &Home, variables: &str, arguments: &str) -> Child {
    let variables: Vec<(&str, &str)> = variables.split_whitespace().filter_map(|set| set.split_once('=')).collect();
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let log = home.path().join("serve.log");
    let mut command = home.command(&["serve"]);
    let mut child = command
        .args(&arguments)
        .envs(variables.clone())
        .stderr(std::fs::File::create(&log).expect("a log"))
        .spawn()
        .expect("the binary");
    let healthy = || {
        let mut command = home.command(&["healthcheck"]);
        command.args(&arguments).envs(variables.clone());
        program::run(command, "")
    };
    while healthy().await.code != Some(0) {
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(child.try_wait().expect("a child").is_none(), "serve {arguments:?} ended: {}", said());
    }
    child
}

/// Runs one command of a page as it is printed.
async fn type_in(shell: &mut Shell, places: &Places, block: &Block, command: &Command) {
    if NOT_RUN.iter().any(|(known, _)| *known == command.text) {
        return;
    }
    let (code, out, err) = shell.run(&places.to_real(&command.text)).await;
    let place = &block.place;
    assert_eq!(code, command.exit_code, "{place}: `{}`\n{out}{err}", command.text);
    let output = places.to_shown(&format!("{out}{err}"));
    match &command.output {
        // What goes to stderr may be left out.
        Some(shown) => {
            let fits = is_shown(shown, &places.to_shown(&out)) || is_shown(shown, &output);
            assert!(fits, "{place}: `{}` shows\n{output}\nand not\n{}", command.text, shown.join("\n"));
        }
        // curl ends with 0 whatever a server says.
        None => assert!(!out.starts_with("{\"error\""), "{place}: `{}`: {out}", command.text),
    }
}

/// A JSON block is a part of what `dev --print json` said: `…` is anything.
#[track_caller]
fn said_by_dev(block: &Block, facts: &Value) {
    let shown: Value = serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{}: {error}", block.place));
    assert!(is_part(&shown, facts), "{}: dev says {facts}", block.place);
}

fn is_part(shown: &Value, real: &Value) -> bool {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            shown.len() == real.len()
                && shown.iter().all(|(name, shown)| real.get(name).is_some_and(|real| is_part(shown, real)))
        }
        // One element is shown for all.
        (Value::Array(shown), Value::Array(real)) if shown.iter().all(Value::is_object) => {
            shown.iter().all(|shown| real.iter().any(|real| is_part(shown, real)))
        }
        (Value::String(shown), Value::String(real)) => {
            shown == "…" || shown == real || (shown == "http://localhost:9400" && real.starts_with("http://localhost:"))
        }
        _ => shown == real,
    }
}
