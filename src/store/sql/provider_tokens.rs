//! Tokens of providers on SQL.
//!
//! Owns: `ProviderTokenStore`'s statements. Does not own: what is sealed (`tokens`), or when they are refreshed
//! (`custody`). That they go with their identity is the schema's doing.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, UpdateMany,
};

use crate::model::identity::IdentityKey;
use crate::model::provider_tokens::{KeptTokens, SealedTokens};
use crate::model::sealed_key::Sealed;
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::identity;
use crate::store::sql::entity::provider_tokens::{ActiveModel, Column, Entity, Model};
use crate::store::sql::identities;
use crate::store::{ProviderTokenStore, StoreError};

/// A row of tokens and that of its identity.
type Rows = (Model, Option<identity::Model>);

#[async_trait]
impl ProviderTokenStore for Durable {
    async fn find(&self, key: &IdentityKey) -> Result<Option<KeptTokens>, StoreError> {
        let row = self.database.read("finding a provider's tokens", |reads| {
            Entity::find().find_also_related(identity::Entity).filter(identities::is(key)).one(reads)
        });
        Ok(of_rows(row.await?)?.into_iter().next())
    }

    async fn list(&self, user: UserId) -> Result<Vec<KeptTokens>, StoreError> {
        let rows = self.database.read("listing a person's tokens of providers", |reads| {
            let of_person = identity::Column::UserId.eq(user.0);
            let all = Entity::find().find_also_related(identity::Entity).filter(of_person);
            all.order_by_asc(Column::IdentityId).all(reads)
        });
        of_rows(rows.await?)
    }

    /// The identity's row is held until the commit: it does not go between the look at it and the insertion.
    async fn put(&self, key: &IdentityKey, tokens: &SealedTokens) -> Result<bool, StoreError> {
        let (is, tokens) = (identities::is(key), tokens.clone());
        let put = self.database.transact("keeping a provider's tokens", move |c| {
            let (is, tokens) = (is.clone(), tokens.clone());
            Box::pin(async move {
                let hold = identity::Entity::update_many()
                    .col_expr(identity::Column::UsedAt, Expr::col(identity::Column::UsedAt))
                    .filter(is.clone());
                if hold.exec(c).await?.rows_affected == 0 {
                    return Ok(false);
                }
                let Some(identity) = identity::Entity::find().filter(is).one(c).await? else { return Ok(false) };
                let instead = OnConflict::column(Column::IdentityId).update_columns(REPLACED).to_owned();
                let insert = Entity::insert(to_row(identity.id, &tokens)).on_conflict(instead);
                insert.exec_without_returning(c).await?;
                Ok(true)
            })
        });
        put.await
    }

    /// Mostly there is nothing, and looking costs less than writing.
    async fn forget(&self, key: &IdentityKey) -> Result<(), StoreError> {
        if self.find(key).await?.is_none() {
            return Ok(());
        }
        let delete = Entity::delete_many().filter(Column::IdentityId.in_subquery(id_of(key)));
        let delete = self.database.write("forgetting a provider's tokens", move |c| Box::pin(delete.clone().exec(c)));
        delete.await.map(drop)
    }

    async fn claim(&self, found: &KeptTokens, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let free = Condition::any().add(Column::ClaimedUntil.is_null()).add(Column::ClaimedUntil.lte(now.millis()));
        let claim = of(found).col_expr(Column::ClaimedUntil, Expr::value(until.millis())).filter(free);
        self.is_updated("claiming a provider's tokens", claim).await
    }

    async fn release(&self, found: &KeptTokens, until: Timestamp) -> Result<bool, StoreError> {
        let mine = Column::ClaimedUntil.eq(until.millis());
        let release = of(found).col_expr(Column::ClaimedUntil, Expr::value(None::<i64>)).filter(mine);
        self.is_updated("giving up a claim", release).await
    }

    async fn replace(&self, found: &KeptTokens, tokens: &SealedTokens) -> Result<bool, StoreError> {
        let replace = of(found)
            .col_expr(Column::Revision, Expr::value(tokens.revision))
            .col_expr(Column::Scope, Expr::value(tokens.scope.as_str()))
            .col_expr(Column::ExpiresAt, Expr::value(tokens.expires_at.map(Timestamp::millis)))
            .col_expr(Column::Refreshable, Expr::value(tokens.refreshable))
            .col_expr(Column::KekId, Expr::value(tokens.sealed.kek_id.as_str()))
            .col_expr(Column::Sealed, Expr::value(tokens.sealed.bytes.clone()))
            .col_expr(Column::ClaimedUntil, Expr::value(None::<i64>));
        self.is_updated("replacing a provider's tokens", replace).await
    }

