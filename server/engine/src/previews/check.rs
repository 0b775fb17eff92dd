//! Compares previews with their git hosts: a call that was lost, a preview that is too old, or one too many.

use super::request::short;
use crate::{
    Actor, Engine, Result,
    git::{Bounds, GitError, Revision},
    statuses::Host,
    store::{PreviewRow, ServiceRow},
};
use berth_domain::{ids::ServiceId, preview::PreviewState, source::Source};
use chrono::{DateTime, TimeDelta, Utc};
use std::{collections::BTreeSet, time::Duration};
use tracing::{info, warn};

/// How long a repository may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What becomes of a preview.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    /// Its environment goes, or all that is known of it.
    Goes(PreviewState, String),
    /// There is a newer commit.
    Moves(String),
}

/// Compares for ever.
pub(crate) async fn run(engine: Engine) {
    loop {
        if let Err(error) = round(&engine).await {
            warn!(%error, "could not compare previews with their hosts; it is tried again");
        }
        tokio::select! {
            () = engine.parts.previews.check.notified() => {}
            () = tokio::time::sleep(engine.config().preview_check) => {}
        }
    }
}

async fn round(engine: &Engine) -> Result<()> {
    let rows = engine.store().previews_everywhere().await?;
    for service in rows.into_iter().map(|row| row.service).collect::<BTreeSet<_>>() {
        if let Err(error) = engine.check_previews(service).await {
            warn!(%error, %service, "could not compare a service's previews with its host");
        }
    }
    Ok(())
}

impl Engine {
    /// Compares the previews of a service with its host, and does what follows. R-PRV-2.
    pub(crate) async fn check_previews(&self, service: ServiceId) -> Result<()> {
        let Some(parent) = self.store().service_anywhere(service).await? else { return Ok(()) };
        let host = self.host_of(&parent).await?;
        let rows = self.store().scoped(parent.scope()).previews(service).await?;
        for row in rows.into_iter().filter(|row| row.state != PreviewState::Closed) {
            // The host is asked before the turn is taken: it may be slow.
            let fate = match untimely(&parent, &row, self.now()) {
                Some(fate) => fate,
                None => self.ask_about(&parent, host.as_ref(), &row).await,
            };
            self.meet(&parent, row, fate).await?;
        }
        self.trim_previews(&parent).await
    }

    /// What the host says: its interface where a token is kept, the branch itself where not.
    async fn ask_about(&self, parent: &ServiceRow, host: Option<&Host>, row: &PreviewRow) -> Fate {
        if let Some(host) = host {
            match host.pull_request(row.number).await {
                Ok(Some(found)) if !found.open => {
                    let why = "The git host says that the pull request is closed.";
                    return Fate::Goes(PreviewState::Closed, why.into());
                }
                Ok(Some(found)) => return found.head.map_or(Fate::Stays, |head| at(head, row)),
                Ok(None) => {}
                Err(refused) => {
                    info!(service = %parent.path, why = refused.why, "the git host does not tell")
                }
            }
        }
        // The branch of a fork is in another repository.
        if row.foreign { Fate::Stays } else { self.ask_for_branch(parent, row).await }
    }

    async fn ask_for_branch(&self, parent: &ServiceRow, row: &PreviewRow) -> Fate {
        let Source::Git(git) = &parent.source else { return Fate::Stays };
        let (Ok(remote), Ok(revision)) = (self.remote_of(parent, git).await, Revision::branch(&row.branch))
        else {
            return Fate::Stays;
        };
        match self.parts.git.resolve(&remote, &revision, &Bounds::within(ANSWER_WITHIN)).await {
            Ok(head) => at(head, row),
            Err(GitError::NoSuchRevision { .. }) => {
                Fate::Goes(PreviewState::Closed, format!("Its branch {} is gone.", row.branch))
            }
            Err(error) => {
                info!(service = %parent.path, %error, "a repository with previews does not answer");
                Fate::Stays
            }
        }
    }

    /// Does it, unless something else happened meanwhile.
    async fn meet(&self, parent: &ServiceRow, row: PreviewRow, fate: Fate) -> Result<()> {
        if fate == Fate::Stays {
            return Ok(());
        }
        let turn = self.parts.hook_locks.of(parent.id);
        let _held = turn.lock().await;
        let now = self.store().scoped(parent.scope()).preview(parent.id, row.number).await?;
        let Some(mut now) = now.filter(|now| now.commit == row.commit && now.state == row.state) else {
            return Ok(());
        };
        let actor = Actor::system(parent.organisation);
        match fate {
            Fate::Stays => Ok(()),
            Fate::Goes(state, why) => self.remove_preview(&actor, &now, state, &why).await,
            Fate::Moves(head) => {
                info!(service = %parent.path, number = row.number, head = short(&head), "a commit that nobody told of");
                now.moved_to(head);
                self.run_preview(&actor, parent, now).await.map(drop)
            }
        }
    }

    /// The settings may allow fewer than there are.
    async fn trim_previews(&self, parent: &ServiceRow) -> Result<()> {
        let turn = self.parts.hook_locks.of(parent.id);
        let _held = turn.lock().await;
        let mut open = self.store().scoped(parent.scope()).previews(parent.id).await?;
        open.retain(|row| row.environment.is_some());
        open.sort_by_key(|row| std::cmp::Reverse(row.changed_at));
        let most = parent.settings.previews.most;
        let why = format!("There are {most} previews at the most, and this one was quiet for the longest.");
        let actor = Actor::system(parent.organisation);
        for row in open.iter().skip(most.into()) {
            self.remove_preview(&actor, row, PreviewState::Removed, &why).await?;
        }
        Ok(())
    }
}

/// The head that was found.
fn at(head: String, row: &PreviewRow) -> Fate {
    // What a person removed comes back with a new commit only.
    if head == row.commit { Fate::Stays } else { Fate::Moves(head) }
}

/// What needs no host to be known.
fn untimely(parent: &ServiceRow, row: &PreviewRow, now: DateTime<Utc>) -> Option<Fate> {
    let settings = &parent.settings.previews;
    if !settings.on || !matches!(parent.source, Source::Git(_)) {
        return Some(Fate::Goes(PreviewState::Closed, "Previews are switched off.".into()));
    }
    let old = row.environment.is_some() && goes_at(row, settings.ttl_h) <= now;
    let why = || format!("No commit came for {} hours.", settings.ttl_h);
    old.then(|| Fate::Goes(PreviewState::Removed, why()))
}

/// When a preview goes unless a commit comes.
pub(crate) fn goes_at(row: &PreviewRow, ttl_h: u32) -> DateTime<Utc> {
    row.changed_at + TimeDelta::hours(ttl_h.into())
}
