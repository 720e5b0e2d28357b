//! What whole requests cost: `cargo bench --bench load [-- WORD…]`, for published figures with
//! `--profile dist`. `vestibule serve` on each set-up and a bare actix-web handler that signs and answers
//! (the floor) run beside each other and are asked in turns; the numbers are medians over the rounds.
//!
//! Owns: the rounds, the connections, the table. Does not own: what is asked (`load/scenarios`), how a
//! server is started (`load/server`).

#![expect(clippy::print_stdout, reason = "its output is its result")]
#![expect(clippy::indexing_slicing, reason = "a member that a JSON value lacks reads as null")]
#![expect(clippy::expect_used, clippy::panic, reason = "the servers of the tests say so where one is missing")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says so and ends")]

mod cpu;
#[expect(dead_code, reason = "the tests read more of it")]
#[path = "../tests/it/support/data.rs"]
mod data;
#[path = "load/floor.rs"]
mod floor;
#[path = "load/hanging.rs"]
mod hanging;
#[path = "load/http.rs"]
mod http;
#[expect(dead_code, reason = "the tests break it too")]
#[path = "../tests/it/support/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "the tests break it too")]
#[path = "../tests/it/support/redis.rs"]
mod redis;
#[path = "load/scenarios.rs"]
mod scenarios;
#[path = "load/server.rs"]
mod server;

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use self::hanging::{Crowd, Provider};
use self::http::Connection;
use self::scenarios::{Operation, Scenario};
use self::server::{Server, Setup};

const ROUNDS: usize = 5;

/// One round of a scenario.
struct Round {
    cpu_per_10k: f64,
    a_second: f64,
    latencies: Vec<Duration>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--floor") {
        floor::serve().unwrap();
        return;
    }
    let wanted: Vec<String> = arguments.into_iter().filter(|argument| !argument.starts_with('-')).collect();
    let floor = Server::floor();
    for setup in [Setup::SqliteAlone, Setup::PostgresWithRedis] {
        measure(setup, &floor, &wanted);
    }
}

fn measure(setup: Setup, floor: &Server, wanted: &[String]) {
    let provider = Provider::start();
    let ours = Server::vestibule(setup, provider.port());
    let idle = cpu::resident_mib(ours.pid());
    let named = |scenario: &Scenario| wanted.is_empty() || wanted.iter().any(|word| scenario.name.contains(word));
    let scenarios: Vec<Scenario> = scenarios::all(ours.port).into_iter().filter(named).collect();
    let mut rounds: Vec<Vec<Round>> = scenarios.iter().map(|_| Vec::new()).collect();
    // The first round warms up.
    for number in 0..=ROUNDS {
        for (scenario, rounds) in scenarios.iter().zip(&mut rounds) {
            let crowd = scenario.beside_hanging.then(|| Crowd::gather(ours.port, &provider));
            let round = run(scenario, if scenario.floor { floor } else { &ours });
            drop(crowd);
            if number > 0 {
                rounds.push(round);
            }
        }
    }
    println!("{setup}, cold start on its store: {} ms", ours.cold_start.as_millis());
    println!("{:<40} {:>14} {:>10} {:>9} {:>9}", "scenario", "CPU s per 10k", "a second", "p50 ms", "p99 ms");
    for (scenario, rounds) in scenarios.iter().zip(rounds) {
        report(scenario.name, rounds);
    }
    println!("resident: {idle:.1} MiB after the start, {:.1} MiB after the load", cpu::resident_mib(ours.pid()));
    println!("floor resident: {:.1} MiB\n", cpu::resident_mib(floor.pid()));
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn run(scenario: &Scenario, server: &Server) -> Round {
    let each = scenario.count / scenario.connections;
    let ready = Barrier::new(scenario.connections as usize + 1);
    let (latencies, began, before) = thread::scope(|scope| {
        let work = || {
            let mut connection = Connection::open(server.port).unwrap();
            if let Some(prepare) = &scenario.prepare {
                prepare(&mut connection);
            }
            ready.wait();
            ready.wait();
            (0..each).map(|_| time(&scenario.operation, &mut connection)).collect::<Vec<Duration>>()
        };
        let threads: Vec<_> = (0..scenario.connections).map(|_| scope.spawn(work)).collect();
        ready.wait();
        let (began, before) = (Instant::now(), cpu::seconds(server.pid()));
        ready.wait();
        let latencies: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        (latencies, began, before)
    });
    let (wall, used) = (began.elapsed().as_secs_f64(), cpu::seconds(server.pid()) - before);
    let done = f64::from(each * scenario.connections);
    Round { cpu_per_10k: used / done * 10_000.0, a_second: done / wall, latencies }
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn time(operation: &Operation, connection: &mut Connection) -> Duration {
    let began = Instant::now();
    operation(connection);
    began.elapsed()
}

fn report(name: &str, rounds: Vec<Round>) {
    let cpu = median(rounds.iter().map(|round| round.cpu_per_10k).collect());
    let rate = median(rounds.iter().map(|round| round.a_second).collect());
    let mut latencies: Vec<Duration> = rounds.into_iter().flat_map(|round| round.latencies).collect();
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
    println!("{name:<40} {cpu:>14.2} {rate:>10.0} {:>9.2} {:>9.2}", at(50), at(99));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
