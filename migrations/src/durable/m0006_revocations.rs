//! The negative list: what is no longer honoured though its signature and expiry are good.
//!
//! Owns: `revocations`. Does not own: who reads it and how often.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Revocations {
    Table,
    Id,
    Kind,
    Name,
    NotBefore,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Revocations::Table)
            // Instances read what came after the highest number they know: rows are only ever added.
            .col(ColumnDef::new(Revocations::Id).big_integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new(Revocations::Kind).text().not_null())
            .col(ColumnDef::new(Revocations::Name).text().not_null())
            .col(ColumnDef::new(Revocations::NotBefore).big_integer().not_null())
            .col(ColumnDef::new(Revocations::ExpiresAt).big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("revocations_expires_at")
            .table(Revocations::Table)
            .col(Revocations::ExpiresAt)
            .to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
