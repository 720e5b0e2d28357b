//! Refresh tokens: what a grant's row keeps of them, whatever their number.
//!
//! Owns: those columns of `grants`. Does not own: the tokens, of which nothing is stored.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Grants {
    Table,
    SessionId,
    RefreshGeneration,
    RefreshRotatedAt,
    RefreshIdleUntil,
    RefreshExpiresAt,
    RefreshOffline,
    RefreshSignIn,
    RefreshResource,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            // Absent where the grant gave no refresh token.
            ColumnDef::new(Grants::RefreshGeneration).big_integer().to_owned(),
            // A JSON list of instants, at most eight.
            ColumnDef::new(Grants::RefreshRotatedAt).text().to_owned(),
            ColumnDef::new(Grants::RefreshIdleUntil).big_integer().to_owned(),
            ColumnDef::new(Grants::RefreshExpiresAt).big_integer().to_owned(),
            ColumnDef::new(Grants::RefreshOffline).boolean().to_owned(),
            // JSON: when and how the person signed in.
            ColumnDef::new(Grants::RefreshSignIn).text().to_owned(),
            ColumnDef::new(Grants::RefreshResource).text().to_owned(),
        ];
        // SQLite adds one column a statement.
        for column in columns {
            manager.alter_table(Table::alter().table(Grants::Table).add_column(column).to_owned()).await?;
        }
        // Signing out ends the grants of one session.
        let index = Index::create().name("grants_session_id").table(Grants::Table).col(Grants::SessionId).to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
