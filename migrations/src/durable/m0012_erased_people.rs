//! People who were deleted: their ids alone, so that none is given to anybody else; and an index by which a
//! person's grants are found to be erased with them.
//!
//! Owns: `erased_people`. Does not own: what else is erased.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum ErasedPeople {
    Table,
    Id,
    ErasedAt,
}

#[derive(DeriveIden)]
enum Grants {
    Table,
    UserId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(ErasedPeople::Table)
            .col(ColumnDef::new(ErasedPeople::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(ErasedPeople::ErasedAt).big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("grants_user_id").table(Grants::Table).col(Grants::UserId).to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
