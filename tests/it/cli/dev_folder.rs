//! The data folder of `vestibule dev`: private, held by one server, and explained when it cannot be used.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::program::Home;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_folder_and_every_file_in_it_are_for_their_owner_alone() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    assert_eq!(mode(&home.data()), 0o700);
    let files: Vec<_> = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(dev);
}

#[tokio::test]
async fn a_folder_that_another_server_holds_is_refused() {
    let home = Home::new();
    let mut dev = home.dev(&[]).await;
    home.run(&["dev", "--port", "0"]).await.refuses(1, &["another development server", "--data DIR"]);
    assert!(dev.is_running());
    let elsewhere = home.dev(&["--data", "elsewhere"]).await;
    assert_ne!(elsewhere.facts["users"], dev.facts["users"]);
}

#[tokio::test]
async fn a_killed_server_leaves_a_folder_that_the_next_one_takes() {
    let home = Home::new();
    let first = home.dev(&[]).await;
    let users = first.facts["users"].clone();
    drop(first); // killed
    let second = home.dev(&[]).await;
    assert_eq!(second.facts["users"], users);
}

#[tokio::test]
async fn a_folder_of_another_kind_is_left_alone() {
    let home = Home::new();
    let file = home.write("papers/thesis.txt", "mine");
    fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    home.run(&["dev", "--port", "0", "--data", "papers"]).await.refuses(1, &["papers", "--data DIR"]);
    assert_eq!(mode(file.parent().unwrap()), 0o755);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_damaged_folder_says_what_to_do() {
    for file in ["vestibule.db", "ephemeral.db", "dev-credentials.json"] {
        let home = Home::new();
        home.dev(&[]).await.stop("TERM").await.expect(0);
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(home.data().join(format!("{file}{suffix}")));
        }
        fs::write(home.data().join(file), "this is neither a database nor JSON, whatever it once was").unwrap();
        home.run(&["dev", "--port", "0"]).await.refuses(1, &["mv ", "--data DIR"]);
    }
}

#[tokio::test]
async fn a_lost_encryption_key_says_what_to_do() {
    let home = Home::new();
    home.dev(&[]).await.stop("TERM").await.expect(0);
    fs::remove_file(home.data().join("encryption.key")).unwrap();
    home.run(&["dev", "--port", "0"]).await.refuses(1, &["key", "mv ", "--data DIR"]);
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_said_at_the_start() {
    let home = Home::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("redis://{free}");
    home.run(&["dev", "--port", "0", "--redis", &url]).await.refuses(4, &["Redis", "--redis"]);
}
