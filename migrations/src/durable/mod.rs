//! `vestibule.db`: people, their identities elsewhere and the tokens of those, consents, grants, keys, revocations,
//! which clients were served.
//!
//! Owns: the order of its changes. Does not own: each change (its file).

use sea_orm_migration::prelude::*;

mod m0001_people;
mod m0002_consents;
mod m0003_grants;
mod m0004_signing_keys;
mod m0005_refresh_tokens;
mod m0006_revocations;
mod m0007_secret_keys;
mod m0008_sealed_keys;
mod m0010_grant_claims;
mod m0011_contacts;
mod m0012_erased_people;
mod m0013_clients;
mod m0014_identities;
mod m0015_provider_tokens;

/// Brings the durable database to the present schema.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_people::Migration),
            Box::new(m0002_consents::Migration),
            Box::new(m0003_grants::Migration),
            Box::new(m0004_signing_keys::Migration),
            Box::new(m0005_refresh_tokens::Migration),
            Box::new(m0006_revocations::Migration),
            Box::new(m0007_secret_keys::Migration),
            Box::new(m0008_sealed_keys::Migration),
            Box::new(m0010_grant_claims::Migration),
            Box::new(m0011_contacts::Migration),
            Box::new(m0012_erased_people::Migration),
            Box::new(m0013_clients::Migration),
            Box::new(m0014_identities::Migration),
            Box::new(m0015_provider_tokens::Migration),
        ]
    }
}
