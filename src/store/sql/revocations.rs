//! The negative list on SQL.
//!
//! Owns: its rows. Does not own: what an entry covers (`model/revocation`).

use async_trait::async_trait;
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::model::revocation::{Revocation, Revoked};
use crate::protocol::ids::{ClientId, GrantId, SessionId, UserId};
use crate::protocol::time::Timestamp;
use crate::store::sql::database::Session;
use crate::store::sql::durable::{Durable, SWEPT_AT_ONCE};
use crate::store::sql::entity::revocation::{ActiveModel, Column, Entity, Model};
use crate::store::{RevocationStore, StoreError};

#[async_trait]
impl RevocationStore for Durable {
    async fn add(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let revocation = revocation.clone();
        let add = self.database.write("adding to the negative list", move |c| {
            let revocation = revocation.clone();
            Box::pin(async move { insert(c, &revocation).await })
        });
        add.await
    }

    async fn since(&self, after: i64) -> Result<Vec<(i64, Revocation)>, StoreError> {
        let rows = self.database.read("reading the negative list", |reads| {
            Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).all(reads)
        });
        rows.await?.into_iter().map(from_row).collect()
    }
}

/// Adds an entry, within a transaction or by itself.
pub(super) async fn insert(session: &Session<'_>, revocation: &Revocation) -> Result<(), DbErr> {
    let (kind, name) = to_text(&revocation.what);
    let row = ActiveModel {
        id: NotSet,
        kind: Set(kind.to_owned()),
        name: Set(name),
        not_before: Set(revocation.not_before.millis()),
        expires_at: Set(revocation.expires_at.millis()),
    };
    Entity::insert(row).exec_without_returning(session).await.map(drop)
}

/// Removes entries that cover nothing any more.
pub(super) async fn sweep(durable: &Durable, now: Timestamp) -> Result<u64, StoreError> {
    let over = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::ExpiresAt.lte(now.millis()))
        .limit(SWEPT_AT_ONCE)
        .to_owned();
    let delete = Entity::delete_many().filter(Column::Id.in_subquery(over));
    durable.sweep_by("sweeping the negative list", delete).await
}

fn to_text(what: &Revoked) -> (&'static str, String) {
    match what {
        Revoked::Token(jti) => ("jti", jti.clone()),
        Revoked::Grant(id) => ("grant", id.to_string()),
        Revoked::Session(id) => ("session", id.to_string()),
        Revoked::Client(id) => ("client", id.to_string()),
        Revoked::Person(id) => ("person", id.to_string()),
    }
}

/// What cannot be read makes the list stale, and the endpoints that need it say 503: leaving it out would
/// revive what it names.
fn from_row(row: Model) -> Result<(i64, Revocation), StoreError> {
    let what = match row.kind.as_str() {
        "jti" => Some(Revoked::Token(row.name)),
        "grant" => GrantId::parse(&row.name).map(Revoked::Grant),
        "session" => SessionId::parse(&row.name).map(Revoked::Session),
        "client" => ClientId::parse(&row.name).ok().map(Revoked::Client),
        "person" => UserId::parse(&row.name).map(Revoked::Person),
        _ => None,
    };
    let malformed =
        || StoreError::new("reading the negative list", format!("entry {}: malformed {}", row.id, row.kind));
    let what = what.ok_or_else(malformed)?;
    let not_before = Timestamp::from_millis(row.not_before);
    Ok((row.id, Revocation { what, not_before, expires_at: Timestamp::from_millis(row.expires_at) }))
}
