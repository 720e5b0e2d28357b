//! The ledger program: people use the real server as fast as they can, it is broken under them, and every
//! fact that it acknowledged is asked for afterwards, of every instance and of the stores themselves. Lost,
//! revived, duplicated and somebody else's must be nothing, on SQLite alone and on PostgreSQL with Redis.
//!
//! Owns: the order of a run, its figures and what they must be. Does not own: the load (`driver`), the faults
//! (`injection`), the questions (`checker`, `raw`). `tests/run faults` runs it; it takes minutes, so a plain
//! run of the tests does not.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports, to whoever watches it")]

mod checker;
mod driver;
mod elsewhere;
mod injection;
mod installation;
mod ledger;
mod meter;
mod oracle;
mod raw;
mod visitor;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use driver::Load;
use injection::Fault;
use installation::Installation;
use ledger::{Ledger, Wrong};
use meter::{Figures, Meter, Outcome, RECOVERY, Window};
use visitor::World;
use wire::Wire;

/// People at once.
const PEOPLE: usize = 6;

/// So many of what was wrong are repeated at the end.
const COMPLAINTS: usize = 8;

/// No fault may last longer than this; only then is it given up.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a run is asked for.
#[derive(Debug)]
struct Plan {
    /// How often each fault is made.
    rounds: usize,
    /// How long there is load before the first fault and after the last one's recovery.
    calm: Duration,
    /// How long a Redis stands still.
    freeze: Duration,
    /// Limits of time are multiplied by this: the machine may have other work.
    slack: u32,
    seed: u64,
    /// Only faults whose name, with the set-up ("X1 kill -9 on SQLite"), holds this.
    only: String,
}

