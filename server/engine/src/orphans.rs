//! What carries this Berth's label in Docker and is wanted by nobody: found, kept in a report, removed when its time has
//! come. What does not carry the label, or that of another Berth, is never looked at.

mod find;
mod judge;
mod told;

pub(crate) use find::{namespace, repository};
pub(crate) use judge::{Goes, Orphan, Owner, is_stopped};
pub(crate) use told::named;

use crate::{Engine, Error, Result, docker::Runtime};
use berth_domain::{disk::OrphanKind, ids::OrganisationId};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tracing::{info, warn};

/// How long an instance that nobody wants may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// How long something that could not be removed is left alone.
const AGAIN: TimeDelta = TimeDelta::seconds(60);

/// The report of the last look.
#[derive(Default)]
pub(crate) struct Orphans(Mutex<Report>);

/// What was seen at the last look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub looked_at: Option<DateTime<Utc>>,
    /// Why the last look did not succeed.
    pub problem: Option<String>,
    pub items: Vec<Listed>,
}

/// Something that nobody wants, in the report.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub orphan: Orphan,
    pub since: DateTime<Utc>,
    /// When it goes by itself.
    pub removed_at: Option<DateTime<Utc>>,
    /// What kept it from going.
    pub problem: Option<String>,
}

impl Orphans {
    /// The last report.
    pub fn report(&self) -> Report {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says that Docker could not be asked; what was seen before stays.
    pub fn failed(&self, problem: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).problem = Some(problem);
    }

    /// Takes something out that was just removed.
    pub fn forget(&self, kind: OrphanKind, name: &str) {
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        report.items.retain(|listed| listed.orphan.kind != kind || listed.orphan.name != name);
    }

    fn set(&self, report: Report) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}

/// Looks, removes what is due, and keeps the rest in the report. Answers when the next thing is due.
pub(crate) async fn reconcile(engine: &Engine, docker: &dyn Runtime) -> Result<Option<DateTime<Utc>>> {
    let found = engine.find_orphans(docker).await?;
    let keys: Vec<_> = found.iter().map(|orphan| (orphan.kind, orphan.object.clone())).collect();
    let begun = engine.now();
    let since = engine.parts.store.orphans_since(&keys).await?;
    // Before somebody has claimed this Berth, it may be a new one on what an earlier one runs.
    let first = engine.first_organisation().await?;
    let (mut items, mut removed) = (Vec::new(), Vec::new());
    for orphan in found {
        let since = since.get(&(orphan.kind, orphan.object.clone())).copied().unwrap_or(begun);
        let removed_at = due(&orphan, since, engine.config().orphan_grace).filter(|_| first.is_some());
        let mut problem = None;
        if removed_at.is_some_and(|at| at <= engine.now()) {
            match engine.remove_orphan(docker, &orphan).await {
                Ok(()) => {
                    removed.push(orphan);
                    continue;
                }
                Err(error) => problem = Some(error.problem().message),
            }
        }
        items.push(Listed { orphan, since, removed_at, problem });
    }
    if let Some(first) = first {
        let new = items.iter().filter(|listed| listed.since >= begun).map(|listed| &listed.orphan);
        engine.tell_orphans(first, new, &removed).await?;
    }
    let now = engine.now();
    let again = now + AGAIN;
    let next =
        items.iter().filter_map(|listed| listed.removed_at).map(|at| if at > now { at } else { again }).min();
    engine.parts.orphans.set(Report { looked_at: Some(now), problem: None, items });
    Ok(next)
}

fn due(orphan: &Orphan, since: DateTime<Utc>, grace: Duration) -> Option<DateTime<Utc>> {
    match orphan.goes {
        Goes::AtOnce => Some(since),
        Goes::AfterGrace => Some(since + TimeDelta::from_std(grace).unwrap_or(TimeDelta::MAX)),
        Goes::WhenAsked => None,
    }
}

impl Owner {
    /// Whether it is of that organisation; what belongs to nobody is of the one that set Berth up, the first.
    pub fn is_of(&self, organisation: OrganisationId, first: Option<OrganisationId>) -> bool {
        self.organisation.or(first) == Some(organisation)
    }
}

impl Engine {
    /// The organisation that set Berth up, once somebody has.
    pub(crate) async fn first_organisation(&self) -> Result<Option<OrganisationId>> {
        Ok(self.parts.store.first_organisation().await?.map(|(first, _)| first))
    }

    /// Removes something from Docker, and first the routes that lead to it. Of volumes only those of previews: the others
    /// have their own way.
    pub(crate) async fn remove_orphan(&self, docker: &dyn Runtime, orphan: &Orphan) -> Result<()> {
        match orphan.kind {
            OrphanKind::Container => {
                if let Some(service) = orphan.owner.gone {
                    self.remove_other_routes(service, &[]).await?;
                }
                docker.stop_instance(&orphan.object, GRACE).await?;
                if orphan.owner.gone.is_none() {
                    self.collect_rest(&orphan.name).await;
                }
                docker.remove_instance(&orphan.object).await?;
            }
            OrphanKind::Image => docker.remove_image(&orphan.object).await?,
            OrphanKind::Network => {
                self.parts.proxy.detach(docker, &orphan.name).await?;
                docker.remove_network(&orphan.object).await?;
            }
            OrphanKind::Volume if orphan.goes == Goes::AtOnce => docker.remove_volume(&orphan.object).await?,
            OrphanKind::Volume => {
                return Err(Error::conflict("A volume is deleted by its name, with time to reconsider."));
            }
        }
        info!(kind = %orphan.kind, name = orphan.name, why = orphan.why, "removed what nobody wants");
        Ok(())
    }

    /// Says that Docker could not be asked.
    pub(crate) fn orphans_not_seen(&self, error: &impl std::fmt::Display) {
        warn!(%error, "could not look for what nobody wants; it is tried again");
        self.parts.orphans.failed(error.to_string());
    }
}
