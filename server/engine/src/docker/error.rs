//! What can go wrong with Docker, said so that a person can act on it.

use std::fmt;
use std::time::Duration;

use bollard::errors::Error as Bollard;

/// The kind of thing an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ObjectKind {
    Engine,
    Network,
    Volume,
    Image,
    Container,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine => "Docker",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Image => "image",
            Self::Container => "container",
        })
    }
}

/// A build that failed, with what is needed to see why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFailure {
    /// The step that failed, for example `[3/4] RUN npm ci`, where BuildKit named one.
    pub step: Option<String>,
    /// BuildKit's word on why.
    pub reason: String,
    /// The last lines that step printed, oldest first.
    pub last_lines: Vec<String>,
}

impl BuildFailure {
    /// Whether a process of the step was ended by the kernel: the shell says 137, a build tool tells of its child.
    pub fn was_killed(&self) -> bool {
        self.reason.contains("137")
            || self.last_lines.iter().any(|line| line.to_lowercase().contains("killed"))
    }

    /// Whether the step could start no more processes or threads: the words of the kernel, shells and common runtimes.
    pub fn was_starved(&self) -> bool {
        const WORDS: [&str; 6] = [
            "resource temporarily unavailable",
            "cannot fork",
            "can't fork",
            "unable to create new native thread",
            "failed to create new os thread",
            "eagain",
        ];
        self.last_lines.iter().chain([&self.reason]).any(|line| {
            let line = line.to_lowercase();
            WORDS.iter().any(|word| line.contains(word))
        })
    }
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Some(step) => write!(f, "the build failed in step `{step}`: {}", self.reason)?,
            None => write!(f, "the build failed: {}", self.reason)?,
        }
        if let Some(last) = self.last_lines.last() {
            write!(f, ". Its last line was: {last}")?;
        }
        Ok(())
    }
}

