//! Redis away, back, wrong, behind TLS.
//!
//! Owns: tests of what only Redis does. Does not own: the promises of every backend (`store/contract`).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::{Clock, ManualClock};
use crate::config;
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::ephemeral::{Keep, Key, Kind, Records as _};
use crate::store::redis::RedisRecords;
use server::Server;

pub(in crate::store) mod server;

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const KEEP: Keep = Keep { until: Timestamp::from_millis(1_767_225_660_000), now: NOW };

fn section(url: &str) -> config::Redis {
    config::Redis {
        url: SecretString::from(url),
        key_prefix: "vestibule:".to_owned(),
        command_timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(2),
    }
}

/// Impatient, for tests that wait for nothing.
fn quick(server: &Server) -> config::Redis {
    config::Redis { command_timeout: Duration::from_secs(1), ..section(&server.url()) }
}

fn key(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Session, hash }
}

async fn text(records: &RedisRecords, hash: &TokenHash) -> Result<Option<String>, StoreError> {
    records.get(key(hash)).await
}

fn cause(error: &StoreError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_redis_that_went_away_is_an_error_and_one_that_came_back_is_used_again() {
    let mut server = Server::start(&[]);
    let records = RedisRecords::open(&quick(&server), None).await.unwrap();
    let hash = TokenHash::of(b"one");
    for _ in 0..3 {
        records.put(key(&hash), "there".to_owned(), KEEP).await.unwrap();
        server.stop();
        assert!(text(&records, &hash).await.is_err());
        assert!(records.take(key(&hash)).await.is_err());
        let error = records.replace(key(&hash), "a", "b".to_owned(), KEEP).await.unwrap_err();
        assert_eq!(cause(&error), "Redis is away", "the outage has cost its one wait");
        assert!(records.ping().await.is_err());
        server.start_again();
        // Each ping waits for the connection as long as a command may take.
        let mut tries = 0;
        while records.ping().await.is_err() {
            tries += 1;
            assert!(tries < 100, "it never came back");
        }
        // All was lost, and says so.
        assert_eq!(text(&records, &hash).await.unwrap(), None);
        assert!(!records.replace(key(&hash), "there", "b".to_owned(), KEEP).await.unwrap());
    }
}

#[tokio::test]
async fn a_server_may_start_before_its_redis() {
    let mut server = Server::start(&[]);
    server.stop();
    let records = RedisRecords::open(&quick(&server), None).await.unwrap();
    assert!(records.ping().await.is_err());
    server.start_again();
    let mut tries = 0;
    while records.ping().await.is_err() {
        tries += 1;
        assert!(tries < 100, "it never connected");
    }
}

/// Each answer belongs to its question, also when callers give up and when the connection breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_never_mixed_up() {
    let server = Server::start(&[]);
    let records = Arc::new(RedisRecords::open(&section(&server.url()), None).await.unwrap());
    let name = |index: u32| TokenHash::of(index.to_string().as_bytes());
    for index in 0..50 {
        records.put(key(&name(index)), index.to_string(), KEEP).await.unwrap();
    }
    for round in 0..10_u32 {
        let tasks: Vec<_> = (0..200_u32)
            .map(|number| {
                let (records, index) = (records.clone(), number % 50);
                tokio::spawn(async move {
                    let hash = TokenHash::of(index.to_string().as_bytes());
                    (index, records.get(key(&hash)).await)
                })
            })
            .collect();
        // Some give up half way.
        tasks.iter().step_by(7).for_each(tokio::task::JoinHandle::abort);
        if round % 3 == 0 {
            server::send::<()>(&section(&server.url()), &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        }
        for task in tasks {
            if let Ok((index, Ok(answer))) = task.await {
                assert_eq!(answer, Some(index.to_string()));
            }
        }
    }
    assert_eq!(records.get(key(&name(7))).await.unwrap().as_deref(), Some("7"));
}

#[tokio::test]
async fn a_wrong_password_says_so_and_the_right_one_is_used() {
    let server = Server::start(&["--requirepass", "se cret/@:"]);
    let port = server.port();
    for url in [format!("redis://127.0.0.1:{port}"), format!("redis://:wrong@127.0.0.1:{port}")] {
        let Err(error) = RedisRecords::open(&section(&url), None).await else { panic!("{url} was accepted") };
        assert!(!cause(&error).contains("wrong@") && !cause(&error).is_empty(), "{}", cause(&error));
    }
    let url = format!("redis://:se%20cret%2F%40%3A@127.0.0.1:{port}");
    RedisRecords::open(&section(&url), None).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn the_database_number_of_the_url_is_used() {
    let server = Server::start(&[]);
    let url = format!("redis://127.0.0.1:{}", server.port());
    let first = RedisRecords::open(&section(&format!("{url}/0")), None).await.unwrap();
    let fourth = RedisRecords::open(&section(&format!("{url}/4")), None).await.unwrap();
    let hash = TokenHash::of(b"one");
    fourth.put(key(&hash), "there".to_owned(), KEEP).await.unwrap();
    assert_eq!(text(&first, &hash).await.unwrap(), None);
    assert_eq!(text(&fourth, &hash).await.unwrap().as_deref(), Some("there"));
    assert!(RedisRecords::open(&section(&format!("{url}/99")), None).await.is_err());
}

#[tokio::test]
async fn keys_have_the_prefix_and_an_expiry_a_minute_behind_ours() {
    let server = Server::start(&[]);
    let mut section = section(&server.url());
    section.key_prefix = "mine:".to_owned();
    let records = RedisRecords::open(&section, None).await.unwrap();
    let clock = ManualClock::new(NOW);
    let hash = TokenHash::of(b"one");
    for far in [Duration::from_mins(1), Duration::MAX] {
        let keep = Keep { until: NOW.plus(far), now: clock.now() };
        records.put(key(&hash), "there".to_owned(), keep).await.unwrap();
        assert!(records.replace(key(&hash), "there", "here".to_owned(), keep).await.unwrap());
        let name = format!("mine:session:{}", hash.to_key());
        assert_eq!(server::send::<Vec<String>>(&section, &["KEYS", "*"]).await, [name.as_str()]);
        let left: i64 = server::send(&section, &["PTTL", &name]).await;
        assert!(left > 100_000, "{left}");
        assert!(far == Duration::MAX || left <= 120_000, "{left}");
    }
    // The clock ran ahead of the record: it is stored for a moment at most, and that is no error.
    let over = Keep { until: NOW, now: NOW.plus(Duration::from_hours(1)) };
    records.put(key(&hash), "there".to_owned(), over).await.unwrap();
}

#[tokio::test]
async fn a_counter_has_no_name_in_it_and_an_expiry_a_minute_behind_ours() {
    let server = Server::start(&[]);
    let mut section = section(&server.url());
    section.key_prefix = "mine:".to_owned();
    let records = RedisRecords::open(&section, None).await.unwrap();
    let hash = TokenHash::of(b"one");
    for round in 1..=3 {
        records.advance(Kind::Throttle, &[(hash, Duration::from_mins(1))], NOW).await.unwrap();
        let name = format!("mine:throttle:{}", hash.to_key());
        assert_eq!(server::send::<Vec<String>>(&section, &["KEYS", "*"]).await, [name.as_str()]);
        let left: i64 = server::send(&section, &["PTTL", &name]).await;
        assert!(left > round * 60_000 && left <= (round + 1) * 60_000, "{left}");
    }
    // What is no instant counts as none.
    records.put(Key { kind: Kind::Throttle, hash: &hash }, "soon".to_owned(), KEEP).await.unwrap();
    assert_eq!(records.instants(Kind::Throttle, &[hash]).await.unwrap(), [None]);
    records.advance(Kind::Throttle, &[(hash, Duration::from_secs(1))], NOW).await.unwrap();
    let second = NOW.plus(Duration::from_secs(1));
    assert_eq!(records.instants(Kind::Throttle, &[hash]).await.unwrap(), [Some(second)]);
}

#[tokio::test]
async fn a_url_that_is_none_is_an_error_without_the_url() {
    for url in ["", "not a url", "http://:pass-word@localhost/", "redis://:pass-word@localhost:99999/", "redis://h/x"] {
        let Err(error) = RedisRecords::open(&section(url), None).await else { panic!("{url} was accepted") };
        assert!(!cause(&error).contains("pass-word"), "{}", cause(&error));
    }
}

#[tokio::test]
async fn rediss_speaks_tls_and_believes_only_who_it_trusts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/test-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(&folder)
        .output()
        .expect("openssl is needed for this test: apt-get install -y openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (cert, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
    let (cert_name, key_name) = (cert.to_str().unwrap(), key_file.to_str().unwrap());
    let more = ["--tls-port", "FREE", "--tls-auth-clients", "no", "--tls-cert-file", cert_name];
    let server = Server::start(&[more.as_slice(), &["--tls-key-file", key_name]].concat());
    let roots = std::fs::read(&cert).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();

    let trusted = section(&format!("rediss://localhost:{}", server.port()));
    let records = RedisRecords::open(&trusted, Some(roots.clone())).await.unwrap();
    records.ping().await.unwrap();
    // Neither a stranger's certificate nor another name is believed.
    let mut quick = trusted.clone();
    quick.command_timeout = Duration::from_millis(300);
    assert!(RedisRecords::open(&quick, None).await.unwrap().ping().await.is_err());
    quick.url = SecretString::from(format!("rediss://127.0.0.1:{}", server.port()));
    assert!(RedisRecords::open(&quick, Some(roots)).await.unwrap().ping().await.is_err());
}
