//! Berth's database schema, step by step. Portable between PostgreSQL and SQLite: text enums, JSON columns, UTC
//! timestamps. A step never imports an entity, so that it means the same for ever; steps expand first and contract
//! in a later version.

mod authorities;
mod certificates;
mod connections;
mod domain_settings;
mod files;
mod hooks;
mod initial;
mod known_hosts;
mod previews;
mod published_ports;
mod registries;
mod ssh_keys;
mod table;
mod traffic;
mod volume_deletions;
mod waiting;

use sea_orm_migration::{prelude::*, sea_orm::DatabaseTransaction};

/// All steps in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(initial::Initial),
            Box::new(traffic::Traffic),
            Box::new(volume_deletions::VolumeDeletions),
            Box::new(files::Files),
            Box::new(waiting::Waiting),
            Box::new(ssh_keys::SshKeys),
            Box::new(hooks::Hooks),
            Box::new(certificates::Certificates),
            Box::new(domain_settings::DomainSettings),
            Box::new(previews::Previews),
            Box::new(known_hosts::KnownHosts),
            Box::new(registries::Registries),
            Box::new(authorities::Authorities),
            Box::new(published_ports::PublishedPorts),
            Box::new(connections::Connections),
        ]
    }
}

/// Takes every step that the database has not taken yet.
pub async fn up(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    Migrator::up(transaction, None).await
}

/// Takes the next steps only: for tests of what a later step does to data.
pub async fn up_some(transaction: &DatabaseTransaction, steps: u32) -> Result<(), DbErr> {
    Migrator::up(transaction, Some(steps)).await
}
