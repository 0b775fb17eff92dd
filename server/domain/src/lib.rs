//! Berth's words: ids, names, states, plans, and the views and requests that REST and the panel exchange.
//!
//! Nothing here does I/O, reads a clock or rolls dice; the crate also compiles to wasm.

pub mod access;
pub mod account;
pub mod ansi;
pub mod authority;
pub mod builder;
pub mod certificate;
pub mod connection;
pub mod deployment;
pub mod disk;
pub mod domain_name;
pub mod domain_settings;
pub mod dotenv;
pub mod event;
pub mod file;
pub mod ids;
pub mod log;
pub mod name;
pub mod page;
pub mod panel_domain;
pub mod permission;
pub mod plan;
pub mod preview;
pub mod problem;
pub mod project;
pub mod proxy_view;
pub mod published_port;
pub mod registry;
pub mod release;
pub mod remote;
pub mod service;
pub mod source;
pub mod system;
pub mod traffic;
pub mod upload;
pub mod variable;
pub mod waiting;
pub mod webhook;
pub mod zone;

/// A moment, in UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
