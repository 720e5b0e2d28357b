//! Where people live and their telephone (OpenID Connect Core 5.1).
//!
//! Owns: those columns of `users`. Does not own: normal forms, which the values have before they come here.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Users {
    Table,
    AddressFormatted,
    AddressStreet,
    AddressLocality,
    AddressRegion,
    AddressPostalCode,
    AddressCountry,
    PhoneNumber,
    PhoneNumberVerified,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ColumnDef::new(Users::AddressFormatted).text().to_owned(),
            ColumnDef::new(Users::AddressStreet).text().to_owned(),
            ColumnDef::new(Users::AddressLocality).text().to_owned(),
            ColumnDef::new(Users::AddressRegion).text().to_owned(),
            ColumnDef::new(Users::AddressPostalCode).text().to_owned(),
            ColumnDef::new(Users::AddressCountry).text().to_owned(),
            ColumnDef::new(Users::PhoneNumber).text().to_owned(),
            ColumnDef::new(Users::PhoneNumberVerified).boolean().not_null().default(false).to_owned(),
        ];
        // SQLite adds one column a statement.
        for column in columns {
            manager.alter_table(Table::alter().table(Users::Table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
