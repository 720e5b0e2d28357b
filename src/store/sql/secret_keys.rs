//! Sealed symmetric keys on SQL.
//!
//! Owns: the rows of `secret_keys`. Does not own: what is in a sealed key (`tokens`).

use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::model::secret_key::{Purpose, SealedSecretKey};
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::secret_key::{ActiveModel, Column, Entity};

pub(super) async fn list(durable: &Durable, purpose: Purpose) -> Result<Vec<SealedSecretKey>, StoreError> {
    let rows = durable.database.read("listing secret keys", |reads| {
        Entity::find()
            .filter(Column::Purpose.eq(purpose.as_str()))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .all(reads)
    });
    let keys = rows.await?.into_iter().map(|row| SealedSecretKey {
        id: row.id,
        purpose,
        kek_id: row.kek_id,
        sealed: row.sealed,
        created_at: Timestamp::from_millis(row.created_at),
    });
    Ok(keys.collect())
}

/// The unique slot `first_of` decides: of any number of instances that start together, one fills it.
pub(super) async fn insert_first(durable: &Durable, key: &SealedSecretKey) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(key.id.clone()),
        purpose: Set(key.purpose.as_str().to_owned()),
        kek_id: Set(key.kek_id.clone()),
        sealed: Set(key.sealed.clone()),
        created_at: Set(key.created_at.millis()),
        first_of: Set(Some(key.purpose.as_str().to_owned())),
    };
    let insert = durable.database.write("inserting the first secret key", move |c| {
        let insert = Entity::insert(row.clone()).on_conflict_do_nothing_on([Column::FirstOf]);
        Box::pin(insert.exec_without_returning(c))
    });
    insert.await.map(drop)
}