/// Why Docker did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// No answer at all.
    #[error(
        "Docker does not answer at {address}: {reason}. Check that the Docker daemon runs and that Berth may use its socket."
    )]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What was seen.
        reason: String,
    },
    /// An answer that did not come in time.
    #[error("Docker did not answer within {} s when asked to {action} {kind} `{name}`. It may be overloaded; try again.", after.as_secs())]
    Timeout {
        /// What was asked for.
        action: &'static str,
        /// Of what.
        kind: ObjectKind,
        /// Of which.
        name: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The thing is not there.
    #[error(
        "cannot {action} {kind} `{name}`: it does not exist in Docker ({reason}). It may have been removed by hand; deploy again."
    )]
    NotFound {
        /// What was asked for.
        action: &'static str,
        /// Of what.
        kind: ObjectKind,
        /// Of which.
        name: String,
        /// Docker's words.
        reason: String,
    },
    /// Something else holds what is needed.
    #[error(
        "cannot {action} {kind} `{name}`: {reason}. Remove or rename what is in the way, then try again."
    )]
    Conflict {
        /// What was asked for.
        action: &'static str,
        /// Of what.
        kind: ObjectKind,
        /// Of which.
        name: String,
        /// What is in the way.
        reason: String,
    },
    /// Docker said no.
    #[error("Docker refused to {action} {kind} `{name}`: {reason}")]
    Refused {
        /// What was asked for.
        action: &'static str,
        /// Of what.
        kind: ObjectKind,
        /// Of which.
        name: String,
        /// Docker's words, and what to do where that is known.
        reason: String,
    },
    /// Refused here, before Docker was asked.
    #[error("{what} `{value}` is not acceptable: {reason}")]
    Invalid {
        /// What it is.
        what: &'static str,
        /// As it was given.
        value: String,
        /// What would be right.
        reason: String,
    },
    /// An image could not be pulled.
    #[error("cannot pull image `{reference}`: {reason}")]
    Pull {
        /// The reference as given.
        reference: String,
        /// The registry's words, and what to do where that is known.
        reason: String,
    },
    /// An image could not be pushed.
    #[error("cannot push image `{reference}`: {reason}")]
    Push {
        /// The reference at the registry.
        reference: String,
        /// The registry's words, and what to do where that is known.
        reason: String,
    },
    /// The build ran and failed.
    #[error("{0}")]
    Build(Box<BuildFailure>),
    /// The build's context could not be read.
    #[error("cannot read the build context: {path}: {reason}")]
    Context {
        /// The file or folder, as seen from the checkout.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Somebody cancelled it.
    #[error("the {0} was cancelled")]
    Cancelled(&'static str),
}

impl DockerError {
    /// Whether trying the same again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }

    /// Whether it says that the thing is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// What was being done, to turn bollard's error into ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub action: &'static str,
    pub kind: ObjectKind,
    pub name: &'a str,
}

impl<'a> Asked<'a> {
    pub fn to(action: &'static str, kind: ObjectKind, name: &'a str) -> Self {
        Self { action, kind, name }
    }

    /// The error, with `address` for the case that nothing answered.
    pub fn failed(self, address: &str, timeout: Duration, error: Bollard) -> DockerError {
        let Self { action, kind, name } = self;
        let name = name.to_owned();
        match error {
            Bollard::DockerResponseServerError { status_code: 404, message } => {
                DockerError::NotFound { action, kind, name, reason: trimmed(&message) }
            }
            Bollard::DockerResponseServerError { status_code: 409, message } => {
                DockerError::Conflict { action, kind, name, reason: trimmed(&message) }
            }
            Bollard::DockerResponseServerError { message, .. }
            | Bollard::DockerStreamError { error: message } => {
                DockerError::Refused { action, kind, name, reason: with_advice(&message) }
            }
            Bollard::RequestTimeoutError => DockerError::Timeout { action, kind, name, after: timeout },
            Bollard::SocketNotFoundError(_)
            | Bollard::IOError { .. }
            | Bollard::HyperLegacyError { .. }
            | Bollard::HyperResponseError { .. } => {
                DockerError::Unreachable { address: address.to_owned(), reason: chain(&error) }
            }
            other => DockerError::Refused { action, kind, name, reason: chain(&other) },
        }
    }
}

/// An error with its causes, since hyper's own words stop at "client error (Connect)".
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn trimmed(message: &str) -> String {
    message.trim().trim_end_matches('.').to_owned()
}

/// Docker's words, with what to do about the ones that people meet.
pub(super) fn with_advice(message: &str) -> String {
    let text = trimmed(message);
    let lower = text.to_ascii_lowercase();
    let advice = if lower.contains("port is already allocated") || lower.contains("address already in use") {
        "Another program or container holds that port: stop it or choose another port."
    } else if lower.contains("non-overlapping ipv4 address pool")
        || lower.contains("all predefined address pools")
    {
        "Docker has no free address range for another network: remove unused networks or set `default-address-pools` in daemon.json."
    } else if lower.contains("no space left on device") {
        "The disk is full: remove what is not needed, then try again."
    } else if lower.contains("executable file not found") {
        "The image does not contain that command: check the start command."
    } else if lower.contains("minimum memory limit") {
        "Raise the memory limit."
    } else {
        return text;
    };
    format!("{text}. {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(status_code: u16, message: &str) -> DockerError {
        Asked::to("start", ObjectKind::Container, "web-1").failed(
            "unix:///var/run/docker.sock",
            Duration::from_secs(60),
            Bollard::DockerResponseServerError { status_code, message: message.into() },
        )
    }

    #[test]
    fn an_error_says_what_happened_to_which_thing() {
        insta::assert_snapshot!(failed(404, "No such container: web-1"), @"cannot start container `web-1`: it does not exist in Docker (No such container: web-1). It may have been removed by hand; deploy again.");
        insta::assert_snapshot!(failed(409, "The name is already in use."), @"cannot start container `web-1`: The name is already in use. Remove or rename what is in the way, then try again.");
    }

    #[test]
    fn an_error_that_people_meet_says_what_to_do() {
        insta::assert_snapshot!(failed(500, "Bind for 0.0.0.0:80 failed: port is already allocated"), @"Docker refused to start container `web-1`: Bind for 0.0.0.0:80 failed: port is already allocated. Another program or container holds that port: stop it or choose another port.");
    }
}
