//! One table for every kind of ephemeral record: a key, an opaque value, an end.
//!
//! Owns: `records`. Does not own: what the values are.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Records {
    Table,
    Kind,
    Key,
    Value,
    Until,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Records::Table)
            .col(ColumnDef::new(Records::Kind).text().not_null())
            .col(ColumnDef::new(Records::Key).text().not_null())
            .col(ColumnDef::new(Records::Value).text().not_null())
            // Milliseconds since the epoch.
            .col(ColumnDef::new(Records::Until).big_integer().not_null())
            .primary_key(Index::create().col(Records::Kind).col(Records::Key))
            .to_owned();
        manager.create_table(table).await?;
        // The sweeper's.
        let index = Index::create().name("records_until").table(Records::Table).col(Records::Until).to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
