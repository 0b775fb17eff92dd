//! What a rollout says while it goes on: the deployment's log, masked.

use std::sync::{Arc, Mutex, PoisonError};

use berth_domain::{deployment::Phase, ids::DeploymentId, log::LogStream};
use tracing::warn;

use crate::{
    Engine,
    docker::{BuildLine, BuildLineKind, LogLine, LogStreamKind},
    logs::{NewLine, Stream},
    mask::Masker,
    store::deployments::Job,
    vault::Secret,
};

/// The log of one deployment.
#[derive(Clone)]
pub(super) struct Journal {
    engine: Engine,
    deployment: DeploymentId,
    masker: Masker,
    origin: String,
    /// What was said last: what goes on when a deadline ends it.
    last: Arc<Mutex<String>>,
}

impl Journal {
    pub fn new(engine: &Engine, job: &Job, secrets: &[Secret]) -> Self {
        let masker = Masker::new(secrets.iter().map(Secret::expose));
        let origin = job.state.phase().unwrap_or(Phase::Build).to_string();
        Self { engine: engine.clone(), deployment: job.id, masker, origin, last: Arc::default() }
    }

    /// Lines from here on belong to this phase.
    pub fn enter(&mut self, phase: Phase) {
        self.origin = phase.to_string();
    }

    /// The text with every secret masked.
    pub fn mask(&self, text: &str) -> String {
        self.masker.mask_text(text).into_owned()
    }

    /// Berth says something about the present phase.
    pub async fn say(&self, text: &str) {
        text.clone_into(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner));
        self.write(vec![self.line(&self.origin, LogStream::Berth, text.as_bytes())]).await;
    }

    /// What Berth said last.
    pub fn last(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Berth says why it ends.
    pub async fn fail(&self, reason: &str) {
        self.write(vec![self.line(&self.origin, LogStream::Err, reason.as_bytes())]).await;
    }

    /// A line about a step of the build, under the step's own name.
    pub fn build_line(&self, line: &BuildLine) -> NewLine {
        let origin = format!("{} {}", line.step, line.name);
        match &line.kind {
            BuildLineKind::Started => self.line(&origin, LogStream::Berth, b"started"),
            BuildLineKind::Cached => self.line(&origin, LogStream::Berth, b"CACHED"),
            BuildLineKind::Note(text) => self.line(&origin, LogStream::Berth, text.as_bytes()),
            BuildLineKind::Done { took } => {
                self.line(&origin, LogStream::Berth, format!("DONE {:.1} s", took.as_secs_f64()).as_bytes())
            }
            BuildLineKind::Failed { error } => {
                self.line(&origin, LogStream::Berth, format!("FAILED {error}").as_bytes())
            }
            BuildLineKind::Output { stream: LogStreamKind::Stdout, text } => {
                self.line(&origin, LogStream::Out, text)
            }
            BuildLineKind::Output { stream: LogStreamKind::Stderr, text } => {
                self.line(&origin, LogStream::Err, text)
            }
        }
    }

    /// A line of a command's output.
    pub fn output(&self, line: &LogLine) -> NewLine {
        let stream = match line.stream {
            LogStreamKind::Stdout => LogStream::Out,
            LogStreamKind::Stderr => LogStream::Err,
        };
        self.line(&self.origin, stream, &line.text)
    }

    fn line(&self, origin: &str, stream: LogStream, text: &[u8]) -> NewLine {
        let text = self.masker.mask(text).into_owned().into();
        NewLine { at: self.engine.now(), stream, origin: self.mask(origin).into(), text }
    }

    /// Appends lines. A log that cannot be written does not stop a deployment; it is said in Berth's own log.
    pub async fn write(&self, lines: Vec<NewLine>) {
        if let Err(error) = self.engine.parts.logs.append(Stream::Deployment(self.deployment), &lines).await {
            warn!(%error, "could not write the deployment's log");
        }
    }
}
