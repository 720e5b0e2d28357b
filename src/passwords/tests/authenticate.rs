//! Signing in: one answer and the same work for every refusal (threats.md J01, J17, J18, J20).

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::config::Failures;
use crate::model::throttle::Limit;
use crate::passwords::authenticate::{AuthenticateError, Door, Outcome, authenticate};
use crate::throttle::tests::{Counters, throttle};
use crate::throttle::{Origin, Throttle};

/// Who may fail how often.
struct House {
    throttle: Throttle,
    failures: Failures,
}

impl House {
    fn letting(failures: u32) -> Self {
        let limit = Limit { failures, window: Duration::from_hours(1) };
        let failures =
            Failures { sign_in: limit, account: limit, address: limit, client: limit, ..Failures::default() };
        Self { throttle: throttle(Arc::default()), failures }
    }

    async fn sign_in(
        &self,
        people: &People,
        hasher: &PasswordHasher,
        name: &str,
        password: &str,
    ) -> Result<Outcome, AuthenticateError> {
        let door = Door { users: people, hasher, throttle: &self.throttle, failures: &self.failures };
        authenticate(door, Origin::default(), name, secret(password), NOW).await
    }
}

pub(super) async fn sign_in(people: &People, hasher: &PasswordHasher, name: &str, password: &str) -> Outcome {
    House::letting(1000).sign_in(people, hasher, name, password).await.unwrap()
}

fn is_in(outcome: &Outcome, name: &str) -> bool {
    matches!(outcome, Outcome::SignedIn(user) if user.username.as_str() == name)
}

#[tokio::test]
async fn the_right_password_signs_in_by_username_or_email_in_any_spelling() {
    let hasher = hasher();
    let people = People::of(vec![person("ada", Some(stored(hasher.hash(secret(RIGHT)).await.unwrap())))]);
    for name in ["ada", "ADA", "  Ada ", "\u{ff21}da", "ada.smith@example.test", "Ada.Smith@Example.Test "] {
        assert!(is_in(&sign_in(&people, &hasher, name, RIGHT).await, "ada"), "{name}");
    }
    assert_eq!(people.writes(), 0);
}

#[tokio::test]
async fn j01_every_refusal_is_one_answer_after_the_same_work() {
    let hasher = hasher();
    let password = || async { stored(hasher.hash(secret(RIGHT)).await.unwrap()) };
    let people = People::of(vec![
        person("ada", Some(password().await)),
        User { disabled: true, ..person("dis", Some(password().await)) },
        person("fed", None),
        person("odd", Some(stored(secret("no hash at all")))),
        person("old", Some(StoredPassword { generated_until: Some(NOW), ..password().await })),
    ]);
    let long = "n".repeat(100_000);
    let tries = [
        ("ada", "wrong password"),
        ("ada", ""),
        ("dis", RIGHT),
        ("dis", "wrong password"),
        ("fed", RIGHT),
        ("fed", ""),
        ("odd", RIGHT),
        ("old", RIGHT),
        ("nobody", RIGHT),
        ("nobody@example.test", RIGHT),
        ("", RIGHT),
        ("\0", RIGHT),
        (long.as_str(), RIGHT),
    ];
    for (name, password) in tries {
        let before = hasher.hashes_run();
        assert!(matches!(sign_in(&people, &hasher, name, password).await, Outcome::Refused), "{name:.20} {password}");
        assert_eq!(hasher.hashes_run(), before + 1, "{name:.20} {password}");
    }
    assert_eq!(people.writes(), 0);
}

#[tokio::test]
async fn a_generated_password_signs_in_until_its_time() {
    let hasher = hasher();
    let phc = hasher.hash(secret(RIGHT)).await.unwrap();
    let until = Some(Timestamp::from_millis(NOW.millis() + 1));
    let people = People::of(vec![person("ada", Some(StoredPassword { phc, generated_until: until }))]);
    let Outcome::SignedIn(user) = sign_in(&people, &hasher, "ada", RIGHT).await else { panic!("refused") };
    assert!(user.must_set_password());
}

#[tokio::test]
async fn j17_a_password_beyond_any_length_is_refused_before_any_work() {
    let hasher = hasher();
    let people = People::of(vec![person("ada", Some(stored(hasher.hash(secret(RIGHT)).await.unwrap())))]);
    let before = hasher.hashes_run();
    for password in ["x".repeat(1025), "x".repeat(1 << 20), "🐘".repeat(1025), "\u{e9}".repeat(4096)] {
        for name in ["ada", "nobody"] {
            let refused = House::letting(1).sign_in(&people, &hasher, name, &password).await;
            assert!(matches!(refused, Err(AuthenticateError::TooLong)));
        }
    }
    assert_eq!(hasher.hashes_run(), before);
    for password in ["x".repeat(1024), "🐘".repeat(1024)] {
        assert!(matches!(sign_in(&people, &hasher, "ada", &password).await, Outcome::Refused));
    }
    assert_eq!(hasher.hashes_run(), before + 2);
}

