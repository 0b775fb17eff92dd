//! The server functions: thin adapters over the engine's verbs, and the only place that names the engine.
//!
//! Each begins with `let acting = acting().await?;` (who asks), except the few of [`front`] that come before anybody is
//! known. Arguments are texts as forms send them; they are read here, and what cannot be read is a problem at its field.
//!
//! A mutation ends with [`done`]: a redirect with a flash word, which an ordinary form POST follows as well as the browser's
//! part of the panel does.

pub mod access;
pub mod account;
pub mod certificates;
pub mod connections;
pub mod deployments;
pub mod disk;
pub mod domains;
pub mod events;
pub mod files;
pub mod front;
pub mod logs;
pub mod panel_domain;
pub mod ports;
pub mod previews;
pub mod projects;
pub mod registries;
pub mod service;
pub mod variables;
pub mod volumes;
pub mod waiting;
pub mod webhooks;
pub mod zones;

mod error;
#[cfg(feature = "ssr")]
mod request;

pub use error::PanelError;
#[cfg(feature = "ssr")]
pub use request::{Actor, Engine, acting, done, engine, name, origin, show_once};

use berth_domain::problem::Problem;

/// Gives the page that is being rendered the status of a problem. Does nothing in the browser.
pub fn answer_with(problem: &Problem) {
    #[cfg(feature = "ssr")]
    request::answer_with_status(problem.status());
    #[cfg(not(feature = "ssr"))]
    let _ = problem;
}
