//! Tells git hosts how the deployment of a commit goes, where a token is kept that may do so. Best effort, behind
//! everything else: what cannot be told is tried again a few times, and then said once in the events.

mod host;

use crate::{
    Actor, Engine, Result,
    routes::ServiceLocks,
    store::{NewEvent, ServiceRow, Subject, deployments::DeploymentRow},
    supervisor::Jobs,
};
use berth_domain::{
    deployment::Status,
    event::EventKind,
    ids::{DeploymentId, ServiceId},
    source::Source,
};
use dashmap::{DashMap, DashSet};
pub(crate) use host::{Host, Refused};
use host::{Report, Stage};
use std::{sync::Arc, time::Duration};
use tracing::{info, warn};

/// How many events are looked at at a time.
const BATCH: u64 = 100;

/// After so long the events are looked at without a signal.
const RELOOK: Duration = Duration::from_secs(30);

/// How many deployments' words are remembered, so that nothing is said twice.
const REMEMBERED: usize = 1_000;

/// How long to wait before each further attempt.
const AGAIN_AFTER: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(15), Duration::from_secs(90)];

/// What was told so far.
#[derive(Default)]
struct Told {
    /// One at a time for a service, so that an older word never comes after a newer one.
    turns: ServiceLocks,
    stages: DashMap<DeploymentId, Stage>,
    /// Services of which it was said that nothing can be told; said once.
    refused: DashSet<ServiceId>,
}

impl Told {
    fn remember(&self, deployment: DeploymentId, stage: Stage) {
        if self.stages.len() > REMEMBERED {
            self.stages.clear();
        }
        self.stages.insert(deployment, stage);
    }
}

/// Tells for ever.
pub(crate) async fn run(engine: Engine) {
    let mut news = engine.store().news();
    let mut cursor = None;
    let (told, mut jobs) = (Arc::new(Told::default()), Jobs::new());
    loop {
        news.mark_unchanged();
        match look(&engine, &mut cursor, &told, &mut jobs).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => warn!(%error, "could not look for deployments to tell of"),
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = jobs.one_ended() => {}
            () = tokio::time::sleep(RELOOK) => {}
        }
    }
}

/// Starts telling of what happened after the cursor; answers whether there may be more.
async fn look(engine: &Engine, cursor: &mut Option<i64>, told: &Arc<Told>, jobs: &mut Jobs) -> Result<bool> {
    let Some(after) = *cursor else {
        *cursor = Some(engine.store().last_event_anywhere().await?);
        return Ok(false);
    };
    let rows = engine.store().told_of_deployments(after, BATCH).await?;
    for row in &rows {
        *cursor = Some(row.event);
        let (engine, told, service, number) = (engine.clone(), told.clone(), row.service, row.number);
        jobs.start(async move {
            if let Err(error) = engine.tell_host(&told, service, number).await {
                warn!(%error, number, "could not find out what to tell the git host");
            }
        });
    }
    jobs.count();
    Ok(rows.len() as u64 == BATCH)
}

impl Engine {
    /// Tells how a deployment stands now, unless that was told.
    async fn tell_host(&self, told: &Told, service: ServiceId, number: u64) -> Result<()> {
        let turn = told.turns.of(service);
        let _held = turn.lock().await;
        for pause in AGAIN_AFTER.into_iter().map(Some).chain([None]) {
            let Some((row, host, report)) = self.report(told, service, number).await? else { return Ok(()) };
            let (stage, id) = (report.stage, report.deployment);
            match host.tell(&report).await {
                Ok(()) => {
                    told.refused.remove(&service);
                    told.remember(id, stage);
                    return Ok(());
                }
                Err(Refused { why, again: true, .. }) if pause.is_some() => {
                    info!(service = %row.path, why, "the git host could not be told; it is tried again");
                    tokio::time::sleep(pause.unwrap_or_default()).await;
                }
                Err(Refused { why, .. }) => {
                    told.remember(id, stage);
                    return self.not_told(told, &row, number, &why).await;
                }
            }
        }
        Ok(())
    }

