//! Remembered consents on SQL, a row for each scope and each single claim.
//!
//! Owns: `ConsentStore`'s statements. Does not own: when a consent is used.

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::model::consent::{Consent, Permission};
use crate::protocol::claims::Claims;
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::scope::Scope;
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
        let permission = read(rows.iter().map(|row| row.scope.as_str()));
        let malformed = || StoreError::new("reading a consent", format!("user {user}: malformed scope"));
        Ok(Some(Consent {
            user_id: user,
            client_id: client.clone(),
            permission: permission.ok_or_else(malformed)?,
            updated_at: Timestamp::from_millis(updated_at),
        }))
    }

    /// One statement; the unique key over person, client and text merges what two add at once.
    async fn add(&self, user: UserId, client: &ClientId, more: &Permission, now: Timestamp) -> Result<(), StoreError> {
        if more.is_empty() {
            return Ok(());
        }
        let row = |text: &String| ActiveModel {
            id: NotSet,
            user_id: Set(user.0),
            client_id: Set(client.as_str().to_owned()),
            scope: Set(text.clone()),
            updated_at: Set(now.millis()),
        };
        // Rows are locked in the order of this list: one order for all, so that no two wait for each other.
        let mut texts: Vec<String> = write(more).collect();
        texts.sort_unstable();
        let rows: Vec<ActiveModel> = texts.iter().map(row).collect();
        let add = self.database.write("adding to a consent", move |c| {
            let again = OnConflict::columns([Column::UserId, Column::ClientId, Column::Scope])
                .update_column(Column::UpdatedAt)
                .to_owned();
            Box::pin(Entity::insert_many(rows.clone()).on_conflict(again).exec_without_returning(c))
        });
        add.await.map(drop)
    }
}

/// What stands before the name of a single claim. No scope has a white space, so that none is taken for one.
const CLAIM: &str = "claim ";

fn write(permission: &Permission) -> impl Iterator<Item = String> {
    let claims = permission.claims.iter().map(|claim| format!("{CLAIM}{}", claim.as_str()));
    permission.scope.iter().map(ToString::to_string).chain(claims)
}

/// `None` when a text is neither; a claim that is none of ours is one of another version, and left out.
fn read<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Permission> {
    let mut permission = Permission::default();
    for text in texts {
        match text.strip_prefix(CLAIM) {
            Some(claim) => permission.claims = permission.claims.union(&Claims::parse(claim)),
            None => permission.scope.insert(Scope::parse(text)?),
        }
    }
    Some(permission)
}
