//! Everything Berth does: the verbs, and every byte of I/O they need.
//!
//! Start at [`engine::Engine`]; what people ask for is in [`acting`], one file per noun.

mod acme;
pub mod acting;
pub mod actor;
mod bridges;
mod certificates;
mod collector;
pub mod config;
mod deploy_key;
mod disk;
pub mod docker;
pub mod engine;
pub mod error;
mod events;
pub mod figures;
mod files;
pub mod front;
pub mod git;
mod glance;
pub mod hosting;
mod logins;
pub mod logs;
pub mod mask;
mod naming;
mod observer;
mod orphans;
mod password;
mod pen;
mod plain_http;
mod polling;
mod previews;
pub mod probe;
mod probing;
pub mod proxy;
mod proxy_keeper;
mod public_key;
mod remotes;
mod retention;
mod rollout;
mod routes;
mod runtime;
mod scratch;
mod statuses;
pub mod store;
mod supervisor;
pub mod vault;
pub mod waiting;
mod webhook;

pub use actor::{Actor, ActorKind};
pub use config::Config;
pub use engine::Engine;
pub use error::{Error, Result};
