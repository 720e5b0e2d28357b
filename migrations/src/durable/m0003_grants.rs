//! Grants, each with the hash of the code it came from.
//!
//! Owns: `grants`. Does not own: when a row may go.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Grants {
    Table,
    Id,
    UserId,
    ClientId,
    Scope,
    Code,
    SessionId,
    CreatedAt,
    ExpiresAt,
    RevokedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key to the person: the row is also the mark of a used code, which outlives them.
        let table = Table::create()
            .table(Grants::Table)
            .col(ColumnDef::new(Grants::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Grants::UserId).uuid().not_null())
            .col(ColumnDef::new(Grants::ClientId).text().not_null())
            .col(ColumnDef::new(Grants::Scope).text().not_null())
            .col(ColumnDef::new(Grants::Code).text())
            .col(ColumnDef::new(Grants::SessionId).uuid())
            .col(ColumnDef::new(Grants::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(Grants::ExpiresAt).big_integer().not_null())
            .col(ColumnDef::new(Grants::RevokedAt).big_integer())
            .to_owned();
        manager.create_table(table).await?;
        // The key that makes a code single-use whatever happens to the ephemeral store.
        let code = Index::create().name("grants_code").table(Grants::Table).col(Grants::Code).unique().to_owned();
        manager.create_index(code).await?;
        // The sweeper's.
        let end = Index::create().name("grants_expires_at").table(Grants::Table).col(Grants::ExpiresAt).to_owned();
        manager.create_index(end).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
