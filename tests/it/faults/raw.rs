//! The rows of the durable store, read past the server and held against the ledger.
//!
//! Owns: those questions in both dialects. Does not own: what the server says (`checker`).

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait as _, Database, DatabaseBackend, Statement};

use super::installation::Installation;
use super::ledger::{Book, Ledger, State, Wrong, generation};

/// A grant's row.
struct Row {
    generation: Option<u32>,
    revoked: bool,
}

/// Rows as texts; every column of a statement must be text.
async fn rows(installation: &Installation, sql: &str, columns: usize) -> Vec<Vec<String>> {
    if let Some(servers) = &installation.servers {
        let said = servers.database.run(sql);
        return said.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect();
    }
    let database =
        Database::connect(format!("sqlite:{}", installation.sqlite().display())).await.expect("the database");
    let statement = Statement::from_string(DatabaseBackend::Sqlite, sql.to_owned());
    let found = database.query_all_raw(statement).await.expect("the rows");
    let text = |row: &sea_orm::QueryResult, column| -> String {
        row.try_get_by_index::<Option<String>>(column).expect("a text").unwrap_or_default()
    };
    let rows = found.iter().map(|row| (0..columns).map(|column| text(row, column)).collect()).collect();
    database.close().await.expect("closed");
    rows
}

/// An id without its dashes, as text.
fn id(installation: &Installation, column: &str) -> String {
    match installation.servers {
        Some(_) => format!("replace({column}::text, '-', '')"),
        None => format!("lower(hex({column}))"),
    }
}

/// Holds the rows against the book.
pub async fn check(installation: &Installation, ledger: &Ledger, book: &Book) {
    check_grants(installation, ledger, book).await;
    check_identities(installation, ledger, book).await;
    let people = rows(installation, "SELECT username, CASE WHEN disabled THEN '1' ELSE '0' END FROM users", 2).await;
    let people: BTreeMap<String, bool> = people.into_iter().map(|row| (row[0].clone(), row[1] == "1")).collect();
    let sql =
        "SELECT DISTINCT u.username FROM consents c JOIN users u ON u.id = c.user_id WHERE c.client_id = 'keeper'";
    let allowed: BTreeSet<String> = rows(installation, sql, 1).await.into_iter().map(|row| row[0].clone()).collect();
    for (username, known) in &book.people {
        match people.get(username) {
            None => ledger.complain(Wrong::Lost, format!("{username} is not in the store")),
            Some(disabled) if !disabled && known.disabled == State::Over => {
                ledger.complain(Wrong::Revived, format!("{username} is not disabled in the store"));
            }
            Some(true) if known.disabled == State::Alive => {
                ledger.complain(Wrong::Lost, format!("{username} is disabled in the store"));
            }
            Some(_) => {}
        }
        if known.allowed && !allowed.contains(username) {
            ledger.complain(Wrong::Lost, format!("what {username} allowed is not in the store"));
        }
    }
    if installation.servers.is_none() {
        let sound = rows(installation, "PRAGMA integrity_check", 1).await;
        if sound != [["ok"]] {
            ledger.complain(Wrong::Lost, format!("the file is damaged: {sound:?}"));
        }
    }
}

/// Each identity is of somebody of the same name.
async fn check_identities(installation: &Installation, ledger: &Ledger, book: &Book) {
    let sql = "SELECT i.subject, coalesce(u.username, '') FROM identities i LEFT JOIN users u ON u.id = i.user_id";
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for row in rows(installation, sql, 2).await {
        if row[0] != row[1] {
            ledger.complain(Wrong::CrossIdentity, format!("the identity {} opens the account {}", row[0], row[1]));
        }
        if !kept.insert(row[0].clone()) {
            ledger.complain(Wrong::Duplicated, format!("the identity {}", row[0]));
        }
    }
    for (username, known) in &book.people {
        match known.identity {
            State::Alive if !kept.contains(username) => {
                ledger.complain(Wrong::Lost, format!("the identity of {username} is not in the store"));
            }
            State::Over if kept.contains(username) => {
                ledger.complain(Wrong::Unexplained, format!("nobody linked the identity of {username}"));
            }
            _ => {}
        }
    }
}

async fn check_grants(installation: &Installation, ledger: &Ledger, book: &Book) {
    let sql = format!(
        "SELECT {}, CAST(coalesce(refresh_generation, -1) AS text), CASE WHEN revoked_at IS NULL THEN '0' ELSE '1' END, \
         coalesce(code, '') FROM grants",
        id(installation, "id")
    );
    let mut grants: BTreeMap<String, Row> = BTreeMap::new();
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows(installation, &sql, 4).await {
        if !row[3].is_empty() {
            *codes.entry(row[3].clone()).or_default() += 1;
        }
        let row_of = Row { generation: row[1].parse().ok(), revoked: row[2] == "1" };
        if grants.insert(row[0].clone(), row_of).is_some() {
            ledger.complain(Wrong::Duplicated, format!("grant {}", row[0]));
        }
    }
    for (code, count) in codes.iter().filter(|(_, count)| **count > 1) {
        ledger.complain(Wrong::Duplicated, format!("{count} grants of the code {code}"));
    }
    for (grant, held) in &book.grants {
        let Some(row) = grants.get(&grant.replace('-', "")) else {
            ledger.complain(Wrong::Lost, format!("grant {grant} is not in the store"));
            continue;
        };
        // A disabled person's grants need no mark of their own.
        let by_person = book.people.get(&held.username).is_some_and(|known| known.disabled != State::Alive);
        if held.state == State::Over && !row.revoked && !by_person {
            ledger.complain(Wrong::Revived, format!("grant {grant} is not revoked in the store"));
        }
        if held.state == State::Alive && row.revoked {
            ledger.complain(Wrong::Lost, format!("grant {grant} is revoked in the store"));
        }
        if row.generation != generation(&held.refresh) {
            let (kept, told) = (row.generation, generation(&held.refresh));
            ledger.complain(Wrong::Lost, format!("grant {grant}: generation {kept:?} is kept, {told:?} was told"));
        }
    }
}
