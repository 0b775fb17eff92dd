//! What the suites share: a real Berth to talk to, a git server, a browser, load, and patience.
//!
//! A test reads as sentences, waits on states with [`eventually`], and leaves nothing behind.

pub mod acme;
pub mod berth;
pub mod browser;
pub mod client;
pub mod docker;
pub mod forge;
pub mod git;
pub mod hosts;
pub mod http;
pub mod https;
pub mod load;
pub mod machine;
pub mod name_server;
pub mod names;
pub mod process;
pub mod push;
pub mod registry;
pub mod secure;
pub mod sse;
pub mod sshd;
pub mod values;
pub mod verbs;
pub mod wait;
pub mod webhook;

/// What a suite starts with.
pub mod prelude {
    pub use crate::{
        berth::{Berth, Database, Options},
        both_databases,
        client::{Answer, Client},
        docker::Docker,
        git::{GitServer, Repository},
        load::{Load, Mix},
        machine::{Machine, Setup},
        verbs::path,
        wait::{eventually, eventually_within},
    };
    pub use anyhow::{Context as _, Result, bail, ensure};
    pub use berth_domain::{
        deployment::{DeploymentView, Phase, Status},
        permission::Role,
        problem::{Problem, ProblemKind},
        service::{ServicePath, ServiceState, ServiceView},
    };
    pub use reqwest::Method;
    pub use serde_json::{Value, json};
    pub use std::time::Duration;
}

/// Makes two tests of each body: one on the embedded SQLite, one on PostgreSQL.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($berth:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($berth: $crate::berth::Berth) -> anyhow::Result<()> $body

            #[tokio::test]
            async fn on_sqlite() -> anyhow::Result<()> {
                body($crate::berth::Berth::without_docker($crate::berth::Database::Sqlite).await?).await
            }

            #[tokio::test]
            async fn on_postgres() -> anyhow::Result<()> {
                body($crate::berth::Berth::without_docker($crate::berth::Database::Postgres).await?).await
            }
        }
    )+};
}
