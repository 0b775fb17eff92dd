//! Everything Berth does: the verbs, and every byte of I/O they need.
//!
//! Start at [`engine::Engine`]; what people ask for is in [`acting`], one file per noun.

pub mod acting;
pub mod actor;
pub mod config;
pub mod docker;
pub mod engine;
pub mod error;
pub mod front;
pub mod git;
pub mod mask;
pub mod probe;
pub mod logs;
mod password;
pub mod proxy;
pub mod vault;
pub mod store;

pub use actor::{Actor, ActorKind};
pub use config::Config;
pub use engine::Engine;
pub use error::{Error, Result};
