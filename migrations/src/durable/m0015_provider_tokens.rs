//! Tokens that external providers gave for an identity, sealed.
//!
//! Owns: `provider_tokens`. Does not own: sealing. A row goes with its identity.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum ProviderTokens {
    Table,
    IdentityId,
    Revision,
    Scope,
    ExpiresAt,
    Refreshable,
    KekId,
    Sealed,
    ClaimedUntil,
}

#[derive(DeriveIden)]
enum Identities {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(ProviderTokens::Table)
            .col(ColumnDef::new(ProviderTokens::IdentityId).big_integer().not_null().primary_key())
            .col(ColumnDef::new(ProviderTokens::Revision).uuid().not_null())
            .col(ColumnDef::new(ProviderTokens::Scope).text().not_null())
            .col(ColumnDef::new(ProviderTokens::ExpiresAt).big_integer())
            .col(ColumnDef::new(ProviderTokens::Refreshable).boolean().not_null())
            .col(ColumnDef::new(ProviderTokens::KekId).text().not_null())
            .col(ColumnDef::new(ProviderTokens::Sealed).blob().not_null())
            // Whoever refreshes them has them to itself until then.
            .col(ColumnDef::new(ProviderTokens::ClaimedUntil).big_integer())
            .foreign_key(
                ForeignKey::create()
                    .name("provider_tokens_identity")
                    .from(ProviderTokens::Table, ProviderTokens::IdentityId)
                    .to(Identities::Table, Identities::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
