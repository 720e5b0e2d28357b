//! A PostgreSQL that is shared, busy, away, or newer.
//!
//! Owns: tests of what only PostgreSQL does. Does not own: the promises of every backend (`durable`,
//! `ephemeral`).

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::ManualClock;
use crate::config;
use crate::store::contract::server::{Database, Postgres};
use crate::store::contract::{at_once, postgres_section, redis_section, redis_server, samples};
use crate::store::opening::open_sections;
use crate::store::{GrantInserted, StoreError, Stores, UserInserted};

async fn open(section: config::Postgres) -> Result<Stores, StoreError> {
    let redis = redis_section(&redis_server::shared().url());
    let clock = Arc::new(ManualClock::new(samples::START));
    open_sections(&config::Database::Postgres(section), Some(&redis), clock).await
}

/// Impatient, for tests that wait for nothing.
fn quick(url: &str) -> config::Postgres {
    let fifth = Duration::from_millis(200);
    config::Postgres { acquire_timeout: fifth, statement_timeout: fifth, ..postgres_section(url) }
}

fn cause(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

/// The first insertions of people fail as if they had collided with others. A sequence goes on counting
/// when what counted was undone.
fn collide(database: &Database, times: u32) {
    database.run(&format!(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER collide BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION collide()"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_open_one_empty_database_at_once_and_share_it() {
    let database = Postgres::shared().database();
    let url = database.url();
    let opened = at_once(8, |_| {
        let url = url.clone();
        async move { open(config::Postgres { max_connections: 2, ..postgres_section(&url) }).await.unwrap() }
    })
    .await;
    let user = samples::user();
    let inserted = at_once(8, |index| {
        let (users, user) = (opened[index].users.clone(), user.clone());
        async move { users.insert(&user).await }
    })
    .await;
    let new = inserted.iter().filter(|result| matches!(result, Ok(UserInserted::New))).count();
    assert_eq!(new, 1);
    for stores in &opened {
        assert!(stores.users.find(user.id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let database = Postgres::shared().database();
    drop(open(postgres_section(&database.url())).await.unwrap());
    database.run("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_the_future', 0)");
    let before = database.run("SELECT count(*) FROM seaql_migrations");
    let Err(error) = open(postgres_section(&database.url())).await else { panic!("it was opened") };
    let cause = cause(&error);
    assert!(cause.contains("newer version") && cause.contains("m9999_of_the_future"), "{cause}");
    assert_eq!(database.run("SELECT count(*) FROM seaql_migrations"), before);
}

#[tokio::test]
async fn what_cannot_be_reached_is_named_without_its_password() {
    let mut server = Postgres::start("on");
    let url = server.database().url();
    let gone = url.replace("vestibule@", "vestibule:hunter2@");
    let Err(error) = open(quick(&gone)).await else { panic!("it was opened") };
    assert!(cause(&error).contains("does not exist"), "{}", cause(&error));
    server.crash();
    for url in [gone.as_str(), &format!("{gone}?sslmode=hunter2")] {
        let Err(error) = open(quick(url)).await else { panic!("it was opened") };
        let told = format!("{error:?} {}", cause(&error));
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_crashed_is_an_error_and_one_that_is_back_is_used_again() {
    let mut server = Postgres::start("on");
    let database = server.database();
    let stores = open(quick(&database.url())).await.unwrap();
    for _ in 0..2 {
        let user = samples::user();
        assert_eq!(stores.users.insert(&user).await.unwrap(), UserInserted::New);
        server.crash();
        assert!(stores.users.find(user.id).await.is_err());
        assert!(stores.users.insert(&samples::user()).await.is_err());
        assert!(stores.durable.ping().await.is_err());
        server.begin();
        // Each ping that fails throws a dead connection away.
        let mut tries = 0;
        while stores.durable.ping().await.is_err() {
            tries += 1;
            assert!(tries < 100, "it never came back");
        }
        assert!(stores.users.find(user.id).await.unwrap().is_some(), "what was answered is there");
    }
}

#[tokio::test]
async fn a_collision_is_tried_again_a_few_times() {
    let database = Postgres::shared().database();
    let stores = open(postgres_section(&database.url())).await.unwrap();
    collide(&database, 5);
    assert!(stores.users.insert(&samples::user()).await.is_err(), "not for ever");
    assert_eq!(database.run("SELECT last_value FROM tries"), "3");
    assert_eq!(stores.users.insert(&samples::user()).await.unwrap(), UserInserted::New);
    assert_eq!(database.run("SELECT last_value FROM tries"), "6");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn additions_in_opposite_orders_both_succeed() {
    let database = Postgres::shared().database();
    let url = database.url();
    drop(open(postgres_section(&url)).await.unwrap());
    database.run(&format!("ALTER DATABASE {} SET deadlock_timeout = '5ms'", url.rsplit('/').next().unwrap()));
    let stores = open(postgres_section(&url)).await.unwrap();
    let (user, client) = (samples::user(), samples::client());
    stores.users.insert(&user).await.unwrap();
    for _ in 0..20 {
        at_once(2, |index| {
            let (consents, user, client) = (stores.consents.clone(), user.id, client.clone());
            let more = samples::permission(["a b c d e f", "f e d c b a"][index], "name email");
            async move { consents.add(user, &client, &more, samples::START).await.unwrap() }
        })
        .await;
    }
}

/// A statement that waits for a lock is ended, and one that finds no connection is not kept waiting.
#[tokio::test]
async fn nothing_waits_longer_than_it_may() {
    let database = Arc::new(Postgres::shared().database());
    let stores = open(config::Postgres { max_connections: 1, ..quick(&database.url()) }).await.unwrap();
    let holder = Arc::clone(&database);
    let held = std::thread::spawn(move || holder.run("BEGIN; LOCK TABLE grants; SELECT pg_sleep(600)"));
    let locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'grants'::regclass";
    while database.run(locked) == "0" {}
    let grant = samples::grant(None);
    let (one, other) = tokio::join!(stores.grants.insert(&grant), stores.grants.insert(&grant));
    assert!(one.is_err() && other.is_err());
    assert!(stores.users.find(samples::user_id()).await.unwrap().is_none(), "the rest goes on");
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()");
    assert!(held.join().is_err());
    assert_eq!(stores.grants.insert(&grant).await.unwrap(), GrantInserted::New);
}

/// What the server is told of each connection.
#[tokio::test]
async fn connections_have_limits_of_their_own() {
    let database = Postgres::shared().database();
    let stores = open(postgres_section(&database.url())).await.unwrap();
    stores.durable.ping().await.unwrap();
    let count = |name: &str| {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vestibule' AND datname = '{name}'"
        );
        database.run(&sql).parse::<u32>().unwrap()
    };
    let connections = count(database.url().rsplit('/').next().unwrap());
    assert!((1..=10).contains(&connections), "{connections}");
}
