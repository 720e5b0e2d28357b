//! Remembered consents: a row for each scope that a person allowed a client.
//!
//! Owns: `consents`. Does not own: anything about the clients, which are configuration.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Consents {
    Table,
    Id,
    UserId,
    ClientId,
    Scope,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Consents::Table)
            // Its order is the order in which the scopes were allowed.
            .col(ColumnDef::new(Consents::Id).big_integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new(Consents::UserId).uuid().not_null())
            .col(ColumnDef::new(Consents::ClientId).text().not_null())
            .col(ColumnDef::new(Consents::Scope).text().not_null())
            .col(ColumnDef::new(Consents::UpdatedAt).big_integer().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("consents_user")
                    .from(Consents::Table, Consents::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        // A row per scope, unique: two additions at once merge in the database and lose nothing.
        let index = Index::create()
            .name("consents_once")
            .table(Consents::Table)
            .col(Consents::UserId)
            .col(Consents::ClientId)
            .col(Consents::Scope)
            .unique()
            .to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
