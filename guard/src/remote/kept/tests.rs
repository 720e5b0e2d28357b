//! When a document is fetched, and what serves meanwhile. The time is moved by hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::*;

const START: i64 = 1_800_000_000;

/// An issuer by script: what each fetch brings, one after the other.
#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<VecDeque<Result<u32, &'static str>>>>,
    fetches: Arc<AtomicUsize>,
    /// A fetch ends when there is a permit.
    gate: Arc<Semaphore>,
    now: Arc<AtomicI64>,
}

#[async_trait]
impl Fetch for Script {
    type Document = u32;

    fn what(&self) -> &'static str {
        "a number"
    }

    async fn fetch(&self) -> Result<Fetched<u32>, Trouble> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.expect("open").forget();
        let answer = self.answers.lock().expect("answers").pop_front().expect("an answer for each fetch");
        answer.map(|document| Fetched { document, lifetime: Duration::from_mins(5) }).map_err(Trouble::new)
    }
}

impl Script {
    fn new(answers: &[Result<u32, &'static str>]) -> (Self, Kept<u32>) {
        let script = Self {
            answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
            fetches: Arc::default(),
            gate: Arc::new(Semaphore::new(100)),
            now: Arc::new(AtomicI64::new(START)),
        };
        let now = Arc::clone(&script.now);
        let kept = Kept::new(script.clone(), Arc::new(move || now.load(Ordering::SeqCst)));
        (script, kept)
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

async fn get(kept: &Kept<u32>) -> Result<u32, String> {
    kept.get().await.map(|held| *held.document).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_document_is_fetched_once_while_it_is_fresh() {
    let (script, kept) = Script::new(&[Ok(1), Ok(2)]);
    assert_eq!(get(&kept).await, Ok(1));
    script.pass(299);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(1), 1));
    script.pass(1);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(2), 2));
    // A clock that is set back makes nothing fresh for longer.
    script.answers.lock().expect("answers").push_back(Ok(3));
    script.pass(-1);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(3), 3));
}

#[tokio::test]
async fn many_who_come_at_once_share_one_fetch() {
    let (script, kept) = Script::new(&[Ok(1)]);
    script.gate.forget_permits(100);
    let all: Vec<_> = (0..50)
        .map(|_| {
            let kept = kept.clone();
            tokio::spawn(async move { get(&kept).await })
        })
        .collect();
    while script.fetches() == 0 {
        tokio::task::yield_now().await;
    }
    script.gate.add_permits(1);
    for one in all {
        assert_eq!(one.await.expect("no panic"), Ok(1));
    }
    assert_eq!(script.fetches(), 1);
}

#[tokio::test]
async fn the_old_document_serves_while_a_newer_one_cannot_be_had_and_not_for_ever() {
    let (script, kept) = Script::new(&[Ok(1), Err("down"), Err("down"), Ok(2), Err("gone"), Err("gone"), Err("gone")]);
    assert_eq!(get(&kept).await, Ok(1));
    script.pass(300);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(1), 2));
    script.pass(PAUSE - 1);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(1), 2), "not asked again so soon");
    script.pass(1);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(1), 3));
    script.pass(PAUSE);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(2), 4));
    script.pass(300 + STALE - 1);
    assert_eq!(get(&kept).await, Ok(2));
    script.pass(PAUSE);
    assert_eq!(get(&kept).await, Err("gone".to_owned()), "too old to serve");
}

#[tokio::test]
async fn without_any_document_a_failure_is_told_and_not_tried_again_at_once() {
    let (script, kept) = Script::new(&[Err("down"), Ok(1)]);
    assert_eq!(get(&kept).await, Err("down".to_owned()));
    script.pass(1);
    let again = kept.get().await.map(|_| ()).expect_err("still down");
    assert_eq!((again.retry_after, script.fetches()), (Duration::from_secs(4), 1));
    script.pass(PAUSE_WITHOUT - 1);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(1), 2));
}

#[tokio::test]
async fn a_newer_document_is_looked_for_once_a_minute() {
    let (script, kept) = Script::new(&[Ok(1), Ok(2), Err("down"), Ok(3)]);
    let first = kept.get().await.expect("a document");
    let second = kept.renew(&first).await.expect("a newer one");
    assert_eq!((*second.document, script.fetches()), (2, 2));
    assert_eq!(*kept.renew(&first).await.expect("what is there already").document, 2);
    for _ in 0..100 {
        assert!(kept.renew(&second).await.is_none());
    }
    assert_eq!(script.fetches(), 2);
    script.pass(BETWEEN_RENEWALS);
    assert!(kept.renew(&second).await.is_none(), "it failed");
    assert_eq!((get(&kept).await, script.fetches()), (Ok(2), 3), "and took nothing away");
    script.pass(BETWEEN_RENEWALS);
    assert_eq!(*kept.renew(&second).await.expect("a newer one").document, 3);
}

#[tokio::test]
async fn who_hangs_up_does_not_take_the_fetch_away_from_others() {
    let (script, kept) = Script::new(&[Ok(1), Ok(2)]);
    let first = kept.get().await.expect("a document");
    script.gate.forget_permits(100);
    let (impatient, seen) = (kept.clone(), Arc::clone(&first));
    let request = tokio::spawn(async move { impatient.renew(&seen).await.map(|held| *held.document) });
    while script.fetches() < 2 {
        tokio::task::yield_now().await;
    }
    request.abort();
    assert!(request.await.expect_err("aborted").is_cancelled());
    let other = tokio::spawn(async move { kept.renew(&first).await.map(|held| *held.document) });
    tokio::task::yield_now().await;
    script.gate.add_permits(1);
    assert_eq!(other.await.expect("no panic"), Some(2));
    assert_eq!(script.fetches(), 2);
}

#[tokio::test]
async fn an_outdated_document_is_fetched_again_and_serves_meanwhile() {
    let (script, kept) = Script::new(&[Ok(1), Err("down"), Ok(2)]);
    assert_eq!(get(&kept).await, Ok(1));
    kept.outdate();
    assert_eq!((get(&kept).await, script.fetches()), (Ok(1), 2));
    script.pass(PAUSE);
    assert_eq!((get(&kept).await, script.fetches()), (Ok(2), 3));
}
