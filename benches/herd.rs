//! Two thousand sign-ins at once, again and again: `cargo bench --bench herd [-- BINARY]`. Starts `vestibule dev`
//! in a process of its own (that of the build, or the one named), and prints its memory before, at its peak
//! and after, what the sign-ins were answered, and how long the token endpoint took without and with them.
//! 4,200 sockets here and half of them there: `ulimit -n 10000` before.
//!
//! The probe has a thread of its own, and the herd's threads are nicer than it and than the server: what is
//! measured is the server's delay, not that of whoever makes the load on the same processors.
//!
//! Owns: the herd, the probe beside it, the table. Does not own: the limits that hold (`tests/it/herd`).

#![expect(clippy::print_stdout, reason = "its output is its result")]
#![expect(clippy::indexing_slicing, reason = "a member that a JSON value lacks reads as null")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says so and ends")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, redirect};
use serde_json::Value;
use tokio::sync::Barrier;

/// At once: half on the sign-in page, half by the password grant.
const HERD: usize = 2000;
/// How often each of them tries.
const ROUNDS: usize = 4;
/// Connections that ask for tokens meanwhile, and how long without the herd.
const PROBES: usize = 4;
const QUIET: Duration = Duration::from_secs(3);

struct Server {
    child: Child,
    folder: std::path::PathBuf,
    facts: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What came back, and after how long.
#[derive(Debug, Clone, Copy)]
struct Answered {
    /// 0 for a broken connection.
    status: u16,
    after: Duration,
}

fn main() {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().on_thread_start(give_way).build();
    threads.unwrap().block_on(run());
}

/// Makes this thread as nice as there is.
fn give_way() {
    rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19).unwrap();
}

/// Runs on a thread of its own, with the priority of this process.
fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> std::thread::JoinHandle<T> {
    std::thread::spawn(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work))
}

async fn run() {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let server = start(&named.unwrap_or_else(|| env!("CARGO_BIN_EXE_vestibule").to_owned()));
    let issuer = server.facts["issuer"].as_str().unwrap().to_owned();
    let service = member(&server.facts["clients"], ("client_id", "service"), "client_secret");
    let person = server.facts["users"][0].clone();
    let pid = server.child.id();

    let stop = Arc::new(AtomicBool::new(false));
    let probe = apart(probe(issuer.clone(), service.clone(), Arc::clone(&stop)));
    tokio::time::sleep(QUIET).await;
    stop.store(true, Ordering::SeqCst);
    let quiet = probe.join().unwrap();

    let before = memory(pid, "VmRSS:");
    let stop = Arc::new(AtomicBool::new(false));
    let probe = apart(self::probe(issuer.clone(), service, Arc::clone(&stop)));
    let began = now();
    let herd = herd(&issuer, &person).await;
    let took = began.elapsed();
    stop.store(true, Ordering::SeqCst);
    let meanwhile = probe.join().unwrap();

    println!("{} sign-ins, {HERD} at once, in {:.1} s", herd.len(), took.as_secs_f64());
    let mut by_status: BTreeMap<u16, Vec<Answered>> = BTreeMap::new();
    for answered in herd {
        by_status.entry(answered.status).or_default().push(answered);
    }
    for (status, answers) in by_status {
        let name = if status == 0 { "broken".to_owned() } else { status.to_string() };
        println!("  {name:<28} {:>7} {}", answers.len(), times(&answers));
    }
    println!("token endpoint, {PROBES} connections");
    for (name, answers) in [("without the herd", quiet), ("during the herd", meanwhile)] {
        let wrong = answers.iter().filter(|answered| answered.status != 200).count();
        println!("  {name:<28} {:>7} {}, {wrong} not 200", answers.len(), times(&answers));
    }
    let peak = memory(pid, "VmHWM:");
    println!("resident: {before:.1} MiB before, {peak:.1} at the peak, {:.1} after", memory(pid, "VmRSS:"));
}

fn start(binary: &str) -> Server {
    let folder = std::env::temp_dir().join(format!("vestibule-herd-{}", std::process::id()));
    let config = folder.join("config");
    std::fs::create_dir_all(&config).unwrap();
    let mut command = Command::new(binary);
    command.args(["dev", "--port", "0", "--print", "json"]).arg("--config").arg(config);
    command.arg("--data").arg(folder.join("data")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Server { child, folder, facts: serde_json::from_str(&line).unwrap() }
}

/// Everybody at once, with the right password, a connection each; and so on, all together again.
async fn herd(issuer: &str, person: &Value) -> Vec<Answered> {
    let client = client(HERD);
    let page = client.get(format!("{issuer}/login")).send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap_or_default().to_owned();
    let page = page.text().await.unwrap();
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap_or_default().to_owned();
    let (name, password) = (person["username"].as_str().unwrap(), person["password"].as_str().unwrap());
    let form = [("csrf", csrf.as_str()), ("username", name), ("password", password)];
    let grant = [("grant_type", "password"), ("client_id", "first-party"), ("username", name), ("password", password)];
    let barrier = Arc::new(Barrier::new(HERD));
    let tasks: Vec<_> = (0..HERD)
        .map(|number| {
            let request = if number % 2 == 0 {
                client.post(format!("{issuer}/login")).header("cookie", &cookie).form(&form)
            } else {
                client.post(format!("{issuer}/token")).form(&grant)
            };
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                let mut answers = Vec::with_capacity(ROUNDS);
                for _ in 0..ROUNDS {
                    barrier.wait().await;
                    answers.push(ask(request.try_clone().unwrap()).await);
                }
                answers
            })
        })
        .collect();
    let mut all = Vec::with_capacity(HERD * ROUNDS);
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

/// Asks for tokens by client credentials, one after the other on each connection.
async fn probe(issuer: String, secret: String, stop: Arc<AtomicBool>) -> Vec<Answered> {
    let client = client(PROBES);
    let tasks: Vec<_> = (0..PROBES)
        .map(|_| {
            let request = client.post(format!("{issuer}/token")).basic_auth("service", Some(&secret));
            let request = request.form(&[("grant_type", "client_credentials")]);
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    answers.push(ask(request.try_clone().unwrap()).await);
                }
                answers
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

async fn ask(request: RequestBuilder) -> Answered {
    let began = now();
    let status = match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            answer.bytes().await.map_or(0, |_| status)
        }
        Err(_) => 0,
    };
    Answered { status, after: began.elapsed() }
}

fn client(connections: usize) -> Client {
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    client.pool_max_idle_per_host(connections).timeout(Duration::from_mins(1)).build().unwrap()
}

fn times(answers: &[Answered]) -> String {
    let mut sorted: Vec<Duration> = answers.iter().map(|answered| answered.after).collect();
    sorted.sort_unstable();
    let at = |percent: usize| sorted.get(sorted.len() * percent / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
    format!("p50 {:>8.1} ms   p99 {:>8.1} ms", at(50), at(99))
}

/// A field of /proc/PID/status in MiB.
fn memory(pid: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u32>().ok()).map_or(0.0, |kib| f64::from(kib) / 1024.0)
}

/// A member of the one in a list whose other member has that value.
fn member(list: &Value, (key, value): (&str, &str), wanted: &str) -> String {
    let mut found = list.as_array().into_iter().flatten().filter(|one| one[key] == value);
    found.find_map(|one| one[wanted].as_str()).unwrap_or_default().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn now() -> Instant {
    Instant::now()
}