    /// What there is to tell about a deployment, and whom; none when there is nothing new or nobody.
    async fn report(
        &self,
        told: &Told,
        service: ServiceId,
        number: u64,
    ) -> Result<Option<(ServiceRow, Host, Report)>> {
        let Some(row) = self.store().service_anywhere(service).await? else { return Ok(None) };
        let rows = self.store().scoped(row.scope());
        let Some(deployment) = rows.deployment(row.id, number).await? else { return Ok(None) };
        let Some((stage, words)) = stage(&deployment) else { return Ok(None) };
        let Some(commit) = commit(&deployment) else { return Ok(None) };
        if told.stages.get(&deployment.id).is_some_and(|known| *known == stage) {
            return Ok(None);
        }
        let Some(host) = self.host_of(&row).await? else { return Ok(None) };
        let base = self.panel_url();
        let report = Report {
            deployment: deployment.id,
            commit,
            stage,
            words: format!("{words} (#{number})"),
            url: format!("{base}/projects/{}/deployments/{number}", row.path),
            context: format!("berth/{}", row.path),
        };
        Ok(Some((row, host, report)))
    }

    /// The git host of a service, when a token for it is kept and it is known what kind of host it is.
    pub(crate) async fn host_of(&self, row: &ServiceRow) -> Result<Option<Host>> {
        let Source::Git(git) = &row.source else { return Ok(None) };
        if git.connection.is_some() {
            return self.connected_host(row).await.or_else(|error| {
                // A connection that was removed, or a host that is away; the service's own pages say it.
                info!(service = %row.path, %error, "the connection to the git host cannot be used");
                Ok(None)
            });
        }
        let Some(credential) = self.open_credential(row.id, row.credential.as_deref())? else {
            return Ok(None);
        };
        if credential.is_ssh_key() {
            return Ok(None);
        }
        let told_by = self.store().scoped(row.scope()).last_provider(row.id).await?;
        Ok(Host::of(&git.url, told_by, credential.secret))
    }

    /// Says once that a host takes no word.
    async fn not_told(&self, told: &Told, service: &ServiceRow, number: u64, why: &str) -> Result<()> {
        warn!(service = %service.path, number, why, "the git host was not told of a deployment");
        if !told.refused.insert(service.id) {
            return Ok(());
        }
        let message = format!(
            "The git host was not told of deployment #{number} of {}: {why}. A token that may set commit statuses mends it.",
            service.path
        );
        let subject = Subject::deployment(service.id, &service.path, number);
        let actor = Actor::system(service.organisation);
        let mut write = self.store().begin().await?;
        write.record(NewEvent::new(&actor, EventKind::StatusNotTold, subject, message));
        Ok(write.commit().await?)
    }
}

/// How a deployment stands, for a host; none for one that was live before: its commit's word stays.
fn stage(deployment: &DeploymentRow) -> Option<(Stage, &'static str)> {
    match deployment.state.status() {
        Status::Queued => Some((Stage::Pending, "Waiting for its turn")),
        Status::Running => Some((Stage::Pending, "On its way")),
        Status::Live => Some((Stage::Success, "Live")),
        Status::Failed => Some((Stage::Failure, "Failed")),
        Status::Cancelled => Some((Stage::Cancelled, "Cancelled")),
        Status::Superseded if deployment.started_at.is_none() => {
            Some((Stage::Cancelled, "A newer deployment took its place"))
        }
        Status::Superseded | Status::Removed => None,
    }
}

/// The whole id of what it deploys.
fn commit(deployment: &DeploymentRow) -> Option<String> {
    if deployment.request.upload.is_some() {
        // It goes by the digest of a tarball, which no host knows.
        return None;
    }
    let known = deployment.commit.as_ref().map(|commit| commit.id.clone());
    known.or(deployment.request.commit.clone()).filter(|id| crate::git::is_commit_id(id))
}