#[tokio::test]
async fn j18_a_right_password_with_a_weaker_hash_is_stored_anew_and_keeps_sessions() {
    let weak = hasher();
    let phc = weak.hash(secret(RIGHT)).await.unwrap();
    let until = Some(Timestamp::from_millis(NOW.millis() + 1));
    let people = People::of(vec![person("ada", Some(StoredPassword { phc: phc.clone(), generated_until: until }))]);
    let strong = PasswordHasher::start(&config::Passwords { iterations: 2, ..settings() }).unwrap();
    let Outcome::SignedIn(user) = sign_in(&people, &strong, "ada", RIGHT).await else { panic!("refused") };
    let written = people.written.lock().unwrap().pop().unwrap();
    assert_eq!((written.id, written.expected.as_str()), (user.id, phc.expose_secret()));
    assert!(written.keep_sessions);
    assert_eq!(written.new.generated_until, until);
    let new = written.new.phc.expose_secret();
    assert!(new.contains("m=64,t=2,p=1"));
    assert_eq!(user.password.unwrap().phc.expose_secret(), new);
}

#[tokio::test]
async fn j18_a_failed_sign_in_never_rewrites() {
    let weak = hasher();
    let password = stored(weak.hash(secret(RIGHT)).await.unwrap());
    let people = People::of(vec![
        person("ada", Some(password.clone())),
        User { disabled: true, ..person("dis", Some(password)) },
    ]);
    let strong = PasswordHasher::start(&config::Passwords { iterations: 2, ..settings() }).unwrap();
    for (name, password) in [("ada", "wrong"), ("dis", RIGHT), ("dis", "wrong"), ("nobody", RIGHT)] {
        assert!(matches!(sign_in(&people, &strong, name, password).await, Outcome::Refused));
    }
    assert_eq!(people.writes(), 0);
}

#[tokio::test]
async fn an_upgrade_that_cannot_be_stored_keeps_nobody_out() {
    let password = stored(hasher().hash(secret(RIGHT)).await.unwrap());
    let strong = PasswordHasher::start(&config::Passwords { iterations: 2, ..settings() }).unwrap();
    let failing = People { writes_fail: true, ..People::of(vec![person("ada", Some(password.clone()))]) };
    let beaten = People { another_came_first: true, ..People::of(vec![person("ada", Some(password.clone()))]) };
    for people in [failing, beaten] {
        let Outcome::SignedIn(user) = sign_in(&people, &strong, "ada", RIGHT).await else { panic!("refused") };
        assert_eq!(people.writes(), 1);
        assert_eq!(user.password.unwrap().phc.expose_secret(), password.phc.expose_secret());
    }
}

#[tokio::test]
async fn j03_every_spelling_of_an_account_is_counted_together_and_a_throttled_try_costs_no_hash() {
    let hasher = hasher();
    let people = People::of(vec![person("ada", Some(stored(hasher.hash(secret(RIGHT)).await.unwrap())))]);
    let house = House::letting(6);
    let spellings = ["ada", "ADA", "  Ada ", "\u{ff21}da", "ada.smith@example.test", "Ada.Smith@Example.Test "];
    for name in spellings {
        assert!(matches!(house.sign_in(&people, &hasher, name, "wrong").await, Ok(Outcome::Refused)), "{name}");
    }
    let before = hasher.hashes_run();
    for name in spellings {
        for password in [RIGHT, "wrong"] {
            let throttled = house.sign_in(&people, &hasher, name, password).await;
            assert!(matches!(throttled, Err(AuthenticateError::Throttled { .. })), "{name}");
        }
    }
    assert_eq!(hasher.hashes_run(), before);
}

/// However many come at once: no more are verified than may fail, and those whose turn it is at the same time.
#[tokio::test]
async fn a_crowd_of_guesses_is_no_way_round_the_limit() {
    let hasher = PasswordHasher::start(&config::Passwords { threads: 1, queue: 200, ..settings() }).unwrap();
    let people = People::of(vec![person("ada", Some(stored(hasher.hash(secret(RIGHT)).await.unwrap())))]);
    let house = House::letting(5);
    let before = hasher.hashes_run();
    let crowd = (0..100).map(|_| house.sign_in(&people, &hasher, "ada", "wrong"));
    let answers = futures_util::future::join_all(crowd).await;
    let refused = answers.iter().filter(|answer| matches!(answer, Ok(Outcome::Refused))).count();
    let throttled = answers.iter().filter(|answer| matches!(answer, Err(AuthenticateError::Throttled { .. }))).count();
    assert_eq!(refused + throttled, 100);
    assert!((5..=6).contains(&refused), "{refused}");
    assert_eq!(hasher.hashes_run() - before, u64::try_from(refused).unwrap());
}

#[tokio::test]
async fn successes_are_not_counted() {
    let hasher = hasher();
    let people = People::of(vec![person("ada", Some(stored(hasher.hash(secret(RIGHT)).await.unwrap())))]);
    let house = House::letting(1);
    for _ in 0..5 {
        assert!(is_in(&house.sign_in(&people, &hasher, "ada", RIGHT).await.unwrap(), "ada"));
    }
}

#[tokio::test]
async fn without_the_counters_nobody_signs_in_and_nothing_is_hashed() {
    let hasher = hasher();
    let people = People::of(vec![person("ada", Some(stored(hasher.hash(secret(RIGHT)).await.unwrap())))]);
    let house = House { throttle: throttle(Counters::broken()), ..House::letting(5) };
    let before = hasher.hashes_run();
    for password in [RIGHT, "wrong"] {
        let away = house.sign_in(&people, &hasher, "ada", password).await;
        assert!(matches!(away, Err(AuthenticateError::Store(_))));
    }
    assert_eq!(hasher.hashes_run(), before);
}
