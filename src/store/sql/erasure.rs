//! Erasing a person, and keeping their id from anybody else.
//!
//! Owns: what is erased with a person, and the ids of those who are gone. Does not own: who may ask for it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::model::revocation::Revocation;
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::sql::database::Session;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::{consent, erased_person, grant, identity, user};
use crate::store::sql::revocations;

/// Guarantee: after it nothing here names the person but the id, and of a person that is there in part the
/// rest goes. Mechanism: one transaction, which a second run repeats without effect. Trade: the grants go with
/// the marks of their used codes, which the person's absence makes worthless.
pub(super) async fn erase(durable: &Durable, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let erase = durable.database.transact("deleting a person", move |c| {
        Box::pin(async move {
            let there = user::Entity::delete_by_id(id.0).exec(c).await?.rows_affected == 1;
            consent::Entity::delete_many().filter(consent::Column::UserId.eq(id.0)).exec(c).await?;
            identity::Entity::delete_many().filter(identity::Column::UserId.eq(id.0)).exec(c).await?;
            grant::Entity::delete_many().filter(grant::Column::UserId.eq(id.0)).exec(c).await?;
            if there {
                keep_id(c, id, now).await?;
                revocations::insert(c, &Revocation::of_gone(id, now)).await?;
            }
            Ok(there)
        })
    });
    erase.await
}

async fn keep_id(session: &Session<'_>, id: UserId, now: Timestamp) -> Result<(), DbErr> {
    let row = erased_person::ActiveModel { id: Set(id.0), erased_at: Set(now.millis()) };
    let once = OnConflict::column(erased_person::Column::Id).do_nothing().to_owned();
    erased_person::Entity::insert(row).on_conflict(once).exec_without_returning(session).await.map(drop)
}

/// Refuses ids of people who are gone, in the transaction that would insert them. Ids are random, so that nothing
/// but a mistake or a restored file brings one back.
pub(super) async fn refuse_gone(session: &Session<'_>, ids: Vec<Uuid>) -> Result<(), DbErr> {
    let gone = erased_person::Entity::find().filter(erased_person::Column::Id.is_in(ids)).count(session).await?;
    if gone == 0 { Ok(()) } else { Err(DbErr::Custom("the id belongs to somebody who was deleted".to_owned())) }
}