impl Plan {
    /// From the environment, as `tests/run faults` sets it.
    fn read() -> Self {
        let text = |name: &str| std::env::var_os(name).and_then(|value| value.into_string().ok());
        let number = |name: &str| text(name).and_then(|value| value.parse::<u64>().ok());
        let rounds = number("VESTIBULE_FAULTS_ROUNDS").and_then(|rounds| rounds.try_into().ok()).unwrap_or(20);
        let quick = rounds < 10;
        Self {
            rounds,
            calm: Duration::from_millis(if quick { 1500 } else { 5000 }),
            freeze: Duration::from_secs(if quick { 4 } else { 60 }),
            slack: number("VESTIBULE_FAULTS_SLACK").and_then(|slack| slack.try_into().ok()).unwrap_or(1),
            seed: number("VESTIBULE_FAULTS_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000)),
            only: text("VESTIBULE_FAULTS_ONLY").unwrap_or_default(),
        }
    }

    fn wants(&self, fault: Fault, setup: &str) -> bool {
        format!("{} on {setup}", fault.name()).contains(&self.only)
    }

    /// A Redis that stands still for a minute does so less often.
    fn rounds_of(&self, fault: Fault) -> usize {
        if fault == Fault::RedisFreezes { self.rounds.div_ceil(10) } else { self.rounds }
    }
}

/// What one fault did to one set-up.
struct Row {
    fault: Fault,
    setup: &'static str,
    rounds: usize,
    instances: usize,
    facts: usize,
    wrong: [usize; 5],
    /// The first of them, in words.
    complaints: Vec<String>,
    figures: Figures,
    restarts: Vec<Duration>,
    /// Open files and memory (KiB) of all processes, before and after.
    held: [(usize, usize); 2],
    panics: usize,
    unrecovered: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: tests/run faults"]
async fn nothing_acknowledged_is_lost_and_nothing_revoked_revives() {
    let plan = Plan::read();
    println!("seed {}: VESTIBULE_FAULTS_SEED={0} chooses the same again", plan.seed);
    let mut rows = Vec::new();
    for (shared, setup) in [(false, "SQLite"), (true, "PostgreSQL + Redis")] {
        let faults: Vec<Fault> = Fault::of(shared).iter().copied().filter(|fault| plan.wants(*fault, setup)).collect();
        if faults.is_empty() {
            continue;
        }
        let mut installation = Installation::start(shared).await;
        for fault in faults {
            let begun = Instant::now();
            let row = run(fault, setup, &mut installation, &plan).await;
            println!("{} on {setup}: {} facts in {:?}", fault.name(), row.facts, begun.elapsed());
            rows.push(row);
        }
    }
    print_table(&rows);
    let faults: Vec<String> = rows.iter().flat_map(|row| row.faults(&plan)).collect();
    assert!(faults.is_empty(), "seed {}:\n{}", plan.seed, faults.join("\n"));
}

/// One fault, so many times, under load; then the questions.
async fn run(fault: Fault, setup: &'static str, installation: &mut Installation, plan: &Plan) -> Row {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = format!("{setup}-{}.jsonl", fault.name()).replace([' ', '+'], "");
    let ledger = Arc::new(Ledger::create(folder.join(file)));
    let meter = Arc::new(Meter::default());
    let world = |meter: &Arc<Meter>| {
        let wires = installation.instances.iter().enumerate();
        let wires =
            wires.map(|(index, instance)| Wire::new(instance.port, &installation.issuer, index, Arc::clone(meter)));
        World::new(wires.collect(), installation, Arc::clone(&ledger))
    };
    // Pools and caches are as full as they get.
    let warm = world(&Arc::default());
    let load = Load::begin(&warm, &installation.admin, PEOPLE, plan.seed);
    sleep(plan.calm).await;
    load.end().await;
    drop(warm);
    sleep(Duration::from_secs(1)).await;
    let before = installation.held();

    let world = world(&meter);
    world.forgetful.store(fault == Fault::RedisForgets, Ordering::SeqCst);
    let load = Load::begin(&world, &installation.admin, PEOPLE, plan.seed);
    sleep(plan.calm).await;
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let (mut windows, mut restarts, mut unrecovered): (Vec<Window>, Vec<Duration>, usize) = (Vec::new(), Vec::new(), 0);
    for round in 0..plan.rounds_of(fault) {
        sleep(Duration::from_millis(rng.random_range(100..1000))).await;
        let done = fault.inject(installation, round, plan.freeze, &mut rng).await;
        if done.cuts == Some(0) {
            world.complain(Wrong::Unexplained, "there was nothing to cut: the load does not reach the store");
        }
        windows.push(done.window);
        restarts.extend(done.restart);
        let begun = Instant::now();
        while !meter.has_recovered(done.window, installation.instances.len()) {
            if begun.elapsed() > PATIENCE {
                unrecovered += 1;
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    sleep(RECOVERY + plan.calm).await;
    load.end().await;
    let figures = meter.figures(&windows, installation.instances.len());
    let facts = ledger.facts();
    let book = ledger.read();
    raw::check(installation, &ledger, &book).await;
    checker::until_told_everywhere(&world, &installation.admin).await;
    world.forgetful.store(false, Ordering::SeqCst);
    checker::check(&world, &book).await;
    drop(world);
    sleep(Duration::from_secs(1)).await;
    installation.keep_logs(&folder);
    let wrong = [Wrong::Lost, Wrong::Revived, Wrong::Duplicated, Wrong::CrossIdentity, Wrong::Unexplained];
    Row {
        fault,
        setup,
        rounds: windows.len(),
        instances: installation.instances.len(),
        facts,
        wrong: wrong.map(|wrong| ledger.count(wrong)),
        complaints: ledger.complaints(COMPLAINTS),
        figures,
        restarts,
        held: [before, installation.held()],
        panics: installation.panics().len(),
        unrecovered,
    }
}

impl Row {
    /// What is not as it must be.
    fn faults(&self, plan: &Plan) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                faults.push(format!("{} on {}: {what}", self.fault.name(), self.setup));
            }
        };
        let [lost, revived, duplicated, cross_identity, unexplained] = self.wrong;
        must(self.facts > 20, format!("only {} facts: nothing was tried", self.facts));
        must(
            self.wrong == [0; 5],
            format!(
                "lost {lost}, revived {revived}, duplicated {duplicated}, cross-identity {cross_identity}, \
                 unexplained {unexplained}:\n    {}",
                self.complaints.join("\n    ")
            ),
        );
        must(self.panics == 0, format!("{} panics", self.panics));
        let bad: usize =
            self.figures.after.iter().filter(|(kind, _)| **kind != Outcome::Answered).map(|(_, n)| n).sum();
        must(bad == 0, format!("{:?} more than {RECOVERY:?} after recovery", self.figures.after));
        let failed = self.figures.during.get(&Outcome::Failed).copied().unwrap_or_default();
        must(failed == 0, format!("{failed} answers of 5xx that are not 503"));
        let late = self.figures.during.get(&Outcome::Late).copied().unwrap_or_default();
        must(late == 0, format!("{late} requests without an answer in time"));
        must(self.unrecovered == 0, format!("{} times it did not recover", self.unrecovered));
        let worst = self.figures.recovery.iter().max().copied().unwrap_or_default();
        must(worst <= RECOVERY * plan.slack, format!("it recovered after {worst:?}"));
        // The median: a machine that was busy for a moment is not the server.
        let restart = median(&self.restarts);
        must(restart <= Duration::from_secs(2) * plan.slack, format!("it restarts in {restart:?}"));
        if self.fault == Fault::RedisFreezes {
            must(self.figures.always == 0, format!("{} times keys or tokens were not told of", self.figures.always));
        }
        let [(files, memory), (files_after, memory_after)] = self.held;
        must(files_after <= files + files / 10 + 6, format!("{files} open files, then {files_after}"));
        let room = self.instances * 8 * 1024;
        must(memory_after <= memory + memory / 10 + room, format!("{memory} KiB, then {memory_after} KiB"));
        faults
    }
}

fn median(spans: &[Duration]) -> Duration {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn print_table(rows: &[Row]) {
    println!(
        "\n| fault | set-up | rounds | facts | lost, revived, duplicated, cross-identity | 503 / cut / late / other 5xx during | \
         after | first success, median / max | p99 of a refresh before / during / after | longest request | restart, median / max | files | MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let ms = |span: Option<Duration>| span.map_or_else(|| "-".to_owned(), |span| format!("{} ms", span.as_millis()));
    for row in rows {
        let during = |outcome| row.figures.during.get(&outcome).copied().unwrap_or_default();
        let after: usize =
            row.figures.after.iter().filter(|(kind, _)| **kind != Outcome::Answered).map(|(_, n)| n).sum();
        let [lost, revived, duplicated, cross_identity, unexplained] = row.wrong;
        let [before, then] = row.held;
        println!(
            "| {} | {} | {} | {} of {} requests | {lost}, {revived}, {duplicated}, {cross_identity} (+{unexplained}) | {} / {} / {} / {} | {after} | \
             {} / {} | {} / {} / {} | {} | {} / {} | {} → {} | {} → {} |",
            row.fault.name(),
            row.setup,
            row.rounds,
            row.facts,
            row.figures.requests,
            during(Outcome::Unavailable),
            during(Outcome::Cut),
            during(Outcome::Late),
            during(Outcome::Failed),
            ms(Some(median(&row.figures.recovery))),
            ms(row.figures.recovery.iter().max().copied()),
            ms(row.figures.before_p99),
            ms(row.figures.during_p99),
            ms(row.figures.after_p99),
            ms(Some(row.figures.longest)),
            ms(Some(median(&row.restarts))),
            ms(row.restarts.iter().max().copied()),
            before.0,
            then.0,
            before.1 / 1024,
            then.1 / 1024,
        );
    }
}
