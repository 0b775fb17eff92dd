//! Folders that live as long as one piece of work. What a process left that was killed goes at the next start.

use crate::Engine;
use berth_domain::ids::DeploymentId;
use std::path::{Path, PathBuf};
use tracing::warn;

const BUILDS: &str = "builds";
const SCRATCH: &str = "scratch";

/// Where a deployment's source is checked out.
pub(crate) fn of_build(data: &Path, deployment: DeploymentId) -> PathBuf {
    data.join(BUILDS).join(deployment.to_string())
}

/// Where a process keeps what its runs of git need.
pub(crate) fn of_process(data: &Path, owner: &str) -> PathBuf {
    // Programs that read from it run in other folders.
    std::path::absolute(data).unwrap_or_else(|_| data.to_owned()).join(SCRATCH).join(owner)
}

impl Engine {
    /// Removes what a former process was working on. Nothing is built yet, and this process has a folder of its own.
    pub(crate) async fn clear_scratch(&self) {
        let data = &self.config().data;
        for folder in [data.join(BUILDS), data.join(SCRATCH)] {
            if let Err(error) = remove_in(&folder, &self.parts.owner).await {
                warn!(%error, folder = %folder.display(), "could not remove what a former process left");
            }
        }
    }
}

/// Removes everything in a folder but what has this name.
async fn remove_in(folder: &Path, but: &str) -> std::io::Result<()> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    while let Some(entry) = entries.next_entry().await? {
        if entry.file_name() != but {
            tokio::fs::remove_dir_all(entry.path()).await?;
        }
    }
    Ok(())
}
