//! Refresh rotations for long, on the store that a server would open: how many a second, and what they
//! leave behind.
//!
//! Owns: that load and its figures. Does not own: HTTP and signatures, which are not part of it.
//!
//! `tests/run soak [ROTATIONS]` runs it. It fails when a rotation was lost or done twice, or when there are
//! more rows afterwards than before.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]
#![expect(clippy::disallowed_methods, reason = "it measures")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures to look at"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use rand::Rng as _;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Statement};

use vestibule::clock::{Clock, SystemClock, system_rng, uuid_v7};
use vestibule::config;
use vestibule::model::grant::Grant;
use vestibule::model::refresh::{Family, RefreshRules, Rotation};
use vestibule::model::session::SignIn;
use vestibule::protocol::claims::SingleClaims;
use vestibule::protocol::ids::{ClientId, GrantId, UserId};
use vestibule::protocol::scope::Scopes;
use vestibule::store::{self, GrantInserted, Stores};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: RefreshRules = RefreshRules {
    rotation: true,
    idle: Duration::from_hours(24 * 14),
    absolute: Duration::from_hours(24 * 90),
    grace: Duration::from_secs(20),
};

/// How often rotations of each number of chains are timed before the long run.
const TIMED: [(usize, u64); 3] = [(1, 400), (4, 2_000), (64, 20_000)];

#[derive(Debug, Parser)]
struct Soak {
    /// In the long run
    #[arg(default_value_t = 1_000_000)]
    rotations: u64,
    #[arg(long, default_value_t = 1_000)]
    families: usize,
    /// At once in the long run
    #[arg(long, default_value_t = 64)]
    chains: usize,
    /// Where the files of SQLite are made and removed again
    #[arg(long, default_value = "target/soak")]
    folder: PathBuf,
    /// Of PostgreSQL, in place of SQLite; its grants are added to
    #[arg(long)]
    database: Option<String>,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let soak = Soak::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(soak.run())
}

impl Soak {
    async fn run(self) -> anyhow::Result<()> {
        let _ = std::fs::remove_dir_all(&self.folder);
        let stores = self.open().await?;
        let grants = begin_families(&stores, self.families.max(self.chains).max(64)).await?;
        let counts = self.connect().await?;
        println!("{} families on {}", grants.len(), self.database.as_ref().map_or("SQLite", |_| "PostgreSQL"));
        let mut asked = 0;
        for (chains, rotations) in TIMED {
            println!("{}", rotate(&stores, &grants, chains, rotations).await?);
            asked += rotations;
        }
        let (rows, memory) = (rows(&counts).await?, resident()?);
        let load = rotate(&stores, &grants, self.chains, self.rotations).await?;
        asked += self.rotations;
        let (rows_after, memory_after) = (self::rows(&counts).await?, resident()?);
        println!("{load}");
        println!("rows           {rows} before, {rows_after} after");
        println!("resident       {memory} MiB before, {memory_after} MiB after");
        if self.database.is_none() {
            println!("files          {} KiB", folder_size(&self.folder.join("data"))? / 1024);
        }
        let done = generations(&stores, &grants).await?;
        ensure!(done == asked, "{asked} rotations were answered, and the families are {done} further");
        ensure!(rows_after == rows, "there are more rows than before");
        drop((stores, counts));
        let _ = std::fs::remove_dir_all(&self.folder);
        Ok(())
    }

    /// Opens the store as a server does, from a configuration.
    async fn open(&self) -> anyhow::Result<Stores> {
        std::fs::create_dir_all(&self.folder)?;
        let url = self.database.clone().unwrap_or_else(|| "sqlite://data".to_owned());
        let redis = if self.database.is_some() { "[redis]\nurl = \"redis://127.0.0.1:6379/0\"\n" } else { "" };
        let toml = format!(
            "[server]\nissuer = \"http://localhost:9400\"\n[database]\nurl = {{ env = \"SOAK_URL\" }}\n\
             [keys]\nencryption_key = {{ env = \"SOAK_KEY\" }}\n{redis}"
        );
        let folder = self.folder.join("config");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("vestibule.toml"), toml)?;
        let url = url.replace(
            "sqlite://data",
            &format!("sqlite://{}", std::path::absolute(&self.folder)?.join("data").display()),
        );
        let mut key = [0; 32];
        system_rng().fill_bytes(&mut key);
        let environment = move |name: &str| match name {
            "SOAK_URL" => Some(url.clone()),
            "SOAK_KEY" => Some(STANDARD.encode(key)),
            _ => None,
        };
        let config = config::load(&folder, &environment).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        let stores = store::open_durable(&config, Arc::new(SystemClock)).await;
        stores.with_context(|| format!("the store cannot be opened in {}", self.folder.display()))
    }

    /// A connection of our own, to count.
    async fn connect(&self) -> anyhow::Result<DatabaseConnection> {
        let file = || format!("sqlite://{}?mode=ro", self.folder.join("data/vestibule.db").display());
        let mut options = ConnectOptions::new(self.database.clone().unwrap_or_else(file));
        options.max_connections(1).sqlx_logging(false);
        Ok(Database::connect(options).await?)
    }
}

