//! What an actor can ask for. Each verb checks the permission first and then acts; REST and server functions are thin
//! adapters over the same verbs.

mod access;
mod account;
mod certificates;
mod checks;
mod connections;
mod deletion;
mod deployments;
mod disk;
mod domain_settings;
mod domains;
mod environments;
mod events;
mod files;
mod keys;
mod logs;
mod orphans;
mod panel_domain;
mod preview_variables;
mod previews;
mod projects;
mod proxy_view;
mod published_ports;
mod reach;
mod registries;
mod remote;
mod scale;
mod service_view;
mod services;
mod shipped;
mod variables;
mod volumes;
mod waiting;
mod webhooks;
mod zones;

pub(crate) use files::place as file_place;
pub use logs::LogFollow;
pub(crate) use reach::{Glances, conflict_with_hint};

use crate::{Actor, Engine, Error, Result};
use berth_domain::{
    permission::Permission,
    problem::{Problem, ProblemKind},
};

/// The engine in the hands of an actor.
#[derive(Clone)]
pub struct Acting {
    pub(crate) engine: Engine,
    pub(crate) actor: Actor,
}

impl Acting {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Refuses unless the actor's role allows it.
    pub(crate) fn require(&self, permission: Permission) -> Result<()> {
        if self.actor.may(permission) {
            return Ok(());
        }
        let least = permission.least_role();
        Err(Error::Problem(
            Problem::new(
                ProblemKind::Forbidden,
                format!("Your role, {}, does not allow this.", self.actor.role),
            )
            .with_hint(format!("It takes the role {least} or one above it.")),
        ))
    }
}

#[cfg(test)]
mod tests;
