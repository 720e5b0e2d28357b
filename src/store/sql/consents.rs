//! Remembered consents on SQL, a row for each scope.
//!
//! Owns: `ConsentStore`'s statements. Does not own: when a consent is used.

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::model::consent::Consent;
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::scope::{Scope, Scopes};
use crate::protocol::time::Timestamp;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::consent::{ActiveModel, Column, Entity};
use crate::store::{ConsentStore, StoreError};

#[async_trait]
impl ConsentStore for Durable {
    async fn find(&self, user: UserId, client: &ClientId) -> Result<Option<Consent>, StoreError> {
        let rows = self.database.read("finding a consent", |reads| {
            Entity::find()
                .filter(Column::UserId.eq(user.0))
                .filter(Column::ClientId.eq(client.as_str()))
                .order_by_asc(Column::Scope)
                .all(reads)
        });
        let rows = rows.await?;
        let Some(updated_at) = rows.iter().map(|row| row.updated_at).max() else { return Ok(None) };
        let scope: Option<Scopes> = rows.iter().map(|row| Scope::parse(&row.scope)).collect();
        Ok(Some(Consent {
            user_id: user,
            client_id: client.clone(),
            scope: scope
                .ok_or_else(|| StoreError::new("reading a consent", format!("user {user}: malformed scope")))?,
            updated_at: Timestamp::from_millis(updated_at),
        }))
    }

    /// One statement; the unique key over person, client and scope merges what two add at once.
    async fn add(&self, user: UserId, client: &ClientId, scope: &Scopes, now: Timestamp) -> Result<(), StoreError> {
        if scope.is_empty() {
            return Ok(());
        }
        let row = |scope: &&Scope| ActiveModel {
            id: NotSet,
            user_id: Set(user.0),
            client_id: Set(client.as_str().to_owned()),
            scope: Set(scope.as_str().to_owned()),
            updated_at: Set(now.millis()),
        };
        // Rows are locked in the order of this list: one order for all, so that no two wait for each other.
        let mut ordered: Vec<&Scope> = scope.iter().collect();
        ordered.sort_by_key(|scope| scope.as_str());
        let rows: Vec<ActiveModel> = ordered.iter().map(row).collect();
        let add = self.database.write("adding to a consent", move |c| {
            let again = OnConflict::columns([Column::UserId, Column::ClientId, Column::Scope])
                .update_column(Column::UpdatedAt)
                .to_owned();
            Box::pin(Entity::insert_many(rows.clone()).on_conflict(again).exec_without_returning(c))
        });
        add.await.map(drop)
    }
}
