//! Everything Berth does: the verbs, and every byte of I/O they need.
//!
//! Start at [`engine::Engine`]; what people ask for is in [`acting`], one file per noun.

pub mod acting;
pub mod actor;
mod bridges;
mod collector;
pub mod config;
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
pub mod logs;
pub mod mask;
mod naming;
mod observer;
mod orphans;
mod outbound;
mod password;
mod pen;
mod plain_http;
mod polling;
pub mod probe;
mod probing;
pub mod proxy;
mod proxy_keeper;
mod public_key;
mod registry;
mod retention;
mod rollout;
mod room;
mod routes;
mod runtime;
mod statuses;
pub mod store;
mod supervisor;
mod uploads;
pub mod vault;
pub mod waiting;
mod webhook;

pub use actor::{Actor, ActorKind};
pub use config::Config;
pub use engine::Engine;
pub use error::{Error, Result};
