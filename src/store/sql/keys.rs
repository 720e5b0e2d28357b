//! Sealed keys on SQL.
//!
//! Owns: `KeyStore`'s statements and sweeping keys. Does not own: what is in a sealed key (`tokens`), which
//! key follows which (`model/key_line`).

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    Select, TransactionTrait as _, TryInsertResult, UpdateMany,
};

use crate::model::key_line;
use crate::model::sealed_key::{KeyUse, Sealed, SealedKey};
use crate::protocol::time::Timestamp;
use crate::store::sql::attempt::{attempt, transact};
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::sealed_key::{ActiveModel, Column, Entity, Model};
use crate::store::{KeyStore, StoreError, Successor};

#[async_trait]
impl KeyStore for Durable {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        let rows = attempt("listing keys", || in_order(Entity::find()).all(self.database.reads())).await?;
        rows.into_iter().map(from_row).collect()
    }

    /// The unique index on use and number decides.
    async fn insert(&self, key: &SealedKey) -> Result<bool, StoreError> {
        attempt("inserting a key", || insert(self.database.writes(), key)).await
    }

    async fn hasten(&self, found: &SealedKey, signs_from: Timestamp) -> Result<bool, StoreError> {
        attempt("moving the time of a key", || set_start(self.database.writes(), found, signs_from)).await
    }

    /// Guarantee: a key is never revoked without another that signs. Mechanism: both are changed in one
    /// transaction, and each only if it still is what the decision was made from.
    async fn revoke(
        &self,
        found: &SealedKey,
        successor: Option<Successor<'_>>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        transact("revoking a key", || async {
            let transaction = self.database.writes().begin().await?;
            let revoked = of(found)
                .col_expr(Column::RevokedAt, Expr::value(now.millis()))
                .col_expr(Column::KekId, Expr::value(None::<String>))
                .col_expr(Column::Sealed, Expr::value(None::<Vec<u8>>))
                .exec(&transaction)
                .await?;
            let done = revoked.rows_affected == 1
                && match &successor {
                    None => true,
                    Some(Successor::Pending(key)) => set_start(&transaction, key, now).await?,
                    Some(Successor::New(key)) => insert(&transaction, key).await?,
                };
            if done { transaction.commit().await? } else { transaction.rollback().await? }
            Ok(done)
        })
        .await
    }

    async fn reseal(&self, found: &SealedKey, sealed: &Sealed) -> Result<bool, StoreError> {
        let before = found.sealed.as_ref().map(|sealed| sealed.kek_id.clone());
        let result = attempt("sealing a key anew", || {
            of(found)
                .col_expr(Column::KekId, Expr::value(sealed.kek_id.as_str()))
                .col_expr(Column::Sealed, Expr::value(sealed.bytes.clone()))
                .filter(Column::KekId.eq(before.clone()))
                .exec(self.database.writes())
        })
        .await?;
        Ok(result.rows_affected == 1)
    }
}

/// Removes the keys that nothing depends on any more.
pub(super) async fn sweep(durable: &Durable, now: Timestamp) -> Result<u64, StoreError> {
    let keys = durable.list().await?;
    let gone: Vec<&str> = key_line::gone(&keys, now).into_iter().map(|key| key.id.as_str()).collect();
    if gone.is_empty() {
        return Ok(0);
    }
    let removed = attempt("sweeping keys", || {
        Entity::delete_many().filter(Column::Id.is_in(gone.iter().copied())).exec(durable.database.writes())
    });
    Ok(removed.await?.rows_affected)
}

fn in_order(select: Select<Entity>) -> Select<Entity> {
    select.order_by_asc(Column::Usage).order_by_asc(Column::Number)
}

/// An update of that key alone, if nobody moved or revoked it since it was read.
fn of(found: &SealedKey) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(found.id.as_str()))
        .filter(Column::SignsFrom.eq(found.signs_from.millis()))
        .filter(Column::RevokedAt.is_null())
}

async fn set_start<C: ConnectionTrait>(connection: &C, key: &SealedKey, at: Timestamp) -> Result<bool, DbErr> {
    let result = of(key).col_expr(Column::SignsFrom, Expr::value(at.millis())).exec(connection).await?;
    Ok(result.rows_affected == 1)
}

async fn insert<C: ConnectionTrait>(connection: &C, key: &SealedKey) -> Result<bool, DbErr> {
    let row = ActiveModel {
        id: Set(key.id.clone()),
        usage: Set(key.usage.as_str().to_owned()),
        number: Set(i64::from(key.number)),
        kek_id: Set(key.sealed.as_ref().map(|sealed| sealed.kek_id.clone())),
        sealed: Set(key.sealed.as_ref().map(|sealed| sealed.bytes.clone())),
        created_at: Set(key.created_at.millis()),
        signs_from: Set(key.signs_from.millis()),
        revoked_at: Set(key.revoked_at.map(Timestamp::millis)),
    };
    let result = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::Usage, Column::Number])
        .exec_without_returning(connection)
        .await?;
    Ok(matches!(result, TryInsertResult::Inserted(1..)))
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
