//! Numbers for the operator's metrics, of all organisations together.

use crate::{Engine, Result};
use berth_domain::deployment::Status;
use std::time::Duration;

/// What Berth has done and has still to do.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// How many deployments there are, by how they stand; those that are `queued` are the queue.
    pub deployments: Vec<(Status, u64)>,
    /// Log lines written since the start.
    pub log_lines: u64,
    /// How long the last look at everything that runs took.
    pub last_look: Duration,
}

impl Engine {
    /// Counts.
    pub async fn figures(&self) -> Result<Figures> {
        let deployments = self.parts.store.deployments_by_status().await?;
        let last_look = self.parts.unseen.last_look();
        Ok(Figures { deployments, log_lines: self.parts.logs.lines_written(), last_look })
    }
}
