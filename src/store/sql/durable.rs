//! The durable store: one handle that every durable port is implemented on.
//!
//! Owns: the handle and its housekeeping. Does not own: the ports' queries (a file each).

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _};

use crate::protocol::time::Timestamp;
use crate::store::sql::attempt::attempt;
use crate::store::sql::database::Database;
use crate::store::sql::entity::grant;
use crate::store::sql::{keys, revocations};
use crate::store::{Maintenance, StoreError};

/// Rows that one statement of the sweeper removes: a short turn at the writer, so that no request waits
/// long behind it.
pub(super) const SWEPT_AT_ONCE: u64 = 500;

/// People, consents, grants and keys on SQL.
#[derive(Clone)]
pub(in crate::store) struct Durable {
    pub(super) database: Arc<Database>,
}

impl Durable {
    pub(super) const fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Maintenance for Durable {
    async fn ping(&self) -> Result<(), StoreError> {
        attempt("pinging the database", || async {
            self.database.reads().execute_unprepared("SELECT 1").await.map(drop)
        })
        .await
    }

    /// Removes grants that are over, entries of the negative list that cover nothing any more, and keys that
    /// nothing depends on. A grant's row is also the mark that its code was used, so it must
    /// stay as long as the code could come back from an ephemeral store that was restored: `expires_at`
    /// of a grant is never before that of its code, and a code that is over is refused by its own record.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let some = attempt("sweeping grants", || {
                let over = Query::select()
                    .column(grant::Column::Id)
                    .from(grant::Entity)
                    .and_where(grant::Column::ExpiresAt.lte(now.millis()))
                    .limit(SWEPT_AT_ONCE)
                    .to_owned();
                grant::Entity::delete_many().filter(grant::Column::Id.in_subquery(over)).exec(self.database.writes())
            })
            .await?
            .rows_affected;
            removed += some;
            if some < SWEPT_AT_ONCE {
                break;
            }
        }
        Ok(removed + revocations::sweep(self, now).await? + keys::sweep(self, now).await?)
    }
}
