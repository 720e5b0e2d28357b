//! The faults of the threat list that this program makes: X1, X3, X4, X6, X9, X12.
//!
//! Owns: breaking one thing, once, and mending it. Does not own: what must hold then (`mod`, `checker`).

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use super::installation::{Installation, Servers};
use super::meter::Window;
use crate::support::proxy::{Cut, Proxy};

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// X1: an instance is killed, and started again.
    Kill,
    /// X3: Redis crashes and comes back with what it had; or its answers break off in the middle.
    RedisCrash,
    /// X4: Redis loses everything.
    RedisForgets,
    /// X6: Redis stands still.
    RedisFreezes,
    /// X9: PostgreSQL crashes; or a connection ends between a commit and its answer.
    PostgresCrash,
    /// X12: others write the same rows, or hold the database.
    Collisions,
}

/// What PostgreSQL says when something is committed: it speaks after the commit only.
const COMMITTED: &[&[u8]] = &[b"COMMIT\0", b"UPDATE 1\0", b"INSERT 0 1\0", b"UPDATE 0\0", b"INSERT 0 0\0"];

/// How often in one round an answer is cut.
const CUTS: usize = 6;

impl Fault {
    /// Those that a set-up can have.
    pub const fn of(shared: bool) -> &'static [Self] {
        if shared {
            &[
                Self::Kill,
                Self::RedisCrash,
                Self::RedisForgets,
                Self::RedisFreezes,
                Self::PostgresCrash,
                Self::Collisions,
            ]
        } else {
            &[Self::Kill, Self::Collisions]
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "X1 kill -9",
            Self::RedisCrash => "X3 Redis crash",
            Self::RedisForgets => "X4 FLUSHALL",
            Self::RedisFreezes => "X6 Redis SIGSTOP",
            Self::PostgresCrash => "X9 PostgreSQL crash",
            Self::Collisions => "X12 collisions",
        }
    }

    /// Breaks it once and mends it. `freeze` is how long a Redis stands still.
    pub async fn inject(
        self,
        installation: &mut Installation,
        round: usize,
        freeze: Duration,
        rng: &mut StdRng,
    ) -> Done {
        let short = Duration::from_millis(rng.random_range(50..600));
        if self == Self::Kill {
            return kill(installation, round, short).await;
        }
        let from = Instant::now();
        let mut cuts = None;
        match (self, &mut installation.servers) {
            (Self::RedisCrash, Some(servers)) if round % 3 == 2 => {
                cuts = Some(cut(&servers.to_redis, &Cut::Middle).await);
            }
            (Self::RedisCrash, Some(servers)) => {
                block_in_place(|| servers.redis.stop());
                sleep(short).await;
                block_in_place(|| servers.redis.begin());
            }
            (Self::RedisForgets, Some(servers)) => block_in_place(|| servers.redis.flush()),
            (Self::RedisFreezes, Some(servers)) => {
                servers.redis.signal("STOP");
                sleep(freeze).await;
                servers.redis.signal("CONT");
            }
            (Self::PostgresCrash, Some(servers)) if round % 2 == 1 => {
                cuts = Some(cut(&servers.to_postgres, &Cut::Answer(COMMITTED)).await);
            }
            (Self::PostgresCrash, Some(servers)) => {
                block_in_place(|| servers.postgres.crash());
                sleep(short).await;
                block_in_place(|| servers.postgres.begin());
            }
            (Self::Collisions, Some(servers)) => block_in_place(|| collide(servers, round)),
            (Self::Collisions, None) => hold(installation, short * u32::try_from(1 + round % 8).unwrap_or(1)).await,
            (fault, None) => unreachable!("{fault:?} without its server"),
            (Self::Kill, Some(_)) => unreachable!("above"),
        }
        Done { window: Window { from, cleared: Instant::now() }, restart: None, cuts }
    }
}

/// A fault that was.
#[derive(Debug)]
pub struct Done {
    pub window: Window,
    /// How long a restart of ours took.
    pub restart: Option<Duration>,
    /// How many answers were cut off, where that was the fault.
    pub cuts: Option<usize>,
}

/// One instance after the other; every fourth time all of them at once.
async fn kill(installation: &mut Installation, round: usize, pause: Duration) -> Done {
    let (from, count) = (Instant::now(), installation.instances.len());
    let all = round % 4 == 3;
    let hit = |index: usize| all || index == round % count;
    for (index, instance) in installation.instances.iter_mut().enumerate() {
        if hit(index) {
            instance.kill();
        }
    }
    sleep(pause / 4).await;
    let cleared = Instant::now();
    let mut restart = Duration::ZERO;
    for (index, instance) in installation.instances.iter_mut().enumerate() {
        if hit(index) {
            restart = restart.max(instance.start().await);
        }
    }
    Done { window: Window { from, cleared }, restart: Some(restart), cuts: None }
}

/// Cuts some answers off; with no answer to cut it goes on after a moment.
async fn cut(proxy: &Proxy, cut: &Cut) -> usize {
    let at_first = proxy.cuts();
    for _ in 0..CUTS {
        let (begun, before) = (Instant::now(), proxy.cuts());
        proxy.arm(cut.clone());
        while proxy.cuts() == before && begun.elapsed() < Duration::from_secs(2) {
            sleep(Duration::from_millis(5)).await;
        }
        proxy.disarm();
        sleep(Duration::from_millis(30)).await;
    }
    proxy.cuts() - at_first
}

/// A second writer takes the SQLite file for itself, as a backup or a careless admin does.
async fn hold(installation: &Installation, span: Duration) {
    let mut options = ConnectOptions::new(format!("sqlite:{}", installation.sqlite().display()));
    options.max_connections(1).sqlx_logging(false);
    let other = Database::connect(options).await.expect("the database");
    // It waits for its turn, too.
    while other.execute_unprepared("BEGIN IMMEDIATE").await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(span).await;
    other.execute_unprepared("ROLLBACK").await.expect("its end");
    other.close().await.expect("closed");
}

/// Others who write the same rows in another order, so that some of each other's transactions are ended by
/// PostgreSQL; then somebody who holds the table for a while.
fn collide(servers: &Servers, round: usize) {
    let update = |order: &str| {
        format!(
            "DO $$ DECLARE r record; BEGIN \
             FOR r IN SELECT id FROM grants WHERE revoked_at IS NULL ORDER BY id {order} LIMIT 60 LOOP \
             UPDATE grants SET scope = scope WHERE id = r.id; PERFORM pg_sleep(0.001); END LOOP; END $$"
        )
    };
    let (up, down) = (update("ASC"), update("DESC"));
    let database = &servers.database;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            for statement in [&up, &down] {
                // One of two that wait for each other fails: it is not ours that must not.
                scope.spawn(|| drop(database.attempt(statement)));
            }
        }
    });
    let span = 0.3 * f64::from(u8::try_from(1 + round % 8).unwrap_or(1));
    let lock = format!("BEGIN; LOCK TABLE grants IN EXCLUSIVE MODE; SELECT pg_sleep({span}); ROLLBACK");
    database.run(&lock);
}
