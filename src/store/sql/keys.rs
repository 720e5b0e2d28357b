//! Sealed keys on SQL.
//!
//! Owns: `KeyStore`'s statements and sweeping keys. Does not own: what is in a sealed key (`tokens`), which
//! key follows which (`model/key_line`).

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, TryInsertResult,
    UpdateMany,
};

use crate::model::key_line;
use crate::model::sealed_key::{KeyUse, Sealed, SealedKey};
use crate::protocol::time::Timestamp;
use crate::store::sql::database::Session;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::sealed_key::{ActiveModel, Column, Entity, Model};
use crate::store::{KeyStore, StoreError, Successor};

#[async_trait]
impl KeyStore for Durable {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        let rows = self.database.read("listing keys", |reads| {
            Entity::find().order_by_asc(Column::Usage).order_by_asc(Column::Number).all(reads)
        });
        rows.await?.into_iter().map(from_row).collect()
    }

    /// The unique index on use and number decides.
    async fn insert(&self, key: &SealedKey) -> Result<bool, StoreError> {
        let row = to_row(key);
        self.database.write("inserting a key", move |c| Box::pin(insert(c, row.clone()))).await
    }

    async fn hasten(&self, found: &SealedKey, signs_from: Timestamp) -> Result<bool, StoreError> {
        let update = start(found, signs_from);
        let moved = self.database.write("moving the time of a key", move |c| Box::pin(update.clone().exec(c)));
        Ok(moved.await?.rows_affected == 1)
    }

    /// Guarantee: a key is never revoked without another that signs. Mechanism: both are changed in one
    /// transaction, and each only if it still is what the decision was made from; if not, all is undone.
    async fn revoke(
        &self,
        found: &SealedKey,
        successor: Option<Successor<'_>>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoke = of(found)
            .col_expr(Column::RevokedAt, Expr::value(now.millis()))
            .col_expr(Column::KekId, Expr::value(None::<String>))
            .col_expr(Column::Sealed, Expr::value(None::<Vec<u8>>));
        let (moved, made) = match successor {
            None => (None, None),
            Some(Successor::Pending(key)) => (Some(start(key, now)), None),
            Some(Successor::New(key)) => (None, Some(to_row(key))),
        };
        let result = self.database.transact("revoking a key", move |c| {
            let (revoke, moved, made) = (revoke.clone(), moved.clone(), made.clone());
            Box::pin(async move {
                one_only(revoke.exec(c).await?.rows_affected == 1)?;
                if let Some(update) = moved {
                    one_only(update.exec(c).await?.rows_affected == 1)?;
                }
                match made {
                    Some(row) => one_only(insert(c, row).await?),
                    None => Ok(()),
                }
            })
        });
        match result.await {
            Err(error) if is_outrun(&error) => Ok(false),
            result => result.map(|()| true),
        }
    }

    async fn reseal(&self, found: &SealedKey, sealed: &Sealed) -> Result<bool, StoreError> {
        let before = found.sealed.as_ref().map(|sealed| sealed.kek_id.clone());
        let update = of(found)
            .col_expr(Column::KekId, Expr::value(sealed.kek_id.as_str()))
            .col_expr(Column::Sealed, Expr::value(sealed.bytes.clone()))
            .filter(Column::KekId.eq(before));
        let result = self.database.write("sealing a key anew", move |c| Box::pin(update.clone().exec(c)));
        Ok(result.await?.rows_affected == 1)
    }
}

/// What undoes a transaction in which somebody else was faster.
fn one_only(done: bool) -> Result<(), DbErr> {
    if done { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
}

fn is_outrun(error: &StoreError) -> bool {
    matches!(error.cause.downcast_ref::<DbErr>(), Some(DbErr::RecordNotUpdated))
}

/// Removes the keys that nothing depends on any more.
pub(super) async fn sweep(durable: &Durable, now: Timestamp) -> Result<u64, StoreError> {
    let keys = durable.list().await?;
    let gone: Vec<String> = key_line::gone(&keys, now).into_iter().map(|key| key.id.clone()).collect();
    if gone.is_empty() {
        return Ok(0);
    }
    let delete = Entity::delete_many().filter(Column::Id.is_in(gone));
    let removed = durable.database.write("sweeping keys", move |c| Box::pin(delete.clone().exec(c)));
    Ok(removed.await?.rows_affected)
}

/// An update of that key alone, if nobody moved or revoked it since it was read.
fn of(found: &SealedKey) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(found.id.as_str()))
        .filter(Column::SignsFrom.eq(found.signs_from.millis()))
        .filter(Column::RevokedAt.is_null())
}

fn start(key: &SealedKey, at: Timestamp) -> UpdateMany<Entity> {
    of(key).col_expr(Column::SignsFrom, Expr::value(at.millis()))
}

async fn insert(session: &Session<'_>, row: ActiveModel) -> Result<bool, DbErr> {
    let result = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::Usage, Column::Number])
        .exec_without_returning(session)
        .await?;
    Ok(matches!(result, TryInsertResult::Inserted(1..)))
}

fn to_row(key: &SealedKey) -> ActiveModel {
    ActiveModel {
        id: Set(key.id.clone()),
        usage: Set(key.usage.as_str().to_owned()),
        number: Set(i64::from(key.number)),
        kek_id: Set(key.sealed.as_ref().map(|sealed| sealed.kek_id.clone())),
        sealed: Set(key.sealed.as_ref().map(|sealed| sealed.bytes.clone())),
        created_at: Set(key.created_at.millis()),
        signs_from: Set(key.signs_from.millis()),
        revoked_at: Set(key.revoked_at.map(Timestamp::millis)),
    }
}

fn from_row(row: Model) -> Result<SealedKey, StoreError> {
    let malformed = |what: &str| StoreError::new("reading a key", format!("key {}: malformed {what}", row.id));
    let usage = KeyUse::parse(&row.usage).ok_or_else(|| malformed("use"))?;
    let number = u32::try_from(row.number).map_err(|_| malformed("number"))?;
    let sealed = row.kek_id.zip(row.sealed).map(|(kek_id, bytes)| Sealed { kek_id, bytes });
    let revoked_at = row.revoked_at.map(Timestamp::from_millis);
    if sealed.is_none() && revoked_at.is_none() {
        return Err(StoreError::new("reading a key", format!("key {} is neither sealed nor revoked", row.id)));
    }
    Ok(SealedKey {
        usage,
        number,
        sealed,
        created_at: Timestamp::from_millis(row.created_at),
        signs_from: Timestamp::from_millis(row.signs_from),
        revoked_at,
        id: row.id,
    })
}
