//! One table for every sealed key, with its place in the line of its use and its times.
//!
//! Owns: `sealed_keys`, into which `signing_keys` and `secret_keys` go. Does not own: sealing.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SealedKeys {
    Table,
    Id,
    Usage,
    Number,
    KekId,
    Sealed,
    CreatedAt,
    SignsFrom,
    RevokedAt,
}

#[derive(DeriveIden)]
enum SigningKeys {
    Table,
}

#[derive(DeriveIden)]
enum SecretKeys {
    Table,
}

/// Until now there was one key of each use, which signed from its beginning.
const MOVE: [&str; 2] = [
    "INSERT INTO sealed_keys (id, usage, number, kek_id, sealed, created_at, signs_from) \
     SELECT kid, algorithm, 0, kek_id, sealed, created_at, created_at FROM signing_keys",
    "INSERT INTO sealed_keys (id, usage, number, kek_id, sealed, created_at, signs_from) \
     SELECT id, purpose, 0, kek_id, sealed, created_at, created_at FROM secret_keys",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(SealedKeys::Table)
            .col(ColumnDef::new(SealedKeys::Id).text().not_null().primary_key())
            .col(ColumnDef::new(SealedKeys::Usage).text().not_null())
            .col(ColumnDef::new(SealedKeys::Number).big_integer().not_null())
            // Both are empty once the key was revoked.
            .col(ColumnDef::new(SealedKeys::KekId).text())
            .col(ColumnDef::new(SealedKeys::Sealed).blob())
            .col(ColumnDef::new(SealedKeys::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(SealedKeys::SignsFrom).big_integer().not_null())
            .col(ColumnDef::new(SealedKeys::RevokedAt).big_integer())
            .to_owned();
        manager.create_table(table).await?;
        // Of any number that add a key to one line at once, one has its number.
        let index = Index::create()
            .name("sealed_keys_usage_number")
            .table(SealedKeys::Table)
            .col(SealedKeys::Usage)
            .col(SealedKeys::Number)
            .unique()
            .to_owned();
        manager.create_index(index).await?;
        for statement in MOVE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        manager.drop_table(Table::drop().table(SigningKeys::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(SecretKeys::Table).to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
