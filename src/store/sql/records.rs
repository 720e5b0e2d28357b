//! Ephemeral records on SQLite: one table, one statement an operation.
//!
//! Owns: those statements. Does not own: the aggregates and when a record is over (`store/ephemeral`).

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement, Value};

use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::ephemeral::{Keep, Key, Kind, Records};
use crate::store::sql::database::Database;

// Each goes by the primary key and is prepared once on a connection.
const PUT: &str = r#"INSERT INTO "records" ("kind", "key", "value", "until") VALUES (?, ?, ?, ?)
    ON CONFLICT ("kind", "key") DO UPDATE SET "value" = "excluded"."value", "until" = "excluded"."until""#;
const GET: &str = r#"SELECT "value" FROM "records" WHERE "kind" = ? AND "key" = ?"#;
const TAKE: &str = r#"DELETE FROM "records" WHERE "kind" = ? AND "key" = ? RETURNING "value""#;
const REPLACE: &str = r#"UPDATE "records" SET "value" = ?, "until" = ? WHERE "kind" = ? AND "key" = ? AND "value" = ?"#;
const REMOVE: &str = r#"DELETE FROM "records" WHERE "kind" = ? AND "key" = ?"#;
const CLAIM: &str = r#"INSERT INTO "records" ("kind", "key", "value", "until") VALUES (?, ?, '', ?)
    ON CONFLICT ("kind", "key") DO NOTHING"#;
// A row for each hash on a list, named by both: those of one list stand together, in the order of the primary key.
const ENLIST: &str = r#"INSERT INTO "records" ("kind", "key", "value", "until") VALUES (?, ?, ?, ?)
    ON CONFLICT ("kind", "key") DO UPDATE SET "until" = MAX("records"."until", "excluded"."until")"#;
const LISTED: &str = r#"SELECT "value" FROM "records" WHERE "kind" = ? AND "key" > ? AND "key" < ?"#;
// Followed by a place for each name.
const INSTANTS: &str = r#"SELECT "key", "until" FROM "records" WHERE "kind" = ? AND "key" IN "#;
// Between them a row for each; what is stored is moved on by how far the new instant is from now.
const ADVANCE: [&str; 2] = [
    r#"INSERT INTO "records" ("kind", "key", "value", "until") VALUES "#,
    r#" ON CONFLICT ("kind", "key") DO UPDATE
        SET "until" = MAX("records"."until", ?) + "excluded"."until" - ?"#,
];
// A short turn at the writer; repeated until nothing is left.
const SWEEP: &str = r#"DELETE FROM "records" WHERE ("kind", "key") IN
    (SELECT "kind", "key" FROM "records" WHERE "until" <= ? LIMIT 500)"#;

/// Stands between the name of a list and a hash on it; no name has it.
const BETWEEN: char = ':';
/// The character that comes after it.
const AFTER: char = ';';

/// Ephemeral records in their own file.
pub(in crate::store) struct SqlRecords {
    database: Database,
}

impl SqlRecords {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Runs a statement that writes; the number of rows it changed.
    async fn write(&self, what: &'static str, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let statement = statement(sql, values);
        let result = self.database.write(what, move |c| c.execute_raw(statement.clone())).await?;
        Ok(result.rows_affected())
    }
}

impl Records for SqlRecords {
    async fn put(&self, key: Key<'_>, value: String, keep: Keep) -> Result<(), StoreError> {
        let [kind, hash] = named(key);
        self.write("storing a record", PUT, vec![kind, hash, value.into(), keep.until.millis().into()]).await.map(drop)
    }

    async fn get(&self, key: Key<'_>) -> Result<Option<String>, StoreError> {
        let find = self.database.read("finding a record", |reads| async move {
            let row = reads.query_one_raw(statement(GET, named(key))).await?;
            row.map(|row| row.try_get_by_index(0)).transpose()
        });
        find.await
    }

