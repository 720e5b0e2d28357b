//! The one writer of SQLite: what waits shares a commit, and each is whole by itself.
//!
//! Owns: tests of group commit. Does not own: the promises of every backend (`durable`, `ephemeral`).
//!
//! Whoever holds the file's lock decides when the writer may begin: until then, all that was asked for
//! waits. Commits are counted where they are: in the write-ahead log.

use std::path::Path;

use std::future::poll_fn;
use std::task::Poll;

use futures_util::future::{join, join_all, maybe_done};

use crate::model::grant::Grant;
use crate::model::person::{User, Username};
use crate::model::refresh::Rotation;
use crate::protocol::ids::UserId;
use crate::store::contract::{Bench, at_once, samples};
use crate::store::{GrantInserted, StoreError, UserInserted, sql};

/// Transactions in a write-ahead log: frames that say how long the file is after them. What an earlier round
/// left behind has another salt.
fn commits(log: &Path) -> usize {
    let bytes = std::fs::read(log).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (page, salts) = (number(8) as usize, &bytes[16..24]);
    let frames = (32..bytes.len()).step_by(24 + page).take_while(|at| bytes[at + 8..at + 16] == *salts);
    frames.filter(|at| number(at + 4) != 0).count()
}

fn durable_log(bench: &Bench) -> usize {
    commits(&bench.folder.file(&format!("{}-wal", sql::DURABLE_FILE)))
}

fn people(count: usize) -> Vec<User> {
    (0..count).map(|_| samples::user()).collect()
}

/// Asks for all of them while somebody else holds the file, so that they wait together: each has asked before
/// the file is given back.
async fn insert_together(bench: &Bench, people: &[User]) -> Vec<Result<UserInserted, StoreError>> {
    let other = sql::OtherWriter::begin(&bench.folder.file(sql::DURABLE_FILE)).await.unwrap();
    let mut inserts: Vec<_> = people.iter().map(|user| Box::pin(maybe_done(bench.stores.users.insert(user)))).collect();
    for insert in &mut inserts {
        let _ = poll_fn(|context| Poll::Ready(insert.as_mut().poll(context))).await;
    }
    let (_, given_back) = join(join_all(inserts.iter_mut().map(|insert| insert.as_mut())), other.commit()).await;
    given_back.unwrap();
    inserts.iter_mut().map(|insert| insert.as_mut().take_output().unwrap()).collect()
}

