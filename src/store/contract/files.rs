//! The folder of the database: shared, kept, private, spoiled.
//!
//! Owns: tests of what only files do. Does not own: the promises of every backend (`durable`, `ephemeral`).

use std::error::Error as _;
use std::path::Path;

use crate::model::sealed_key::KeyUse;
use crate::protocol::opaque::TokenHash;
use crate::store::contract::{Bench, Folder, at_once, samples};
use crate::store::{StoreError, UserInserted, sql};

impl Folder {
    /// Another process on the same folder.
    fn again(&self) -> Self {
        Self { path: self.path.clone(), mine: false }
    }

    /// A folder in this one.
    fn inner(&self, name: &str) -> Self {
        Self { path: self.file(name), mine: false }
    }

    /// Every byte of every file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.path).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    pub(super) async fn write_record(&self, kind: &str, hash: &TokenHash, text: &str) {
        sql::write_raw(&self.file(sql::EPHEMERAL_FILE), kind, &hash.to_key(), text).await.unwrap();
    }
}

fn cause(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

async fn opening_fails(folder: Folder) -> String {
    let Err(error) = Bench::open(folder, None).await else { panic!("it was opened") };
    cause(&error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_open_one_new_folder_at_once_and_share_it() {
    let folder = Folder::new();
    let benches = at_once(8, |_| {
        let folder = folder.again();
        async move { Bench::open(folder, None).await.unwrap() }
    })
    .await;
    let user = samples::user();
    let inserted = at_once(8, |index| {
        let users = benches[index].stores.users.clone();
        let user = user.clone();
        async move { users.insert(&user).await.unwrap() }
    })
    .await;
    assert_eq!(inserted.iter().filter(|result| **result == UserInserted::New).count(), 1);
    at_once(8, |index| {
        let keys = benches[index].stores.keys.clone();
        async move { keys.insert(&samples::key(KeyUse::Refresh, 0)).await.unwrap() }
    })
    .await;
    for bench in &benches {
        assert!(bench.stores.users.find(user.id).await.unwrap().is_some());
        assert_eq!(bench.stores.keys.list().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = Folder::new();
    let (user, grant) = (samples::user(), samples::grant(Some(samples::hash())));
    let (id, session) = (samples::hash(), samples::session());
    {
        let bench = Bench::open(folder.again(), None).await.unwrap();
        bench.stores.users.insert(&user).await.unwrap();
        bench.stores.grants.insert(&grant).await.unwrap();
        bench.stores.sessions.put(&id, &session).await.unwrap();
    }
    let bench = Bench::open(folder, None).await.unwrap();
    let found = bench.stores.users.find(user.id).await.unwrap().unwrap();
    assert_eq!(samples::seen(&found), samples::seen(&user));
    assert_eq!(bench.stores.grants.find(grant.id).await.unwrap(), Some(grant));
    assert_eq!(bench.stores.sessions.find(&id).await.unwrap(), Some(session));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_look_into_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::sqlite().await;
    bench.stores.users.insert(&samples::user()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bench.folder.path), 0o700);
    let mut names = Vec::new();
    for file in std::fs::read_dir(&bench.folder.path).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    assert!(names.contains(&format!("{}-wal", sql::DURABLE_FILE)), "{names:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error_that_names_it() {
    for name in [sql::DURABLE_FILE, sql::EPHEMERAL_FILE] {
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.path).unwrap();
        std::fs::write(folder.file(name), "This is not a database. ".repeat(500)).unwrap();
        let path = folder.file(name);
        let cause = opening_fails(folder).await;
        assert!(cause.contains(path.to_str().unwrap()) && cause.contains("move it away"), "{cause}");
    }
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_no_panic() {
    let folder = Folder::new();
    {
        let bench = Bench::open(folder.again(), None).await.unwrap();
        bench.stores.users.insert(&samples::user()).await.unwrap();
        sql::checkpoint(&folder.file(sql::DURABLE_FILE)).await.unwrap();
    }
    let path = folder.file(sql::DURABLE_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 8192);
    bytes[100..].fill(0xA5);
    for name in ["vestibule.db-wal", "vestibule.db-shm"] {
        let _ = std::fs::remove_file(folder.file(name));
    }
    std::fs::write(&path, bytes).unwrap();
    let cause = opening_fails(folder).await;
    assert!(cause.contains(path.to_str().unwrap()), "{cause}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let folder = Folder::new();
    drop(Bench::open(folder.again(), None).await.unwrap());
    sql::pretend_migrated(&folder.file(sql::DURABLE_FILE), "m9999_future").await.unwrap();
    let cause = opening_fails(folder).await;
    assert!(cause.contains("newer version") && cause.contains("m9999_future"), "{cause}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let parent = Folder::new();
    std::fs::create_dir_all(&parent.path).unwrap();
    std::fs::write(parent.file("in-the-way"), "").unwrap();
    let inside = parent.inner("in-the-way/data");
    let path = inside.path.clone();
    let cause = opening_fails(inside).await;
    assert!(cause.contains(path.to_str().unwrap()), "{cause}");
    let taken = parent.again();
    std::fs::create_dir_all(taken.file(sql::DURABLE_FILE)).unwrap();
    let cause = opening_fails(taken).await;
    assert!(cause.contains("there is a folder of that name"), "{cause}");
}

#[tokio::test]
async fn a_path_with_any_character_is_a_path() {
    let parent = Folder::new();
    let odd = parent.inner("a ?b=c#d%41 ü&'\"");
    let bench = Bench::open(odd, None).await.unwrap();
    bench.stores.durable.ping().await.unwrap();
    assert!(bench.folder.file(sql::DURABLE_FILE).exists());
}

#[tokio::test]
async fn while_another_process_writes_reads_go_on_and_writes_fail_in_the_end() {
    let bench = Bench::sqlite().await;
    let (user, other) = (samples::user(), samples::user());
    bench.stores.users.insert(&user).await.unwrap();
    let writer = sql::OtherWriter::begin(&bench.folder.file(sql::DURABLE_FILE)).await.unwrap();
    assert!(bench.stores.users.find(user.id).await.unwrap().is_some());
    bench.stores.durable.ping().await.unwrap();
    assert!(bench.stores.users.insert(&other).await.is_err());
    writer.commit().await.unwrap();
    assert_eq!(bench.stores.users.insert(&other).await.unwrap(), UserInserted::New);
}

#[tokio::test]
async fn a_write_waits_for_another_process_to_finish_its_own() {
    let bench = Bench::sqlite().await;
    let writer = sql::OtherWriter::begin(&bench.folder.file(sql::DURABLE_FILE)).await.unwrap();
    let user = samples::user();
    let (inserted, committed) = tokio::join!(bench.stores.users.insert(&user), writer.commit());
    committed.unwrap();
    assert_eq!(inserted.unwrap(), UserInserted::New);
}
