//! `ephemeral.db`: what may be lost with "sign in again".
//!
//! Owns: the order of its changes. Does not own: each change (its file).

use sea_orm_migration::prelude::*;

mod m0001_records;

/// Brings the ephemeral database to the present schema.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_records::Migration)]
    }
}