async fn begin_families(stores: &Stores, count: usize) -> anyhow::Result<Vec<GrantId>> {
    let now = SystemClock.now();
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        let id = GrantId(uuid_v7(now, &mut system_rng()));
        let grant = Grant {
            id,
            user_id: UserId(uuid_v7(now, &mut system_rng())),
            client_id: ClientId::parse("soak").map_err(|_| anyhow::anyhow!("a client id"))?,
            scope: Scopes::parse("openid profile email read:users").map_err(|_| anyhow::anyhow!("scopes"))?,
            claims: SingleClaims::default(),
            code: None,
            session_id: None,
            created_at: now,
            expires_at: now.plus(RULES.absolute),
            revoked_at: None,
            refresh: Some(Family::begin(SignIn::by_password(now), None, false, &RULES, now)),
        };
        ensure!(stores.grants.insert(&grant).await? == GrantInserted::New, "a grant was there already");
        ids.push(id);
    }
    Ok(ids)
}

async fn find(stores: &Stores, id: GrantId) -> anyhow::Result<(Grant, u32)> {
    let grant = stores.grants.find(id).await?.context("a family is gone")?;
    let generation = grant.refresh.as_ref().context("a family has no refresh token")?.generation;
    Ok((grant, generation))
}

async fn generations(stores: &Stores, grants: &[GrantId]) -> anyhow::Result<u64> {
    let mut all = 0;
    for id in grants {
        all += u64::from(find(stores, *id).await?.1);
    }
    // A family begins at its first generation.
    let first =
        Family::begin(SignIn::by_password(SystemClock.now()), None, false, &RULES, SystemClock.now()).generation;
    Ok(all - u64::from(first) * grants.len() as u64)
}

/// What a load came to.
struct Load {
    chains: usize,
    rotations: u64,
    wall: Duration,
    cpu: Duration,
    /// Of single rotations, sorted, in microseconds; every 50th.
    sampled: Vec<u32>,
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quantile = |share: f64| {
            let index = (self.sampled.len().saturating_sub(1) as f64 * share) as usize;
            self.sampled.get(index).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
        };
        let count = self.rotations as f64;
        write!(
            f,
            "{:>3} chains     {} rotations, {:.0} a second, {:.2} CPU s per 10,000, p50 {:.1} ms, p99 {:.1} ms",
            self.chains,
            self.rotations,
            count / self.wall.as_secs_f64(),
            self.cpu.as_secs_f64() * 10_000.0 / count,
            quantile(0.5),
            quantile(0.99),
        )
    }
}

/// Each chain is a client that uses what it got last, as soon as it has it.
async fn rotate(stores: &Stores, grants: &[GrantId], chains: usize, rotations: u64) -> anyhow::Result<Load> {
    let left = Arc::new(AtomicU64::new(rotations));
    let (began, cpu) = (Instant::now(), cpu_time()?);
    let tasks: Vec<_> = (0..chains)
        .map(|chain| {
            let own: Vec<GrantId> = grants.iter().skip(chain).step_by(chains).copied().collect();
            tokio::spawn(chain_of(stores.clone(), own, Arc::clone(&left)))
        })
        .collect();
    let mut sampled = Vec::new();
    for task in tasks {
        sampled.extend(task.await??);
    }
    let (wall, cpu) = (began.elapsed(), cpu_time()?.saturating_sub(cpu));
    sampled.sort_unstable();
    Ok(Load { chains, rotations, wall, cpu, sampled })
}

async fn chain_of(stores: Stores, own: Vec<GrantId>, left: Arc<AtomicU64>) -> anyhow::Result<Vec<u32>> {
    let mut sampled = Vec::new();
    for (turn, id) in own.iter().cycle().enumerate() {
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if taken.is_err() {
            break;
        }
        let began = Instant::now();
        let (grant, generation) = find(&stores, *id).await?;
        match stores.grants.rotate(&grant, generation, &RULES, SystemClock.now()).await? {
            Rotation::Rotated(_) => {}
            other => bail!("the current token was not rotated: {other:?}"),
        }
        if turn % 50 == 0 {
            sampled.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
    }
    Ok(sampled)
}

/// In all tables of the durable store together.
async fn rows(connection: &DatabaseConnection) -> anyhow::Result<i64> {
    let backend = connection.get_database_backend();
    let mut all = 0;
    for table in ["users", "consents", "grants", "revocations", "sealed_keys", "erased_people"] {
        let count = Statement::from_string(backend, format!("SELECT count(*) FROM {table}"));
        let row = connection.query_one_raw(count).await?.context("a count is a row")?;
        all += row.try_get_by_index::<i64>(0)?;
    }
    Ok(all)
}

fn folder_size(folder: &Path) -> anyhow::Result<u64> {
    let mut all = 0;
    for entry in std::fs::read_dir(folder)? {
        all += entry?.metadata()?.len();
    }
    Ok(all)
}

/// MiB of this process in memory.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? / 1024)
}

/// Of all threads of this process.
fn cpu_time() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in parentheses, may have spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).context("a time");
    // Linux counts hundredths of a second.
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}