    async fn take(&self, key: Key<'_>) -> Result<Option<String>, StoreError> {
        let statement = statement(TAKE, named(key));
        let take = self.database.write("taking a record", move |c| {
            let statement = statement.clone();
            Box::pin(async move {
                let row = c.query_one_raw(statement).await?;
                row.map(|row| row.try_get_by_index(0)).transpose()
            })
        });
        take.await
    }

    async fn replace(&self, key: Key<'_>, old: &str, new: String, keep: Keep) -> Result<bool, StoreError> {
        let [kind, hash] = named(key);
        let values = vec![new.into(), keep.until.millis().into(), kind, hash, old.into()];
        Ok(self.write("replacing a record", REPLACE, values).await? == 1)
    }

    async fn claim(&self, key: Key<'_>, keep: Keep) -> Result<bool, StoreError> {
        let [kind, hash] = named(key);
        Ok(self.write("claiming a record", CLAIM, vec![kind, hash, keep.until.millis().into()]).await? == 1)
    }

    async fn enlist(&self, key: Key<'_>, member: &TokenHash, keep: Keep) -> Result<(), StoreError> {
        let [kind, _] = named(key);
        let member = member.to_key();
        let row = format!("{}{BETWEEN}{member}", key.hash.to_key());
        let values = vec![kind, row.into(), member.into(), keep.until.millis().into()];
        self.write("listing a record", ENLIST, values).await.map(drop)
    }

    async fn listed(&self, key: Key<'_>) -> Result<Vec<TokenHash>, StoreError> {
        let list = key.hash.to_key();
        let [from, to] = [BETWEEN, AFTER].map(|end| Value::from(format!("{list}{end}")));
        let [kind, _] = named(key);
        let statement = statement(LISTED, [kind, from, to]);
        let find = self.database.read("reading a list", |reads| {
            let statement = statement.clone();
            async move {
                let rows = reads.query_all_raw(statement).await?;
                rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<String>, DbErr>>()
            }
        });
        Ok(find.await?.iter().filter_map(|member| TokenHash::from_key(member)).collect())
    }

    async fn remove(&self, key: Key<'_>) -> Result<(), StoreError> {
        self.write("removing a record", REMOVE, named(key).into()).await.map(drop)
    }

    async fn instants(&self, kind: Kind, hashes: &[TokenHash]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let sql = format!("{INSTANTS}({})", vec!["?"; hashes.len()].join(", "));
        let keys: Vec<String> = hashes.iter().map(TokenHash::to_key).collect();
        let values: Vec<Value> =
            std::iter::once(kind.as_str().into()).chain(keys.iter().map(|key| key.as_str().into())).collect();
        let statement = statement(&sql, values);
        let find = self.database.read("reading counters", |reads| {
            let statement = statement.clone();
            async move {
                let rows = reads.query_all_raw(statement).await?;
                let pairs = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
                pairs.collect::<Result<Vec<(String, i64)>, DbErr>>()
            }
        });
        let found = find.await?;
        let of = |key: &String| found.iter().find(|(found, _)| found == key);
        Ok(keys.iter().map(|key| of(key).map(|(_, until)| Timestamp::from_millis(*until))).collect())
    }

    async fn advance(&self, kind: Kind, spans: &[(TokenHash, Duration)], now: Timestamp) -> Result<(), StoreError> {
        let [insert, update] = ADVANCE;
        let sql = format!("{insert}{}{update}", vec!["(?, ?, '', ?)"; spans.len()].join(", "));
        let mut values: Vec<Value> = Vec::with_capacity(spans.len() * 3 + 2);
        for (hash, span) in spans {
            values.extend([kind.as_str().into(), hash.to_key().into(), now.plus(*span).millis().into()]);
        }
        values.extend([now.millis().into(), now.millis().into()]);
        self.write("counting", &sql, values).await.map(drop)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.ping("pinging the ephemeral database").await
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let some = self.write("sweeping records", SWEEP, vec![now.millis().into()]).await?;
            removed += some;
            if some == 0 {
                return Ok(removed);
            }
        }
    }
}

fn named(key: Key<'_>) -> [Value; 2] {
    [key.kind.as_str().into(), key.hash.to_key().into()]
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}
