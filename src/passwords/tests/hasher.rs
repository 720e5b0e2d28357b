//! Hashing: round trips, hostile stored hashes, the bound of the queue, the memory.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::task::Poll;

use argon2::{Argon2, Params};
use proptest::prelude::*;

use super::*;
use crate::passwords::generate;
use crate::passwords::phc::Hash;
use crate::passwords::pool::{Busy, Memory, Pool};

#[tokio::test]
async fn a_hash_verifies_its_password_and_no_other() {
    let hasher = hasher();
    for password in ["short", RIGHT, " leading and trailing ", "🐘🦒🦓 emoji", "nul\0inside", "", &"x".repeat(1024)]
    {
        let stored = stored(hasher.hash(secret(password)).await.unwrap());
        assert!(stored.phc.expose_secret().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        let verdict = hasher.verify(secret(password), Some(&stored)).await.unwrap();
        assert!(matches!(verdict, Verdict::Right { upgrade: None }));
        for other in [format!("{password} "), password.to_uppercase() + "Z", format!("{password}\0")] {
            assert!(!is_right(&hasher.verify(secret(&other), Some(&stored)).await.unwrap()));
        }
    }
}

#[tokio::test]
async fn text_after_a_nul_character_counts() {
    let hasher = hasher();
    let stored = stored(hasher.hash(secret("abc\0def")).await.unwrap());
    assert!(!is_right(&hasher.verify(secret("abc\0xyz"), Some(&stored)).await.unwrap()));
}

#[tokio::test]
async fn the_two_spellings_of_an_accented_letter_are_one_password() {
    let hasher = hasher();
    let composed = stored(hasher.hash(secret("caf\u{e9} au lait, s'il")).await.unwrap());
    assert!(is_right(&hasher.verify(secret("cafe\u{301} au lait, s'il"), Some(&composed)).await.unwrap()));
    // Compatibility forms stay apart: a ligature is not two letters.
    let ligature = stored(hasher.hash(secret("\u{fb01}ve words")).await.unwrap());
    assert!(!is_right(&hasher.verify(secret("five words"), Some(&ligature)).await.unwrap()));
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let hasher = hasher();
    let (one, two) = (hasher.hash(secret(RIGHT)).await.unwrap(), hasher.hash(secret(RIGHT)).await.unwrap());
    assert_ne!(one.expose_secret(), two.expose_secret());
}

#[tokio::test]
async fn without_a_stored_password_the_same_work_is_done() {
    let hasher = hasher();
    assert!(!is_right(&hasher.verify(secret(RIGHT), None).await.unwrap()));
    assert_eq!(hasher.hashes_run(), 1);
}

#[tokio::test]
async fn hostile_stored_hashes_cost_one_dummy_and_are_wrong() {
    let hasher = hasher();
    let good = hasher.hash(secret(RIGHT)).await.unwrap();
    let good = good.expose_secret();
    let hostile = [
        String::new(),
        "plain text".to_owned(),
        "$2b$12$abcdefghijklmnopqrstuuxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
        good.replace("m=64", "m=4294967295"),
        good.replace("m=64", "m=262145"),
        good.replace("m=64", "m=0"),
        good.replace("m=64", "m=99999999999999999999"),
        good.replace("t=1", "t=17"),
        good.replace("t=1", "t=0"),
        good.replace("p=1", "p=17"),
        good.replace("p=1", "p=0"),
        good.replace("v=19", "v=20"),
        good.replace("argon2id", "argon2x"),
        good.replace("m=64,t=1", "m=64"),
        good[..good.len() - 30].to_owned(),
        good.rsplit_once('$').unwrap().0.to_owned(),
        format!("{good}$"),
        good.replace('$', " "),
        "$".repeat(10_000),
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
    ];
    for phc in hostile {
        let before = hasher.hashes_run();
        let verdict = hasher.verify(secret(RIGHT), Some(&stored(secret(&phc)))).await.unwrap();
        assert!(!is_right(&verdict), "{phc}");
        assert_eq!(hasher.hashes_run(), before + 1, "{phc}");
    }
}

#[tokio::test]
async fn weaker_stored_hashes_are_upgraded_and_stronger_ones_stay() {
    let weak = hasher();
    let old = stored(weak.hash(secret(RIGHT)).await.unwrap());
    let strong = PasswordHasher::start(&config::Passwords { memory_kib: 128, iterations: 2, ..settings() }).unwrap();
    let Verdict::Right { upgrade: Some(new) } = strong.verify(secret(RIGHT), Some(&old)).await.unwrap() else {
        panic!("no upgrade")
    };
    assert!(new.expose_secret().starts_with("$argon2id$v=19$m=128,t=2,p=1$"));
    let new = stored(new);
    assert!(matches!(strong.verify(secret(RIGHT), Some(&new)).await.unwrap(), Verdict::Right { upgrade: None }));
    // A lowered setting does not weaken what is stored.
    assert!(matches!(weak.verify(secret(RIGHT), Some(&new)).await.unwrap(), Verdict::Right { upgrade: None }));
    assert!(!is_right(&strong.verify(secret("wrong"), Some(&old)).await.unwrap()));
}

#[tokio::test]
async fn other_argon2_variants_verify_and_are_upgraded() {
    let hasher = hasher();
    for (algorithm, version) in [
        (argon2::Algorithm::Argon2i, argon2::Version::V0x13),
        (argon2::Algorithm::Argon2d, argon2::Version::V0x13),
        (argon2::Algorithm::Argon2id, argon2::Version::V0x10),
    ] {
        let argon2 = Argon2::new(algorithm, version, Params::new(64, 1, 1, None).unwrap());
        let phc =
            argon2::PasswordHasher::hash_password_with_salt(&argon2, RIGHT.as_bytes(), b"sixteen bytes ok").unwrap();
        let stored = stored(secret(&phc.to_string()));
        let verdict = hasher.verify(secret(RIGHT), Some(&stored)).await.unwrap();
        assert!(matches!(verdict, Verdict::Right { upgrade: Some(_) }), "{algorithm:?}");
        assert!(!is_right(&hasher.verify(secret("wrong"), Some(&stored)).await.unwrap()));
    }
}

#[test]
fn parameters_beyond_the_ceilings_or_below_argon2_do_not_start() {
    let beyond = [
        config::Passwords { memory_kib: 262_145, ..settings() },
        config::Passwords { iterations: 17, ..settings() },
        config::Passwords { parallelism: 17, memory_kib: 4096, ..settings() },
        config::Passwords { memory_kib: 0, ..settings() },
        config::Passwords { iterations: 0, ..settings() },
        config::Passwords { parallelism: 0, ..settings() },
        config::Passwords { parallelism: 16, memory_kib: 64, ..settings() },
    ];
    for settings in beyond {
        assert!(PasswordHasher::start(&settings).unwrap_err().contains("argon2 parameters"));
    }
    assert!(PasswordHasher::start(&config::Passwords { threads: 0, queue: 0, ..settings() }).is_ok());
}

/// Polls once and comes back at once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

/// Runs a job in a turn of its own.
async fn run<T: Send + 'static>(pool: &Pool, work: impl FnOnce(&mut Memory) -> T + Send + 'static) -> Result<T, Busy> {
    pool.turn().await?.run(work).await
}