#[tokio::test]
async fn writes_that_wait_share_a_commit() {
    let bench = Bench::sqlite().await;
    let people = people(64);
    let before = durable_log(&bench);
    let results = insert_together(&bench, &people).await;
    assert!(results.iter().all(|result| matches!(result, Ok(UserInserted::New))), "{results:?}");
    let commits = durable_log(&bench) - before;
    assert!((1..=4).contains(&commits), "{commits}");
    for user in &people {
        assert!(bench.stores.users.find(user.id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_write_that_comes_alone_has_a_commit_of_its_own() {
    let bench = Bench::sqlite().await;
    let before = durable_log(&bench);
    for user in people(5) {
        bench.stores.users.insert(&user).await.unwrap();
    }
    assert_eq!(durable_log(&bench) - before, 5);
}

/// A rotation is one statement: it needs no transaction around it, and waits as long as one would.
#[tokio::test]
async fn a_statement_that_comes_alone_waits_for_other_processes_and_has_one_commit() {
    let bench = Bench::sqlite().await;
    let grant = Grant { refresh: Some(samples::family(true)), ..samples::grant(Some(samples::hash())) };
    assert_eq!(bench.stores.grants.insert(&grant).await.unwrap(), GrantInserted::New);
    let before = durable_log(&bench);
    let other = sql::OtherWriter::begin(&bench.folder.file(sql::DURABLE_FILE)).await.unwrap();
    let rotation = bench.stores.grants.rotate(&grant, 0, &samples::RULES, samples::START);
    let mut rotation = Box::pin(maybe_done(rotation));
    let _ = poll_fn(|context| Poll::Ready(rotation.as_mut().poll(context))).await;
    let ((), given_back) = join(rotation.as_mut(), other.commit()).await;
    given_back.unwrap();
    let rotated = rotation.as_mut().take_output().unwrap();
    assert!(matches!(rotated, Ok(Rotation::Rotated(_))), "{rotated:?}");
    assert_eq!(durable_log(&bench) - before, 1);
}

#[tokio::test]
async fn one_that_is_refused_undoes_none_of_the_others() {
    let bench = Bench::sqlite().await;
    let mut people = people(9);
    people[4].username = people[0].username.clone();
    // Not a name of another person but an id of one: no answer of the port, an error.
    people[6].id = people[1].id;
    people[6].username = Username::parse("somebody-else").unwrap();
    let results = insert_together(&bench, &people).await;
    for (index, result) in results.iter().enumerate() {
        match index {
            4 => assert!(matches!(result, Ok(UserInserted::UsernameTaken)), "{result:?}"),
            6 => assert!(result.is_err(), "{result:?}"),
            _ => assert!(matches!(result, Ok(UserInserted::New)), "{index}: {result:?}"),
        }
    }
    let ids: Vec<UserId> = bench.stores.users.list(None, 100).await.unwrap().iter().map(|user| user.id).collect();
    assert_eq!(ids.len(), 7);
}

#[tokio::test]
async fn a_caller_that_goes_away_before_its_turn_has_changed_nothing() {
    let bench = Bench::sqlite().await;
    let people = people(3);
    let other = sql::OtherWriter::begin(&bench.folder.file(sql::DURABLE_FILE)).await.unwrap();
    // The first has its turn, which waits for the file; the second is dropped while it waits for its own.
    let first = bench.stores.users.insert(&people[0]);
    let last = bench.stores.users.insert(&people[2]);
    let rest = async {
        tokio::select! {
            biased;
            _ = bench.stores.users.insert(&people[1]) => panic!("it went before its turn"),
            () = std::future::ready(()) => {}
        }
        other.commit().await.unwrap();
    };
    let (first, last, ()) = tokio::join!(first, last, rest);
    assert_eq!((first.unwrap(), last.unwrap()), (UserInserted::New, UserInserted::New));
    assert!(bench.stores.users.find(people[1].id).await.unwrap().is_none());
    assert_eq!(bench.stores.users.insert(&people[1]).await.unwrap(), UserInserted::New);
}

#[tokio::test]
async fn more_than_may_wait_are_refused_at_once() {
    let bench = Bench::sqlite().await;
    let people = people(1100);
    let results = insert_together(&bench, &people).await;
    let refused = results.iter().filter(|result| result.is_err()).count();
    assert!((1..=100).contains(&refused), "{refused}");
    for (user, result) in people.iter().zip(&results) {
        let found = bench.stores.users.find(user.id).await.unwrap().is_some();
        assert_eq!(found, result.is_ok(), "what was refused was not done, and the rest was");
    }
}

/// X1 for SQLite, and what a power cut leaves: the log may end anywhere, but not before what was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_of_the_files_at_any_instant_has_all_that_was_answered_before() {
    use std::sync::{Arc, Mutex};
    let bench = Bench::sqlite().await;
    let answered: Arc<Mutex<Vec<UserId>>> = Arc::default();
    let copies: Vec<_> = (0..8).map(|_| crate::store::contract::Folder::new()).collect();
    let writers = at_once(8, |_| {
        let (users, answered) = (bench.stores.users.clone(), Arc::clone(&answered));
        async move {
            for user in people(12) {
                users.insert(&user).await.unwrap();
                answered.lock().unwrap().push(user.id);
            }
        }
    });
    let (from, seen) = (bench.folder.path.clone(), Arc::clone(&answered));
    let paths: Vec<_> = copies.iter().map(|copy| copy.path.clone()).collect();
    let copying = tokio::task::spawn_blocking(move || {
        let copy = |to: &std::path::PathBuf| {
            let known = seen.lock().unwrap().clone();
            std::fs::create_dir_all(to).unwrap();
            for name in [sql::DURABLE_FILE.to_owned(), format!("{}-wal", sql::DURABLE_FILE)] {
                std::fs::copy(from.join(&name), to.join(&name)).unwrap();
            }
            known
        };
        paths.iter().map(copy).collect::<Vec<_>>()
    });
    let (_, known) = join(writers, copying).await;
    for (copy, known) in copies.into_iter().zip(known.unwrap()) {
        let opened = Bench::open(copy, None).await.unwrap();
        for id in known {
            assert!(opened.stores.users.find(id).await.unwrap().is_some(), "{id} was answered and is gone");
        }
    }
}
