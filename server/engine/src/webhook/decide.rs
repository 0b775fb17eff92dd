//! The part of the decision that needs to look around: what the service runs already, and which files changed.

use super::{
    delivery::Delivery,
    judge::{Judgement, SKIPPED, Wanted, ignore, judge, shown, skips},
    record::Heard,
    watch::Watched,
};
use crate::{
    Engine, Result,
    git::{Bounds, Changes, Span},
    store::{ServiceRow, Subject, deployments::Heading},
};
use berth_domain::{
    deployment::Status,
    source::{GitSource, Source},
    webhook::Provider,
};
use std::time::Duration;

/// How long git may take to compare. Hosts give a call up after ten seconds.
const COMPARED_WITHIN: Duration = Duration::from_secs(8);

impl Engine {
    /// What to do about what was heard.
    pub(super) async fn decide(&self, heard: &Heard<'_>) -> Result<Judgement> {
        let service = heard.service;
        let Some(delivery) = &heard.what else {
            return Ok(ignore("Nothing of this delivery is kept.", None));
        };
        let judgement = judge(&service.source, &service.settings, &heard.event, delivery);
        let wanted = match judgement {
            Judgement::Deploy(wanted) => wanted,
            Judgement::Preview(request) => {
                let done = self.pull_request(&heard.actor, service, &request).await?;
                return Ok(Judgement::Previewed(done));
            }
            other => return self.branches_gone(heard, delivery, other).await,
        };
        if let Some(commit) = &wanted.commit
            && let Some(heading) = self.parts.store.heading(service.id).await?
            && heading.is_for(commit)
        {
            return Ok(ignore(deployed_already(&heading), wanted.commit));
        }
        let polled = heard.provider == Provider::Polling && !wanted.message_known;
        if service.settings.watch.is_everything() && !polled {
            return Ok(Judgement::Deploy(wanted));
        }
        self.compare(service, wanted).await
    }

    /// A branch that is deleted takes its preview along.
    async fn branches_gone(
        &self,
        heard: &Heard<'_>,
        delivery: &Delivery,
        judgement: Judgement,
    ) -> Result<Judgement> {
        let Delivery::Push { updates } = delivery else { return Ok(judgement) };
        for gone in updates.iter().filter(|update| update.after.is_none()) {
            let Some(branch) = gone.reference.strip_prefix("refs/heads/") else { continue };
            if let Some(done) = self.branch_deleted(&heard.actor, heard.service, branch).await? {
                return Ok(Judgement::Previewed(done));
            }
        }
        Ok(judgement)
    }

    /// Whether the watched files changed. R-GIT-3: from git, not from what the host says; and when that cannot be known,
    /// it deploys.
    async fn compare(&self, service: &ServiceRow, wanted: Wanted) -> Result<Judgement> {
        let (Source::Git(git), Some(commit)) = (&service.source, wanted.commit.clone()) else {
            return Ok(Judgement::Deploy(wanted));
        };
        let watch = &service.settings.watch;
        let watched = Watched::of(watch)?;
        let because = |note: String| Judgement::Deploy(Wanted { note: Some(note), ..wanted.clone() });
        if wanted.before.is_none() && !watch.is_everything() {
            return Ok(because(NOT_COMPARED.into()));
        }
        let span = Span { branch: &git.branch, before: wanted.before.as_deref(), after: &commit };
        let changes = match self.changes(service, git, &span).await {
            Ok(changes) => changes,
            Err(why) => return Ok(because(format!("which files changed is not known ({why})"))),
        };
        if !wanted.message_known && skips(&changes.message) {
            return Ok(ignore(SKIPPED, Some(commit)));
        }
        if watch.is_everything() {
            return Ok(Judgement::Deploy(wanted));
        }
        let Some(files) = changes.files else { return Ok(because(NOT_COMPARED.into())) };
        Ok(match files.iter().find(|file| watched.wants(file)) {
            Some(file) => because(format!("{} changed", shown(file))),
            None => ignore("The push touched none of the watched paths.", Some(commit)),
        })
    }

    async fn changes(
        &self,
        service: &ServiceRow,
        git: &GitSource,
        span: &Span<'_>,
    ) -> std::result::Result<Changes, String> {
        let remote = self.remote_of(service, git).await.map_err(|error| error.to_string())?;
        let asked = self.parts.git.changes(&remote, span, &Bounds::within(COMPARED_WITHIN)).await;
        let subject = Subject::service(service.id, &service.path);
        self.trust_host(service.scope(), subject, &remote).await.map_err(|error| error.to_string())?;
        asked.map_err(|error| error.to_string().trim_end_matches('.').to_owned())
    }
}

/// Why there is nothing to compare.
const NOT_COMPARED: &str = "the branch is new, or its history was rewritten";

fn deployed_already(heading: &Heading) -> String {
    let number = heading.number;
    match heading.status {
        Status::Queued => format!("This commit is queued already, as deployment #{number}."),
        Status::Running => format!("This commit is being deployed already, as deployment #{number}."),
        _ => format!("This commit is live already, as deployment #{number}."),
    }
}
