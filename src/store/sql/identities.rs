//! Identities at external providers on SQL.
//!
//! Owns: `IdentityStore`'s statements. Does not own: whose account an identity opens (`model/joining`).

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, Condition, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, TryInsertResult,
};

use crate::model::identity::{Identity, IdentityKey};
use crate::model::person::User;
use crate::protocol::ids::{ProviderId, UserId};
use crate::protocol::time::Timestamp;
use crate::store::sql::database::Session;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::identity::{ActiveModel, Column, Entity, Model};
use crate::store::sql::entity::user;
use crate::store::sql::{erasure, users};
use crate::store::{IdentityInserted, IdentityRemoved, IdentityStore, PersonCreated, StoreError, UserInserted};

#[async_trait]
impl IdentityStore for Durable {
    async fn find(&self, key: &IdentityKey) -> Result<Option<(Identity, User)>, StoreError> {
        let found = self.database.read("finding an identity and its person", |reads| {
            Entity::find().filter(is(key)).find_also_related(user::Entity).one(reads)
        });
        let Some((identity, Some(person))) = found.await? else { return Ok(None) };
        Ok(Some((from_row(identity)?, users::from_row(person)?)))
    }

    async fn list(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let rows = self.database.read("listing identities", |reads| {
            Entity::find().filter(Column::UserId.eq(user.0)).order_by_asc(Column::Id).all(reads)
        });
        rows.await?.into_iter().map(from_row).collect()
    }

    /// Guarantee: an identity opens one account, and none is joined to somebody who is gone or shut out. Mechanism: the
    /// unique index, and the person's row, held from the check to the commit.
    async fn insert(&self, identity: &Identity) -> Result<IdentityInserted, StoreError> {
        let identity = identity.clone();
        let insert = self.database.transact("joining an identity", move |c| {
            let identity = identity.clone();
            Box::pin(async move {
                if hold(c, identity.user_id).await?.is_none_or(|person| person.disabled) {
                    return Ok(IdentityInserted::NoPerson);
                }
                if put(c, &identity).await? {
                    return Ok(IdentityInserted::New);
                }
                let there = Entity::find().filter(is(&identity.key)).one(c).await?;
                let mine = there.is_some_and(|row| row.user_id == identity.user_id.0);
                Ok(if mine { IdentityInserted::Already } else { IdentityInserted::Taken })
            })
        });
        insert.await
    }

    /// The indexes decide: nothing is looked up before. A person whose identity somebody else has is taken out again.
    async fn create(&self, user: &User, identity: &Identity) -> Result<PersonCreated, StoreError> {
        let (id, row) = (user.id.0, users::to_row(user)?);
        let identity = Identity { user_id: user.id, ..identity.clone() };
        let create = self.database.transact("making a person with an identity", move |c| {
            let (insert, identity) = (user::Entity::insert(row.clone()), identity.clone());
            Box::pin(async move {
                erasure::refuse_gone(c, vec![id]).await?;
                if let Err(error) = insert.exec_without_returning(c).await {
                    return match users::taken(&error) {
                        Some(UserInserted::UsernameTaken) => Ok(PersonCreated::UsernameTaken),
                        Some(UserInserted::EmailTaken) => Ok(PersonCreated::EmailTaken),
                        Some(UserInserted::New) | None => Err(error),
                    };
                }
                if put(c, &identity).await? {
                    return Ok(PersonCreated::New);
                }
                user::Entity::delete_by_id(id).exec(c).await?;
                Ok(PersonCreated::IdentityTaken)
            })
        });
        create.await
    }

    async fn touch(&self, key: &IdentityKey, label: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        let mut update = Entity::update_many().col_expr(Column::UsedAt, Expr::value(now.millis())).filter(is(key));
        if let Some(label) = label {
            update = update.col_expr(Column::Label, Expr::value(label));
        }
        let touch = self.database.write("touching an identity", move |c| Box::pin(update.clone().exec(c)));
        touch.await.map(drop)
    }

