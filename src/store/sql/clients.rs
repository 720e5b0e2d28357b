//! Clients that were ever served, on SQL.
//!
//! Owns: noting what changed with them, and the end of their grants. Does not own: what is to be noted
//! (`model/served`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, TryInsertResult};

use crate::model::revocation::Revocation;
use crate::model::served::{Change, Served, Settled};
use crate::protocol::ids::ClientId;
use crate::protocol::time::Timestamp;
use crate::store::sql::database::Session;
use crate::store::sql::durable::{Durable, SWEPT_AT_ONCE};
use crate::store::sql::entity::client::{ActiveModel, Column, Entity};
use crate::store::sql::entity::grant;
use crate::store::sql::revocations;
use crate::store::{ClientStore, StoreError};

#[async_trait]
impl ClientStore for Durable {
    /// Guarantee: what is noted is on the negative list with it, and of several instances that note that a
    /// client is back, one does. Mechanism: one transaction, in which each row changes under a condition.
    /// The grants follow in short turns; should the process end before, the next call goes on, since the
    /// row says since when they count.
    async fn settle(&self, served: &Served, now: Timestamp) -> Result<Settled, StoreError> {
        let rows = self.database.read("reading the clients", |reads| Entity::find().all(reads)).await?;
        let mut known = BTreeMap::new();
        for row in rows {
            let id = ClientId::parse(&row.client_id).map_err(|error| StoreError::new("reading the clients", error))?;
            known.insert(id, row.served);
        }
        let asked = served.changes(&known);
        let changes = if asked.is_empty() {
            Vec::new()
        } else {
            let note = self.database.transact("noting which clients are served", move |c| {
                let asked = asked.clone();
                Box::pin(async move { note_all(c, asked, now).await })
            });
            note.await?
        };
        Ok(Settled { changes, grants: end_grants(self, now).await? })
    }
}

/// Those of the changes that were this call's to make.
async fn note_all(
    session: &Session<'_>,
    asked: Vec<(ClientId, Change)>,
    now: Timestamp,
) -> Result<Vec<(ClientId, Change)>, DbErr> {
    let mut noted = Vec::with_capacity(asked.len());
    for (id, change) in asked {
        if note(session, &id, change, now).await? {
            noted.push((id, change));
        }
    }
    Ok(noted)
}

/// Whether it was this call that changed it.
async fn note(session: &Session<'_>, id: &ClientId, change: Change, now: Timestamp) -> Result<bool, DbErr> {
    let Some(valid_from) = change.valid_from(now) else { return insert(session, id).await };
    if change == Change::Ended {
        // There is no row when the start could not be noted.
        insert(session, id).await?;
    }
    let mut update = Entity::update_many()
        .col_expr(Column::Served, Expr::value(change == Change::Returned))
        .col_expr(Column::ValidFrom, Expr::value(valid_from.millis()))
        .filter(Column::ClientId.eq(id.as_str()));
    if change == Change::Returned {
        update = update.filter(Column::Served.eq(false));
    }
    let changed = update.exec(session).await?.rows_affected == 1;
    if changed {
        revocations::insert(session, &Revocation::of_client(id.clone(), valid_from)).await?;
    }
    Ok(changed)
}

/// The row of a client that is served; whether it was not there yet.
async fn insert(session: &Session<'_>, id: &ClientId) -> Result<bool, DbErr> {
    let row = ActiveModel { client_id: Set(id.as_str().to_owned()), served: Set(true), valid_from: Set(0) };
    let insert = Entity::insert(row).on_conflict_do_nothing_on([Column::ClientId]);
    Ok(matches!(insert.exec_without_returning(session).await?, TryInsertResult::Inserted(1..)))
}

/// Marks the grants that no longer count; their number. Access tokens of theirs are covered by the
/// client's own entry.
async fn end_grants(durable: &Durable, now: Timestamp) -> Result<u64, StoreError> {
    let mine = Expr::col((grant::Entity, grant::Column::ClientId)).equals((Entity, Column::ClientId));
    let created_at = Expr::col((grant::Entity, grant::Column::CreatedAt));
    let over = Query::select()
        .column((grant::Entity, grant::Column::Id))
        .from(Entity)
        .inner_join(grant::Entity, mine)
        .and_where(Expr::col((grant::Entity, grant::Column::RevokedAt)).is_null())
        .and_where(created_at.lt(Expr::col((Entity, Column::ValidFrom))))
        .limit(SWEPT_AT_ONCE)
        .to_owned();
    let update = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(now.millis()))
        .filter(grant::Column::Id.in_subquery(over))
        .filter(grant::Column::RevokedAt.is_null());
    let mut ended = 0;
    loop {
        let update = update.clone();
        let end = durable.database.write("ending the grants of clients", move |c| Box::pin(update.clone().exec(c)));
        let some = end.await?.rows_affected;
        ended += some;
        if some < SWEPT_AT_ONCE {
            return Ok(ended);
        }
    }
}
