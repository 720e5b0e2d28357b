//! Identities at external providers that open accounts.
//!
//! Owns: `identities`. Does not own: whose account one opens, which is decided before it comes here.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Identities {
    Table,
    Id,
    Provider,
    Issuer,
    Subject,
    UserId,
    Label,
    CreatedAt,
    UsedAt,
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
            .table(Identities::Table)
            // Its order is the order in which they were joined.
            .col(ColumnDef::new(Identities::Id).big_integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new(Identities::Provider).text().not_null())
            .col(ColumnDef::new(Identities::Issuer).text().not_null())
            .col(ColumnDef::new(Identities::Subject).text().not_null())
            .col(ColumnDef::new(Identities::UserId).uuid().not_null())
            .col(ColumnDef::new(Identities::Label).text())
            .col(ColumnDef::new(Identities::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(Identities::UsedAt).big_integer().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("identities_user")
                    .from(Identities::Table, Identities::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        // One identity opens one account, whoever joins it at the same time.
        let once = Index::create()
            .name("identities_once")
            .table(Identities::Table)
            .col(Identities::Provider)
            .col(Identities::Issuer)
            .col(Identities::Subject)
            .unique()
            .to_owned();
        manager.create_index(once).await?;
        let of_user =
            Index::create().name("identities_user_id").table(Identities::Table).col(Identities::UserId).to_owned();
        manager.create_index(of_user).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