#[tokio::test]
async fn a_full_queue_is_busy_at_once_and_recovers() {
    let pool = Pool::start(2, 3).unwrap();
    // One more turn than threads.
    let mut turns = Vec::new();
    for _ in 0..3 {
        turns.push(pool.turn().await.unwrap());
    }
    let ran = Arc::new(AtomicU64::new(0));
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let ran = Arc::clone(&ran);
        let mut job = Box::pin(run(&pool, move |_| ran.fetch_add(1, Ordering::SeqCst)));
        // The first poll puts it into the queue.
        assert!(poll_once(&mut job).await.is_pending());
        waiting.push(job);
    }
    assert_eq!(pool.places_left(), 0);
    // Nobody gives up a turn and nothing is awaited in between: this answer cannot come from waiting.
    let refused = poll_once(&mut Box::pin(pool.turn())).await;
    assert!(matches!(refused, Poll::Ready(Err(Busy { retry_after })) if !retry_after.is_zero()));
    drop(turns);
    for job in waiting {
        job.await.unwrap();
    }
    assert_eq!((ran.load(Ordering::SeqCst), pool.places_left()), (3, 6));
    assert!(run(&pool, |_| ()).await.is_ok());
}

#[tokio::test]
async fn turns_come_in_the_order_of_arrival() {
    let pool = Pool::start(1, 10).unwrap();
    let held = [pool.turn().await.unwrap(), pool.turn().await.unwrap()];
    let (mut first, mut second) = (Box::pin(pool.turn()), Box::pin(pool.turn()));
    assert!(poll_once(&mut first).await.is_pending() && poll_once(&mut second).await.is_pending());
    let [one, _other] = held;
    drop(one);
    assert!(poll_once(&mut second).await.is_pending());
    assert!(poll_once(&mut first).await.is_ready());
}

#[tokio::test]
async fn whoever_stops_waiting_gives_back_the_place() {
    let pool = Pool::start(1, 2).unwrap();
    let _held = [pool.turn().await.unwrap(), pool.turn().await.unwrap()];
    for _ in 0..5 {
        let mut waiting = Box::pin(pool.turn());
        assert!(poll_once(&mut waiting).await.is_pending());
    }
    assert_eq!(pool.places_left(), 2);
}

