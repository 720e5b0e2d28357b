//! Sealed signing keys on SQL.
//!
//! Owns: `KeyStore`'s statements. Does not own: what is in a sealed key (`tokens`).

use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryOrder as _};

use crate::model::secret_key::{Purpose, SealedSecretKey};
use crate::model::signing_key::{Algorithm, SealedSigningKey};
use crate::protocol::time::Timestamp;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::signing_key::{ActiveModel, Column, Entity, Model};
use crate::store::sql::secret_keys;
use crate::store::{KeyStore, StoreError};

#[async_trait]
impl KeyStore for Durable {
    async fn list(&self) -> Result<Vec<SealedSigningKey>, StoreError> {
        let rows = self.database.read("listing keys", |reads| {
            Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Kid).all(reads)
        });
        rows.await?.into_iter().map(from_row).collect()
    }

    /// The unique slot `first_of` decides: of any number of instances that start together, one fills it.
    async fn insert_first(&self, key: &SealedSigningKey) -> Result<(), StoreError> {
        let row = ActiveModel {
            kid: Set(key.kid.clone()),
            algorithm: Set(key.algorithm.as_str().to_owned()),
            kek_id: Set(key.kek_id.clone()),
            sealed: Set(key.sealed.clone()),
            created_at: Set(key.created_at.millis()),
            first_of: Set(Some(key.algorithm.as_str().to_owned())),
        };
        let insert = self.database.write("inserting the first key", move |c| {
            let insert = Entity::insert(row.clone()).on_conflict_do_nothing_on([Column::FirstOf]);
            Box::pin(insert.exec_without_returning(c))
        });
        insert.await.map(drop)
    }

    async fn list_secret(&self, purpose: Purpose) -> Result<Vec<SealedSecretKey>, StoreError> {
        secret_keys::list(self, purpose).await
    }

    async fn insert_first_secret(&self, key: &SealedSecretKey) -> Result<(), StoreError> {
        secret_keys::insert_first(self, key).await
    }
}

fn from_row(row: Model) -> Result<SealedSigningKey, StoreError> {
    let unknown = || StoreError::new("reading a key", format!("key {}: unknown algorithm {}", row.kid, row.algorithm));
    let algorithm = Algorithm::parse(&row.algorithm).ok_or_else(unknown)?;
    Ok(SealedSigningKey {
        kid: row.kid,
        algorithm,
        kek_id: row.kek_id,
        sealed: row.sealed,
        created_at: Timestamp::from_millis(row.created_at),
    })
}