    /// Guarantee: a person who has a way in keeps one. Mechanism: whoever removes holds the person's row until the
    /// commit, so that of two the second counts what the first left.
    async fn remove(
        &self,
        user: UserId,
        key: &IdentityKey,
        usable: &[ProviderId],
        now: Timestamp,
    ) -> Result<IdentityRemoved, StoreError> {
        let key = key.clone();
        let usable: Vec<String> = usable.iter().map(ToString::to_string).collect();
        let remove = self.database.transact("removing an identity", move |c| {
            let (key, usable) = (key.clone(), usable.clone());
            Box::pin(async move {
                let Some(person) = hold(c, user).await? else { return Ok(IdentityRemoved::Unknown) };
                let rows = Entity::find().filter(Column::UserId.eq(user.0)).all(c).await?;
                let (mine, others): (Vec<Model>, Vec<Model>) = rows.into_iter().partition(|row| names(row, &key));
                let Some(mine) = mine.first() else { return Ok(IdentityRemoved::Unknown) };
                let by_password = has_usable_password(&person, now);
                if !by_password && !others.iter().any(|row| usable.contains(&row.provider)) {
                    return Ok(IdentityRemoved::LastWay);
                }
                Entity::delete_by_id(mine.id).exec(c).await?;
                Ok(IdentityRemoved::Yes)
            })
        });
        remove.await
    }
}

/// Reads a person's row and holds it until the transaction ends: an update that changes nothing does so on either
/// database.
async fn hold(session: &Session<'_>, id: UserId) -> Result<Option<user::Model>, DbErr> {
    let hold = user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, Expr::col(user::Column::UpdatedAt))
        .filter(user::Column::Id.eq(id.0));
    if hold.exec(session).await?.rows_affected == 0 {
        return Ok(None);
    }
    user::Entity::find_by_id(id.0).one(session).await
}

/// Whether it was not there yet.
async fn put(session: &Session<'_>, identity: &Identity) -> Result<bool, DbErr> {
    let insert =
        Entity::insert(to_row(identity)).on_conflict_do_nothing_on([Column::Provider, Column::Issuer, Column::Subject]);
    Ok(matches!(insert.exec_without_returning(session).await?, TryInsertResult::Inserted(1..)))
}

/// Which row is of that key.
pub(super) fn is(key: &IdentityKey) -> Condition {
    Condition::all()
        .add(Column::Provider.eq(key.provider.as_str()))
        .add(Column::Issuer.eq(key.issuer.as_str()))
        .add(Column::Subject.eq(key.subject.as_str()))
}

fn names(row: &Model, key: &IdentityKey) -> bool {
    row.provider == key.provider.as_str() && row.issuer == key.issuer && row.subject == key.subject
}

fn has_usable_password(person: &user::Model, now: Timestamp) -> bool {
    let usable = |until| !Timestamp::from_millis(until).is_over(now);
    person.password_phc.is_some() && person.password_generated_until.is_none_or(usable)
}

fn to_row(identity: &Identity) -> ActiveModel {
    ActiveModel {
        id: NotSet,
        provider: Set(identity.key.provider.as_str().to_owned()),
        issuer: Set(identity.key.issuer.clone()),
        subject: Set(identity.key.subject.clone()),
        user_id: Set(identity.user_id.0),
        label: Set(identity.label.clone()),
        created_at: Set(identity.created_at.millis()),
        used_at: Set(identity.used_at.millis()),
    }
}

/// What it is found by.
pub(super) fn key_of(row: &Model) -> Result<IdentityKey, StoreError> {
    let malformed = || StoreError::new("reading an identity", format!("identity {}: malformed provider", row.id));
    let provider = ProviderId::parse(&row.provider).ok_or_else(malformed)?;
    Ok(IdentityKey { provider, issuer: row.issuer.clone(), subject: row.subject.clone() })
}

fn from_row(row: Model) -> Result<Identity, StoreError> {
    Ok(Identity {
        key: key_of(&row)?,
        user_id: UserId(row.user_id),
        label: row.label,
        created_at: Timestamp::from_millis(row.created_at),
        used_at: Timestamp::from_millis(row.used_at),
    })
}
