//! The durable store: one handle that every durable port is implemented on.
//!
//! Owns: the handle and its housekeeping. Does not own: the ports' queries (a file each).

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, DeleteMany, EntityTrait, QueryFilter as _};

use crate::protocol::time::Timestamp;
use crate::store::sql::database::Database;
use crate::store::sql::entity::grant;
use crate::store::sql::revocations;
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
        let ping = self.database.read("pinging the database", |reads| reads.execute_unprepared("SELECT 1"));
        ping.await.map(drop)
    }

    /// Removes grants that are over, and entries of the negative list that cover nothing any more. A grant's
    /// row is also the mark that its code was used, so it must stay as long as the code could come back from
    /// an ephemeral store that was restored: `expires_at` of a grant is never before that of its code, and a
    /// code that is over is refused by its own record.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let over = Query::select()
            .column(grant::Column::Id)
            .from(grant::Entity)
            .and_where(grant::Column::ExpiresAt.lte(now.millis()))
            .limit(SWEPT_AT_ONCE)
            .to_owned();
        let delete = grant::Entity::delete_many().filter(grant::Column::Id.in_subquery(over));
        let grants = self.sweep_by("sweeping grants", delete).await?;
        Ok(grants + revocations::sweep(self, now).await?)
    }
}

impl Durable {
    /// Repeats a deletion of at most [`SWEPT_AT_ONCE`] rows until nothing is left for it; the number removed.
    pub(super) async fn sweep_by<E: EntityTrait>(
        &self,
        what: &'static str,
        delete: DeleteMany<E>,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let delete = delete.clone();
            let turn = self.database.write(what, move |c| Box::pin(delete.clone().exec(c)));
            let some = turn.await?.rows_affected;
            removed += some;
            if some < SWEPT_AT_ONCE {
                return Ok(removed);
            }
        }
    }
}
