//! Erasing a person, and keeping their id from anybody else.
//!
//! Owns: what is erased with a person, and the ids of those who are gone. Does not own: who may ask for it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, TransactionTrait as _,
};
use uuid::Uuid;

use crate::model::revocation::Revocation;
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::sql::attempt::transact;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::{consent, erased_person, grant, user};
use crate::store::sql::revocations;

/// Guarantee: after it nothing here names the person but the id, and of a person that is there in part the
/// rest goes. Mechanism: one transaction, which a second run repeats without effect. Trade: the grants go with
/// the marks of their used codes, which the person's absence makes worthless.
pub(super) async fn erase(durable: &Durable, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    transact("deleting a person", || async {
        let transaction = durable.database.writes().begin().await?;
        let there = user::Entity::delete_by_id(id.0).exec(&transaction).await?.rows_affected == 1;
        consent::Entity::delete_many().filter(consent::Column::UserId.eq(id.0)).exec(&transaction).await?;
        grant::Entity::delete_many().filter(grant::Column::UserId.eq(id.0)).exec(&transaction).await?;
        if there {
            keep_id(&transaction, id, now).await?;
            revocations::insert(&transaction, &Revocation::of_gone(id, now)).await?;
        }
        transaction.commit().await?;
        Ok(there)
    })
    .await
}

async fn keep_id(transaction: &DatabaseTransaction, id: UserId, now: Timestamp) -> Result<(), DbErr> {
    let row = erased_person::ActiveModel { id: Set(id.0), erased_at: Set(now.millis()) };
    let once = OnConflict::column(erased_person::Column::Id).do_nothing().to_owned();
    erased_person::Entity::insert(row).on_conflict(once).exec_without_returning(transaction).await.map(drop)
}

/// Refuses ids of people who are gone. Asked in the transaction that stored them, after it did: an id that is
/// stored was in no row, and whoever had it before is seen here.
pub(super) async fn refuse_gone<C: ConnectionTrait>(connection: &C, ids: Vec<Uuid>) -> Result<(), DbErr> {
    let gone = erased_person::Entity::find().filter(erased_person::Column::Id.is_in(ids)).count(connection).await?;
    if gone == 0 { Ok(()) } else { Err(DbErr::Custom("the id of a person who was deleted".to_owned())) }
}
