//! What a pull request's call asks for.

use crate::{
    Actor, Engine, Result,
    git::{self, Bounds, Revision},
    store::{NewEvent, PreviewRow, ServiceRow, Subject},
    webhook::{PullRequest, PullRequestAction},
};
use berth_domain::{
    event::EventKind,
    preview::PreviewState,
    source::{GitSource, Source},
};
use std::time::Duration;
use uuid::Uuid;

/// How long git may take to say where a branch is. Hosts give a call up after ten seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// What became of a call, for its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub reason: String,
    pub commit: Option<String>,
    /// Whether a deployment was queued.
    pub queued: bool,
}

impl Outcome {
    fn nothing(reason: String) -> Self {
        Self { reason, commit: None, queued: false }
    }
}

impl Engine {
    /// A pull request was opened, got commits, or was closed.
    pub(crate) async fn pull_request(
        &self,
        actor: &Actor,
        service: &ServiceRow,
        request: &PullRequest,
    ) -> Result<Outcome> {
        let number = request.number;
        let known = self.store().scoped(service.scope()).preview(service.id, number).await?;
        if request.action == PullRequestAction::Closed {
            let Some(row) = known.filter(|row| row.state != PreviewState::Closed) else {
                let reason =
                    format!("Pull request {number} was closed, and there is no preview of it to remove.");
                return Ok(Outcome::nothing(reason));
            };
            self.remove_preview(actor, &row, PreviewState::Closed, "The pull request was closed.").await?;
            let reason = format!("Pull request {number} was closed: its preview is being removed.");
            return Ok(Outcome::nothing(reason));
        }
        let Source::Git(git) = &service.source else {
            return Ok(Outcome::nothing("This service does not come from a repository.".into()));
        };
        let commit = match self.whole_commit(service, git, request).await {
            Ok(commit) => commit,
            Err(why) => return Ok(Outcome::nothing(format!("Pull request {number} has no preview: {why}."))),
        };
        self.run_preview(actor, service, noted(known, service, request, commit)).await
    }

    /// A branch was deleted: the outcome when it had a preview.
    pub(crate) async fn branch_deleted(
        &self,
        actor: &Actor,
        service: &ServiceRow,
        branch: &str,
    ) -> Result<Option<Outcome>> {
        let rows = self.store().scoped(service.scope()).previews(service.id).await?;
        let its =
            |row: &&PreviewRow| row.branch == branch && !row.foreign && row.state != PreviewState::Closed;
        let Some(row) = rows.iter().find(its) else { return Ok(None) };
        self.remove_preview(actor, row, PreviewState::Closed, "Its branch was deleted.").await?;
        let reason =
            format!("The branch of pull request {} was deleted: its preview is being removed.", row.number);
        Ok(Some(Outcome::nothing(reason)))
    }

    /// Deploys the newest commit of a pull request, or asks for the approval that it takes.
    pub(crate) async fn run_preview(
        &self,
        actor: &Actor,
        service: &ServiceRow,
        row: PreviewRow,
    ) -> Result<Outcome> {
        let (number, commit) = (row.number, row.commit.clone());
        if !row.may_run() {
            self.ask_for_approval(actor, service, row).await?;
            let reason = format!(
                "Pull request {number} comes from a fork or from an outsider: nothing of {} runs without a member's approval.",
                short(&commit)
            );
            return Ok(Outcome { reason, commit: Some(commit), queued: false });
        }
        if self.runs_already(&row).await? {
            let reason = format!("The preview of pull request {number} has this commit already.");
            return Ok(Outcome { reason, commit: Some(commit), queued: false });
        }
        let queued = self.deploy_preview(actor, service.id, row).await?;
        let reason = format!(
            "Preview of pull request {number}: deployment #{} of {} was queued.",
            queued.number, queued.service
        );
        Ok(Outcome { reason, commit: Some(commit), queued: true })
    }

    async fn runs_already(&self, row: &PreviewRow) -> Result<bool> {
        let Some(child) = self.preview_service(row).await? else { return Ok(false) };
        let heading = self.parts.store.heading(child.id).await?;
        Ok(row.state == PreviewState::Open && heading.is_some_and(|heading| heading.is_for(&row.commit)))
    }

    /// R-SEC-11: the pull request is noted, and whatever ran of it before stays as it was approved.
    async fn ask_for_approval(&self, actor: &Actor, service: &ServiceRow, row: PreviewRow) -> Result<()> {
        let path = &service.path;
        let told = format!(
            "Pull request {} of {path} waits for a member's approval of commit {}.",
            row.number,
            short(&row.commit)
        );
        let reason = format!("Commit {} waits for a member's approval.", short(&row.commit));
        let row = PreviewRow { state: PreviewState::Waiting, reason: Some(reason), ..row };
        let mut write = self.store().begin().await?;
        write.scoped(service.scope()).keep_preview(&row).await?;
        write.record(NewEvent::new(actor, EventKind::PreviewAsked, Subject::service(service.id, path), told));
        Ok(write.commit().await?)
    }

    /// The full id of the newest commit. Bitbucket tells only how it begins; git tells where the branch is.
    async fn whole_commit(
        &self,
        service: &ServiceRow,
        git: &GitSource,
        request: &PullRequest,
    ) -> std::result::Result<String, String> {
        let revision = Revision::branch(&request.branch).map_err(|error| error.to_string())?;
        if git::is_commit_id(&request.commit) {
            return Ok(request.commit.clone());
        }
        if request.fork {
            return Err("its host does not tell the full id of a fork's commit".into());
        }
        let remote = self.remote_of(service, git).await.map_err(|error| error.problem().message)?;
        let asked = self.parts.git.resolve(&remote, &revision, &Bounds::within(ANSWER_WITHIN)).await;
        let head = asked.map_err(|error| error.to_string().trim_end_matches('.').to_owned())?;
        if head.starts_with(&request.commit) {
            return Ok(head);
        }
        Err("its branch is at another commit by now".into())
    }
}

/// What is known of a pull request after this call. An approval is of one commit.
fn noted(
    known: Option<PreviewRow>,
    service: &ServiceRow,
    request: &PullRequest,
    commit: String,
) -> PreviewRow {
    let now = crate::store::now();
    let mut row = known.unwrap_or_else(|| PreviewRow {
        id: Uuid::now_v7(),
        organisation: service.organisation,
        service: service.id,
        number: request.number,
        environment: None,
        child: None,
        state: PreviewState::Waiting,
        reason: None,
        title: String::new(),
        author: request.author.clone(),
        branch: String::new(),
        commit: commit.clone(),
        url: None,
        foreign: false,
        approved_commit: None,
        approved_by: None,
        comment: None,
        told: None,
        created_at: now,
        changed_at: now,
    });
    if row.state == PreviewState::Closed {
        // It was opened again before everybody was told of its end.
        (row.approved_commit, row.approved_by) = (None, None);
        (row.state, row.changed_at) = (PreviewState::Waiting, now);
    }
    row.moved_to(commit);
    row.title.clone_from(&request.title);
    row.branch.clone_from(&request.branch);
    row.url = request.url.clone().or(row.url);
    row.foreign = request.fork || request.outside;
    row
}

impl PreviewRow {
    /// Notes its newest commit.
    pub(super) fn moved_to(&mut self, commit: String) {
        if self.commit != commit {
            (self.commit, self.changed_at) = (commit, crate::store::now());
            (self.approved_commit, self.approved_by) = (None, None);
        }
    }
}

/// The beginning of a commit's id.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
