//! Sealed symmetric keys, each for one purpose.
//!
//! Owns: `secret_keys`. Does not own: sealing.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SecretKeys {
    Table,
    Id,
    Purpose,
    KekId,
    Sealed,
    CreatedAt,
    FirstOf,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(SecretKeys::Table)
            .col(ColumnDef::new(SecretKeys::Id).text().not_null().primary_key())
            .col(ColumnDef::new(SecretKeys::Purpose).text().not_null())
            .col(ColumnDef::new(SecretKeys::KekId).text().not_null())
            .col(ColumnDef::new(SecretKeys::Sealed).blob().not_null())
            .col(ColumnDef::new(SecretKeys::CreatedAt).big_integer().not_null())
            // The purpose, in the row of its first key alone: as in `signing_keys`.
            .col(ColumnDef::new(SecretKeys::FirstOf).text())
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("secret_keys_first_of")
            .table(SecretKeys::Table)
            .col(SecretKeys::FirstOf)
            .unique()
            .to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
