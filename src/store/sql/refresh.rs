//! Refresh tokens and the end of grants, on SQL.
//!
//! Owns: the compare-and-set of a rotation, and that what ends a grant puts it on the negative list in
//! the same transaction. Does not own: what a presented generation means (`model/refresh`).

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::Serialize;

use crate::model::grant::Grant;
use crate::model::refresh::{Family, RefreshRules, Rotation};
use crate::model::revocation::Revocation;
use crate::protocol::ids::{GrantId, SessionId};
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::store::sql::database::Session;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::grant::{Column, Entity, Model};
use crate::store::sql::{grants, revocations};

/// How often a lost race is looked at again. After one lost race the presented generation is superseded,
/// and that is decided without writing; only families that do not rotate race on.
const TRIES: u32 = 8;

/// How long a row is kept after its refresh tokens are over.
const KEPT_AFTER: Duration = Duration::from_mins(1);

/// Guarantee: of any number at once that present one generation, in any processes, one rotates it.
/// Mechanism: the generation is in the condition of the one statement that moves it. Price: who loses
/// reads the row again.
pub(super) async fn rotate(
    durable: &Durable,
    found: &Grant,
    generation: u32,
    rules: &RefreshRules,
    now: Timestamp,
) -> Result<Rotation, StoreError> {
    let mut grant = found.clone();
    for _ in 0..TRIES {
        let Some(family) = grant.refresh.as_ref().filter(|_| grant.revoked_at.is_none()) else {
            return Ok(Rotation::Refused);
        };
        let rotation = family.present(generation, rules, now);
        match &rotation {
            Rotation::Again(_) | Rotation::Refused => return Ok(rotation),
            Rotation::Reused => {
                revoke(durable, grant.id, now).await?;
                return Ok(rotation);
            }
            Rotation::Rotated(next) | Rotation::Kept(next) => {
                if exchange(durable, &grant, family, next).await? {
                    return Ok(rotation);
                }
            }
        }
        let id = grant.id.0;
        let row = durable.database.read("finding a grant again", |reads| Entity::find_by_id(id).one(reads));
        match row.await? {
            Some(row) => grant = grants::from_row(row)?,
            None => return Ok(Rotation::Refused),
        }
    }
    Err(StoreError::new("rotating a refresh token", "too many at once for one family"))
}

async fn exchange(durable: &Durable, grant: &Grant, old: &Family, new: &Family) -> Result<bool, StoreError> {
    let rotated_at = to_text(&new.rotated_at)?;
    let expires_at = grant.expires_at.max(new.ends_at().plus(KEPT_AFTER));
    let update = Entity::update_many()
        .col_expr(Column::RefreshGeneration, Expr::value(i64::from(new.generation)))
        .col_expr(Column::RefreshRotatedAt, Expr::value(rotated_at))
        .col_expr(Column::RefreshIdleUntil, Expr::value(new.idle_until.millis()))
        .col_expr(Column::ExpiresAt, Expr::value(expires_at.millis()))
        .filter(Column::Id.eq(grant.id.0))
        .filter(Column::RefreshGeneration.eq(i64::from(old.generation)))
        .filter(Column::RevokedAt.is_null());
    let result = durable.database.write("rotating a refresh token", move |c| Box::pin(update.clone().exec(c))).await?;
    Ok(result.rows_affected == 1)
}

pub(super) async fn revoke(durable: &Durable, id: GrantId, now: Timestamp) -> Result<(), StoreError> {
    durable.database.transact("revoking a grant", move |c| Box::pin(revoke_within(c, id, now))).await.map(drop)
}

/// The first mark stays, and an entry is made with it alone: a replay repeated a thousand times adds one.
async fn revoke_within(session: &Session<'_>, id: GrantId, now: Timestamp) -> Result<bool, DbErr> {
    let marked = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now.millis()))
        .filter(Column::Id.eq(id.0))
        .filter(Column::RevokedAt.is_null())
        .exec(session)
        .await?;
    let first = marked.rows_affected == 1;
    if first {
        revocations::insert(session, &Revocation::of_grant(id, now)).await?;
    }
    Ok(first)
}

/// The session's entry comes first: a transaction that begins with a write waits for its turn, where one
/// that begins with a read would be refused later.
pub(super) async fn end_session(
    durable: &Durable,
    session: SessionId,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    durable.database.transact("signing out", move |c| Box::pin(end_session_within(c, session, now))).await
}

async fn end_session_within(c: &Session<'_>, session: SessionId, now: Timestamp) -> Result<Vec<GrantId>, DbErr> {
    revocations::insert(c, &Revocation::of_session(session, now)).await?;
    let ids: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::SessionId.eq(session.0))
        .filter(Column::RefreshOffline.eq(false))
        .filter(Column::RevokedAt.is_null())
        // One order for all, so that two at once do not wait for each other.
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(c)
        .await?;
    let mut ended = Vec::with_capacity(ids.len());
    for id in ids.into_iter().map(GrantId) {
        if revoke_within(c, id, now).await? {
            ended.push(id);
        }
    }
    Ok(ended)
}

/// The family of a row; the name of the column that cannot be read otherwise.
pub(super) fn family_of(row: &Model) -> Result<Option<Family>, &'static str> {
    let Some(generation) = row.refresh_generation else { return Ok(None) };
    let rotated_at = row.refresh_rotated_at.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let sign_in = row.refresh_sign_in.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Ok(Some(Family {
        generation: u32::try_from(generation).map_err(|_| "refresh_generation")?,
        rotated_at: rotated_at.ok_or("refresh_rotated_at")?,
        idle_until: row.refresh_idle_until.map(Timestamp::from_millis).ok_or("refresh_idle_until")?,
        expires_at: row.refresh_expires_at.map(Timestamp::from_millis).ok_or("refresh_expires_at")?,
        offline: row.refresh_offline.ok_or("refresh_offline")?,
        sign_in: sign_in.ok_or("refresh_sign_in")?,
        resource: row.refresh_resource.clone(),
    }))
}

pub(super) fn to_text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::new("writing a grant", error))
}