    async fn remove(&self, found: &KeptTokens) -> Result<bool, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::IdentityId.in_subquery(id_of(&found.key)))
            .filter(Column::Revision.eq(found.tokens.revision));
        let delete = self.database.write("removing a provider's tokens", move |c| Box::pin(delete.clone().exec(c)));
        Ok(delete.await?.rows_affected == 1)
    }

    async fn sealed_by_others(&self, kek_id: &str, limit: u64) -> Result<Vec<KeptTokens>, StoreError> {
        let rows = self.database.read("finding what is to be sealed anew", |reads| {
            let others = Entity::find().find_also_related(identity::Entity).filter(Column::KekId.ne(kek_id));
            others.order_by_asc(Column::IdentityId).limit(limit).all(reads)
        });
        of_rows(rows.await?)
    }

    async fn reseal(&self, found: &KeptTokens, sealed: &Sealed) -> Result<bool, StoreError> {
        let reseal = of(found)
            .col_expr(Column::KekId, Expr::value(sealed.kek_id.as_str()))
            .col_expr(Column::Sealed, Expr::value(sealed.bytes.clone()))
            .filter(Column::KekId.eq(found.tokens.sealed.kek_id.as_str()));
        self.is_updated("sealing a provider's tokens anew", reseal).await
    }

    async fn count(&self) -> Result<usize, StoreError> {
        let count = self.database.read("counting tokens of providers", |reads| Entity::find().count(reads));
        Ok(usize::try_from(count.await?).unwrap_or(usize::MAX))
    }
}

impl Durable {
    async fn is_updated(&self, what: &'static str, update: UpdateMany<Entity>) -> Result<bool, StoreError> {
        let update = self.database.write(what, move |c| Box::pin(update.clone().exec(c)));
        Ok(update.await?.rows_affected == 1)
    }
}

/// Everything of a row but whose it is.
const REPLACED: [Column; 7] = [
    Column::Revision,
    Column::Scope,
    Column::ExpiresAt,
    Column::Refreshable,
    Column::KekId,
    Column::Sealed,
    Column::ClaimedUntil,
];

/// An update of these alone, if nobody replaced them since they were read.
fn of(found: &KeptTokens) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::IdentityId.in_subquery(id_of(&found.key)))
        .filter(Column::Revision.eq(found.tokens.revision))
}

fn id_of(key: &IdentityKey) -> SelectStatement {
    Query::select().column(identity::Column::Id).from(identity::Entity).cond_where(identities::is(key)).to_owned()
}

fn to_row(identity_id: i64, tokens: &SealedTokens) -> ActiveModel {
    ActiveModel {
        identity_id: Set(identity_id),
        revision: Set(tokens.revision),
        scope: Set(tokens.scope.clone()),
        expires_at: Set(tokens.expires_at.map(Timestamp::millis)),
        refreshable: Set(tokens.refreshable),
        kek_id: Set(tokens.sealed.kek_id.clone()),
        sealed: Set(tokens.sealed.bytes.clone()),
        claimed_until: Set(None),
    }
}

fn of_rows(rows: impl IntoIterator<Item = Rows>) -> Result<Vec<KeptTokens>, StoreError> {
    // One whose identity goes at this very moment is gone.
    rows.into_iter().filter_map(|(row, identity)| Some(from_row(row, &identity?))).collect()
}

fn from_row(row: Model, identity: &identity::Model) -> Result<KeptTokens, StoreError> {
    Ok(KeptTokens {
        key: identities::key_of(identity)?,
        tokens: SealedTokens {
            revision: row.revision,
            scope: row.scope,
            expires_at: row.expires_at.map(Timestamp::from_millis),
            refreshable: row.refreshable,
            sealed: Sealed { kek_id: row.kek_id, bytes: row.sealed },
        },
        claimed_until: row.claimed_until.map(Timestamp::from_millis),
    })
}
