//! Clients that were ever served, and since when what they have counts.
//!
//! Owns: `clients`, and the index by which the grants of a client are found. Does not own: the
//! registrations, which are configuration.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Clients {
    Table,
    ClientId,
    Served,
    ValidFrom,
}

#[derive(DeriveIden)]
enum Grants {
    Table,
    ClientId,
    CreatedAt,
    RevokedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Clients::Table)
            .col(ColumnDef::new(Clients::ClientId).text().not_null().primary_key())
            .col(ColumnDef::new(Clients::Served).boolean().not_null())
            .col(ColumnDef::new(Clients::ValidFrom).big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        // Whoever has a grant was served.
        let had_grants = Query::select()
            .distinct()
            .column(Grants::ClientId)
            .expr(Expr::value(true))
            .expr(Expr::value(0_i64))
            .from(Grants::Table)
            .to_owned();
        let insert = Query::insert()
            .into_table(Clients::Table)
            .columns([Clients::ClientId, Clients::Served, Clients::ValidFrom])
            .select_from(had_grants)
            .map_err(|error| DbErr::Custom(error.to_string()))?
            .to_owned();
        manager.execute(insert).await?;
        // Only what can still end: a grant that has ended leaves the index.
        let index = Index::create()
            .name("grants_of_client")
            .table(Grants::Table)
            .col(Grants::ClientId)
            .col(Grants::CreatedAt)
            .and_where(Expr::col(Grants::RevokedAt).is_null())
            .to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
