//! Claims that were granted by name (OpenID Connect Core 5.5).
//!
//! Owns: that column of `grants`. Does not own: consents, whose rows hold them beside scopes.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Grants {
    Table,
    Claims,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // JSON, absent where there are none.
        let column = ColumnDef::new(Grants::Claims).text().to_owned();
        manager.alter_table(Table::alter().table(Grants::Table).add_column(column).to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
