//! The tables as sea-orm sees them. Only the modules of the store use these; what leaves the store are rows with
//! typed fields.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

type Time = DateTime<Utc>;

macro_rules! entity {
    ($(#[$doc:meta])* $module:ident $table:literal { $($(#[$attribute:meta])* $field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        pub mod $module {
            #[allow(unused_imports)]
            use super::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model { $($(#[$attribute])* pub $field: $kind),+ }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

mod accounts;
mod authorities;
mod contents;
mod leavings;
mod pulls;
mod records;
mod workload;

pub use accounts::{known_hosts, members, meta, organisations, sessions, ssh_keys, tokens, users};
pub use authorities::{acme_accounts, acme_orders, certificates, dns_zones};
pub use contents::{connections, file_contents, files, registries};
pub use leavings::{orphans, tombstones, volume_deletions};
pub use pulls::{preview_variables, previews};
pub use records::{deliveries, deployments, events, releases};
pub use workload::{domains, environments, projects, published_ports, services, variables};
