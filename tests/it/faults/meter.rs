//! What became of every request: how long it took, how it ended, and in which part of the run.
//!
//! Owns: samples and the figures made of them. Does not own: sending (`wire`).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// How long a server that was just well again may still refuse.
pub const RECOVERY: Duration = Duration::from_secs(5);

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A page of a sign-in, with what is typed into it.
    Page,
    Redeem,
    Refresh,
    Revoke,
    /// Introspection and userinfo.
    About,
    /// Discovery and keys.
    Public,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Answered,
    /// 503, or 429.
    Unavailable,
    /// Another 5xx.
    Failed,
    /// No connection, or one that ended before the answer.
    Cut,
    /// No answer in time.
    Late,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    asked: Asked,
    instance: usize,
    begun: Instant,
    ended: Instant,
    outcome: Outcome,
}

/// From when a fault was there until it was not.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: Instant,
    pub cleared: Instant,
}

/// Every sample.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Vec<Sample>>);

/// The figures of a run.
#[derive(Debug)]
pub struct Figures {
    pub requests: usize,
    /// From the beginning of each fault to 5 s after its end.
    pub during: BTreeMap<Outcome, usize>,
    /// Outside of that.
    pub after: BTreeMap<Outcome, usize>,
    /// What was refused of keys, discovery and tokens asked about, whenever.
    pub always: usize,
    /// From the end of each fault until every instance did again what needs its stores.
    pub recovery: Vec<Duration>,
    /// The 99th percentile of refreshes that succeeded.
    pub before_p99: Option<Duration>,
    pub during_p99: Option<Duration>,
    pub after_p99: Option<Duration>,
    /// The longest that anything took.
    pub longest: Duration,
}

impl Meter {
    pub fn note(&self, asked: Asked, instance: usize, begun: Instant, outcome: Outcome) {
        let sample = Sample { asked, instance, begun, ended: Instant::now(), outcome };
        self.0.lock().expect("no panic").push(sample);
    }

    /// Makes the figures. `instances` is how many there are.
    pub fn figures(&self, windows: &[Window], instances: usize) -> Figures {
        let samples = self.0.lock().expect("no panic").clone();
        let near = |sample: &Sample| {
            windows.iter().any(|window| sample.ended >= window.from && sample.begun < window.cleared + RECOVERY)
        };
        let first = windows.first().map(|window| window.from);
        let (during, calm): (Vec<Sample>, Vec<Sample>) = samples.iter().copied().partition(near);
        let (before, after): (Vec<Sample>, Vec<Sample>) =
            calm.iter().copied().partition(|sample| first.is_none_or(|first| sample.ended < first));
        let count = |samples: &[Sample]| {
            let mut counts = BTreeMap::new();
            for sample in samples {
                *counts.entry(sample.outcome).or_insert(0) += 1;
            }
            counts
        };
        let independent = |sample: &&Sample| matches!(sample.asked, Asked::Public | Asked::About);
        Figures {
            requests: samples.len(),
            during: count(&during),
            after: count(&calm),
            always: samples.iter().filter(independent).filter(|sample| sample.outcome != Outcome::Answered).count(),
            recovery: windows.iter().filter_map(|window| recovery(&samples, *window, instances)).collect(),
            before_p99: p99(&before),
            during_p99: p99(&during),
            after_p99: p99(&after),
            longest: samples.iter().map(|sample| sample.ended - sample.begun).max().unwrap_or_default(),
        }
    }

    /// Whether every instance has done again what needs its stores.
    pub fn has_recovered(&self, window: Window, instances: usize) -> bool {
        recovery(&self.0.lock().expect("no panic"), window, instances).is_some()
    }
}

/// The last of the instances counts. A page needs both stores, a refresh the durable one.
fn recovery(samples: &[Sample], window: Window, instances: usize) -> Option<Duration> {
    let first = |instance: usize, asked: Asked| {
        let does = |sample: &&Sample| {
            sample.instance == instance
                && sample.asked == asked
                && sample.outcome == Outcome::Answered
                && sample.begun >= window.cleared
        };
        samples.iter().filter(does).map(|sample| sample.ended - window.cleared).min()
    };
    let all = (0..instances).flat_map(|instance| [first(instance, Asked::Page), first(instance, Asked::Refresh)]);
    all.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn p99(samples: &[Sample]) -> Option<Duration> {
    let counted = |sample: &&Sample| sample.asked == Asked::Refresh && sample.outcome == Outcome::Answered;
    let mut took: Vec<Duration> = samples.iter().filter(counted).map(|sample| sample.ended - sample.begun).collect();
    took.sort_unstable();
    took.get((took.len() * 99 / 100).min(took.len().saturating_sub(1))).copied()
}
