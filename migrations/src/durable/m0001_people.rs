//! People.
//!
//! Owns: `users`. Does not own: normal forms, which the values have before they come here.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Username,
    Email,
    EmailVerified,
    Name,
    Roles,
    PasswordPhc,
    PasswordGeneratedUntil,
    Disabled,
    CreatedAt,
    UpdatedAt,
    ValidFrom,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Users::Table)
            .col(ColumnDef::new(Users::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Users::Username).text().not_null())
            .col(ColumnDef::new(Users::Email).text())
            .col(ColumnDef::new(Users::EmailVerified).boolean().not_null())
            .col(ColumnDef::new(Users::Name).text())
            // A JSON list of names.
            .col(ColumnDef::new(Users::Roles).text().not_null())
            .col(ColumnDef::new(Users::PasswordPhc).text())
            .col(ColumnDef::new(Users::PasswordGeneratedUntil).big_integer())
            .col(ColumnDef::new(Users::Disabled).boolean().not_null())
            .col(ColumnDef::new(Users::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(Users::UpdatedAt).big_integer().not_null())
            .col(ColumnDef::new(Users::ValidFrom).big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        for (name, column) in [("users_username", Users::Username), ("users_email", Users::Email)] {
            let index = Index::create().name(name).table(Users::Table).col(column).unique().to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
