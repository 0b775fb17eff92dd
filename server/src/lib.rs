//! The server: configuration, HTTP (REST, SSE, webhooks, the panel), and the command line.
//!
//! Start at [`serve`] for the process, at [`http::router`] for what it answers, at [`api`] for the REST API.

pub mod api;
pub mod cli;
mod connections;
mod doors;
pub mod http;
pub mod serve;
pub mod settings;
mod ssh;
pub mod telemetry;
mod waiting;