#[tokio::test]
async fn work_that_nobody_waits_for_is_not_done() {
    let pool = Pool::start(1, 10).unwrap();
    let (gate, closed) = mpsc::channel::<()>();
    let turn = pool.turn().await.unwrap();
    let mut blocking = Box::pin(turn.run(move |_| closed.recv().is_err()));
    assert!(poll_once(&mut blocking).await.is_pending());
    let ran = Arc::new(AtomicU64::new(0));
    for _ in 0..5 {
        let ran = Arc::clone(&ran);
        let mut job = Box::pin(run(&pool, move |_| ran.fetch_add(1, Ordering::SeqCst)));
        assert!(poll_once(&mut job).await.is_pending());
    }
    drop(gate);
    assert!(blocking.await.unwrap());
    run(&pool, |_| ()).await.unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_panic_costs_no_thread() {
    let pool = Pool::start(1, 10).unwrap();
    for _ in 0..3 {
        assert!(run(&pool, |_| -> () { std::panic::resume_unwind(Box::new("no message")) }).await.is_err());
    }
    assert!(run(&pool, |_| ()).await.is_ok());
}

#[tokio::test]
async fn the_hasher_is_busy_when_its_queue_is_full() {
    let hasher = PasswordHasher::start(&config::Passwords { threads: 1, queue: 1, ..settings() }).unwrap();
    let turns = [hasher.turn().await.unwrap(), hasher.turn().await.unwrap()];
    let mut first = Box::pin(hasher.verify(secret(RIGHT), None));
    assert!(poll_once(&mut first).await.is_pending());
    assert!(hasher.verify(secret(RIGHT), None).await.is_err());
    assert!(hasher.hash(secret(RIGHT)).await.is_err());
    assert_eq!(hasher.hashes_run(), 0);
    drop(turns);
    assert!(!is_right(&first.await.unwrap()));
}

/// X26: as many buffers as threads, however many hashes there are.
#[tokio::test]
async fn x26_a_herd_of_hashes_holds_one_buffer_a_thread() {
    let hasher = PasswordHasher::start(&config::Passwords { threads: 2, queue: 100, ..settings() }).unwrap();
    assert_eq!(hasher.held_kib(), 0);
    let herd = (0..100).map(|_| hasher.verify(secret(RIGHT), None));
    for verdict in futures_util::future::join_all(herd).await {
        assert!(!is_right(&verdict.unwrap()));
        assert!(hasher.held_kib() <= 2 * 64, "{}", hasher.held_kib());
    }
    assert_eq!(hasher.hashes_run(), 100);
}

#[test]
fn memory_is_kept_for_the_next_hash_wiped_and_never_grows_for_good() {
    let mut memory = Memory::default();
    let small = Argon2::from(Params::new(64, 1, 1, None).unwrap());
    let large = Argon2::from(Params::new(256, 1, 1, None).unwrap());
    let mut first = [0; 32];
    memory.compute(&small, RIGHT.as_bytes(), b"sixteen bytes ok", 64, &mut first).unwrap();
    assert!(memory.is_wiped());
    assert_eq!(memory.kept(), 64);
    memory.compute(&large, b"another password", b"sixteen bytes ok", 64, &mut [0; 32]).unwrap();
    assert!(memory.is_wiped());
    assert_eq!(memory.kept(), 64);
    let mut again = [0; 32];
    memory.compute(&small, RIGHT.as_bytes(), b"sixteen bytes ok", 64, &mut again).unwrap();
    assert_eq!(first, again);
    let mut fresh = [0; 32];
    small.hash_password_into(RIGHT.as_bytes(), b"sixteen bytes ok", &mut fresh).unwrap();
    assert_eq!(first, fresh);
}

#[test]
fn generated_passwords_are_twenty_easy_characters() {
    let mut rng = crate::clock::system_rng();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        let password = generate(&mut rng);
        let text = password.expose_secret();
        assert_eq!(text.len(), 20);
        assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));
        assert!(!text.contains(['i', 'l', 'o', 'u']));
        assert!(seen.insert(text.to_owned()));
    }
}

proptest! {
    #[test]
    fn any_text_as_stored_hash_is_read_without_a_panic(text in "\\PC{0,200}") {
        prop_assert!(!Hash::parse(&text).is_ok_and(|hash| hash.to_phc().is_none()));
    }

    #[test]
    fn any_parameters_are_read_within_the_ceilings_or_not_at_all(m in any::<u32>(), t in any::<u32>(), p in any::<u32>()) {
        let phc = format!("$argon2id$v=19$m={m},t={t},p={p}$c2l4dGVlbiBieXRlcyBvaw$c2l4dGVlbiBieXRlcyBvaw");
        if Hash::parse(&phc).is_ok() {
            prop_assert!(m <= 262_144 && t <= 16 && p <= 16);
        }
    }
}
