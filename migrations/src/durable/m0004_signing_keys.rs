//! Sealed signing keys.
//!
//! Owns: `signing_keys`. Does not own: sealing.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SigningKeys {
    Table,
    Kid,
    Algorithm,
    KekId,
    Sealed,
    CreatedAt,
    FirstOf,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(SigningKeys::Table)
            .col(ColumnDef::new(SigningKeys::Kid).text().not_null().primary_key())
            .col(ColumnDef::new(SigningKeys::Algorithm).text().not_null())
            .col(ColumnDef::new(SigningKeys::KekId).text().not_null())
            .col(ColumnDef::new(SigningKeys::Sealed).blob().not_null())
            .col(ColumnDef::new(SigningKeys::CreatedAt).big_integer().not_null())
            // The algorithm, in the row of its first key alone: instances that start together race for
            // this slot, and one wins.
            .col(ColumnDef::new(SigningKeys::FirstOf).text())
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("signing_keys_first_of")
            .table(SigningKeys::Table)
            .col(SigningKeys::FirstOf)
            .unique()
            .to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
