//! What can go wrong with the proxy.

use std::time::Duration;

use crate::docker::DockerError;

/// Why the proxy does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The proxy's container could not be made.
    #[error("the proxy cannot run: {0}")]
    Docker(#[from] DockerError),
    /// A file could not be read or written.
    #[error("cannot {action} `{path}`: {reason}. Check the disk and the rights of Berth's data folder.")]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Routes that must not be written.
    #[error("the routes of service `{service}` cannot be written: {reason}")]
    Invalid {
        /// The service.
        service: String,
        /// What is wrong.
        reason: String,
    },
    /// A certificate that must not be handed over.
    #[error("the certificate {id} cannot be handed to the proxy: {reason}")]
    Certificate {
        /// Which.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// Traefik does not answer.
    #[error("the proxy does not answer at {what}: {reason}. Look at the log of its container.")]
    Unreachable {
        /// What was asked.
        what: String,
        /// What was seen.
        reason: String,
    },
    /// Traefik did not take the routes in time.
    #[error("the proxy did not route to deployment `{deployment}` within {} ms: {reason}", after.as_millis())]
    NotConfirmed {
        /// Whom the routes should lead to.
        deployment: String,
        /// How long it was waited for.
        after: Duration,
        /// The last thing seen.
        reason: String,
    },
}

impl ProxyError {
    pub(super) fn file(action: &'static str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), reason: error.to_string() }
    }
}
