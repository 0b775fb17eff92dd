//! How far instances are kept from the machine, as fields.

use super::{
    invalid, optional,
    reading::{number, shown},
};
use crate::api::PanelError;
use berth_domain::service::Isolation;
use serde::{Deserialize, Serialize};

/// The fields of the isolation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IsolationForm {
    pub user: String,
    /// Anything here: the root cannot be written.
    pub read_only_root: String,
    pub pids_limit: String,
    /// Anything here: no capability is left.
    pub drop_capabilities: String,
}

impl IsolationForm {
    /// The fields of saved settings.
    pub fn of(isolation: &Isolation) -> Self {
        let checked = |on: bool| if on { "true".to_owned() } else { String::new() };
        Self {
            user: isolation.user.clone().unwrap_or_default(),
            read_only_root: checked(isolation.read_only_root),
            pids_limit: shown(isolation.pids_limit),
            drop_capabilities: checked(isolation.drop_capabilities),
        }
    }

    /// What was typed.
    pub fn isolation(&self) -> Result<Isolation, PanelError> {
        let isolation = Isolation {
            user: optional(&self.user).map(str::to_owned),
            read_only_root: !self.read_only_root.is_empty(),
            pids_limit: match optional(&self.pids_limit) {
                Some(text) => Some(number("pids_limit", text)?),
                None => None,
            },
            drop_capabilities: !self.drop_capabilities.is_empty(),
        };
        isolation.check().map_err(|(field, why)| invalid(field, why))?;
        Ok(isolation)
    }
}
