//! Grants on SQL.
//!
//! Owns: `GrantStore`'s statements. Does not own: whether a grant holds (`model/grant`).

use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, TryInsertResult};

use crate::model::grant::Grant;
use crate::model::person::User;
use crate::model::refresh::{RefreshRules, Rotation};
use crate::protocol::claims::SingleClaims;
use crate::protocol::ids::{ClientId, GrantId, SessionId, UserId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::grant::{ActiveModel, Column, Entity, Model};
use crate::store::sql::entity::user;
use crate::store::sql::{refresh, users};
use crate::store::{GrantInserted, GrantStore, StoreError};

#[async_trait]
impl GrantStore for Durable {
    /// Guarantee: of any number of redemptions of one code, in any processes, at any time, one is `New`.
    /// Mechanism: the unique key on the code's hash; nothing is looked up before the insert. Price: the
    /// loser reads the winner's id in a second statement, which only replays pay.
    async fn insert(&self, grant: &Grant) -> Result<GrantInserted, StoreError> {
        let row = to_row(grant)?;
        let insert = self.database.write("inserting a grant", move |c| {
            let insert = Entity::insert(row.clone()).on_conflict_do_nothing_on([Column::Code]);
            Box::pin(insert.exec_without_returning(c))
        });
        let result = insert.await?;
        if matches!(result, TryInsertResult::Inserted(1..)) {
            return Ok(GrantInserted::New);
        }
        let code = grant.code.as_ref().map(TokenHash::to_key);
        let before = self.database.read("finding the grant of a used code", |reads| {
            Entity::find().filter(Column::Code.eq(code.clone())).one(reads)
        });
        let before = before.await?;
        // Swept in between: its code is over, and this redemption comes too late in any case.
        let gone = || StoreError::new("inserting a grant", DbErr::RecordNotInserted);
        before.map(|row| GrantInserted::CodeUsed(GrantId(row.id))).ok_or_else(gone)
    }

    async fn find(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        let row = self.database.read("finding a grant", |reads| Entity::find_by_id(id.0).one(reads)).await?;
        row.map(from_row).transpose()
    }

    async fn find_with_person(&self, id: GrantId) -> Result<Option<(Grant, User)>, StoreError> {
        let found = self.database.read("finding a grant and its person", |reads| {
            Entity::find_by_id(id.0).find_also_related(user::Entity).one(reads)
        });
        let Some((grant, Some(person))) = found.await? else { return Ok(None) };
        Ok(Some((from_row(grant)?, users::from_row(person)?)))
    }

    async fn find_by_code(&self, code: &TokenHash) -> Result<Option<Grant>, StoreError> {
        let key = code.to_key();
        let row = self.database.read("finding a grant by its code", |reads| {
            Entity::find().filter(Column::Code.eq(key.as_str())).one(reads)
        });
        row.await?.map(from_row).transpose()
    }

    async fn revoke(&self, id: GrantId, now: Timestamp) -> Result<(), StoreError> {
        refresh::revoke(self, id, now).await
    }

    async fn rotate(
        &self,
        found: &Grant,
        generation: u32,
        rules: &RefreshRules,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        refresh::rotate(self, found, generation, rules, now).await
    }

    async fn end_session(&self, session: SessionId, now: Timestamp) -> Result<Vec<GrantId>, StoreError> {
        refresh::end_session(self, session, now).await
    }
}

fn to_row(grant: &Grant) -> Result<ActiveModel, StoreError> {
    let family = grant.refresh.as_ref();
    let rotated_at = family.map(|family| refresh::to_text(&family.rotated_at)).transpose()?;
    let sign_in = family.map(|family| refresh::to_text(&family.sign_in)).transpose()?;
    Ok(ActiveModel {
        id: Set(grant.id.0),
        user_id: Set(grant.user_id.0),
        client_id: Set(grant.client_id.as_str().to_owned()),
        scope: Set(grant.scope.to_string()),
        claims: Set((!grant.claims.is_empty()).then(|| refresh::to_text(&grant.claims)).transpose()?),
        code: Set(grant.code.as_ref().map(TokenHash::to_key)),
        session_id: Set(grant.session_id.map(|id| id.0)),
        created_at: Set(grant.created_at.millis()),
        expires_at: Set(grant.expires_at.millis()),
        revoked_at: Set(grant.revoked_at.map(Timestamp::millis)),
        refresh_generation: Set(family.map(|family| i64::from(family.generation))),
        refresh_rotated_at: Set(rotated_at),
        refresh_idle_until: Set(family.map(|family| family.idle_until.millis())),
        refresh_expires_at: Set(family.map(|family| family.expires_at.millis())),
        refresh_offline: Set(family.map(|family| family.offline)),
        refresh_sign_in: Set(sign_in),
        refresh_resource: Set(family.and_then(|family| family.resource.clone())),
    })
}

pub(super) fn from_row(row: Model) -> Result<Grant, StoreError> {
    let id = GrantId(row.id);
    let malformed = |column: &str| StoreError::new("reading a grant", format!("grant {id}: malformed {column}"));
    let refresh = refresh::family_of(&row).map_err(malformed)?;
    let code = match row.code {
        Some(text) => Some(TokenHash::from_key(&text).ok_or_else(|| malformed("code"))?),
        None => None,
    };
    Ok(Grant {
        id,
        user_id: UserId(row.user_id),
        client_id: ClientId::parse(&row.client_id).map_err(|_| malformed("client_id"))?,
        scope: Scopes::parse(&row.scope).map_err(|_| malformed("scope"))?,
        claims: match row.claims {
            Some(text) => serde_json::from_str(&text).map_err(|_| malformed("claims"))?,
            None => SingleClaims::default(),
        },
        code,
        session_id: row.session_id.map(SessionId),
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: Timestamp::from_millis(row.expires_at),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
        refresh,
    })
}
