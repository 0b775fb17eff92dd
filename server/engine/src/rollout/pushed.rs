//! A deployment of what was pushed to Berth itself: its files, and the moment when branch and traffic move together.

use berth_domain::{
    deployment::{Cause, Commit, Status},
    source::{PushedSource, Source},
};

use super::{
    Rollout,
    build::{FETCH_WITHIN, keep_git_lines},
    halt::Halt,
};
use crate::{
    Engine, Error,
    git::{Bounds, GitError, Hosted, LIVE},
    hosting::Gate,
    store::{Scope, ServiceRow, Subject},
};
use std::path::Path;
use tokio::sync::mpsc;

impl Rollout {
    /// Writes the files of the pushed commit, or of the branch as it is now, into a folder.
    pub(super) async fn take_out(&mut self, pushed: &PushedSource, folder: &Path) -> Result<Commit, Halt> {
        let git = &self.engine.parts.git;
        let bounds = Bounds { deadline: FETCH_WITHIN, cancel: self.signals.cancel.clone() };
        let hosted = self.repository().await?;
        let id = match &self.job.request.commit {
            Some(commit) => commit.clone(),
            None => {
                let head = git.branch_head(&hosted, &pushed.branch, &bounds).await?;
                let nothing = || format!("Nothing was pushed to {} yet. Push it first", pushed.branch);
                head.ok_or_else(|| Halt::failed(nothing()))?
            }
        };
        self.journal.say(&format!("Take commit {} out of what was pushed", short(&id))).await;
        let found = git.commit_in(&hosted, &id, &bounds).await.map_err(|error| match error {
            GitError::NoSuchRevision { .. } => Halt::failed(missing(&id)),
            other => other.into(),
        })?;
        let pointers = git.extract(&hosted, &found.id, folder, &bounds).await?;
        if let Some(first) = pointers.first() {
            return Err(Halt::failed(without_large_files(first, pointers.len())));
        }
        self.fetch_links(&hosted, &found.id, folder, &bounds).await?;
        Ok(Commit { id: found.id, title: found.subject, author: found.author })
    }

    /// Fetches the submodules of what was pushed.
    async fn fetch_links(
        &self,
        hosted: &Hosted,
        id: &str,
        folder: &Path,
        bounds: &Bounds,
    ) -> Result<(), Halt> {
        let git = &self.engine.parts.git;
        for link in git.links_of(hosted, id, folder, bounds).await? {
            let remote = self.engine.remote_in_push(&self.job, link.url()?).await?.named_by_a_push()?;
            let (lines, received) = mpsc::unbounded_channel();
            let fetching = async {
                // The receiver lives as long as the fetch.
                let tell = move |line: &str| drop(lines.send(line.to_owned()));
                git.fetch_link(&remote, &link, folder, bounds, &tell).await
            };
            let (fetched, ()) = tokio::join!(fetching, keep_git_lines(self.journal.clone(), received));
            let subject = Subject::deployment(self.job.service, &self.job.path, self.job.number);
            self.engine.trust_host(Scope(self.job.organisation), subject, &remote).await?;
            fetched?;
        }
        Ok(())
    }

    /// The repository; with what a push has brought and nobody has accepted yet.
    async fn repository(&self) -> Result<Hosted, Halt> {
        match self.engine.parts.hosting.gate(self.job.id) {
            Some(gate) => Ok(gate.hosted),
            None => {
                let branch = self.job.source.branch().unwrap_or("main");
                self.engine.hosted(self.job.service, branch).await.map_err(Halt::fault)
            }
        }
    }

    /// Before the traffic moves: from here on the repository has the commit for good, whatever happens to the push.
    pub(super) async fn keep_pushed(&self) -> Result<(), Halt> {
        let Some((pushed, id)) = self.pushed_commit() else { return Ok(()) };
        let (git, bounds) = (&self.engine.parts.git, Bounds::within(FETCH_WITHIN));
        let hosted = self.repository().await?;
        if let Some(Gate { before, .. }) = self.engine.parts.hosting.gate(self.job.id) {
            if git.branch_head(&hosted, &pushed.branch, &bounds).await? != before {
                return Err(Halt::failed(format!(
                    "{} was moved by another push meanwhile. Fetch it, and push again",
                    pushed.branch
                )));
            }
            let adopted = hosted.clone();
            tokio::task::spawn_blocking(move || adopted.adopt())
                .await
                .map_err(Halt::fault)?
                .map_err(Halt::fault)?;
        }
        let kept = self.engine.parts.hosting.of(self.job.service);
        git.commit_in(&kept, id, &bounds).await.map_err(|_| Halt::failed(missing(id)))?;
        Ok(git.point(&kept, LIVE, id, &bounds).await?)
    }

    /// The deployment is live. A push that still waits moves the branch itself.
    pub(super) async fn move_branch(&self) {
        let Some((pushed, id)) = self.pushed_commit() else { return };
        if self.engine.parts.hosting.gate(self.job.id).is_some() {
            return;
        }
        if let Err(error) = self.engine.point_branch(self.job.service, &pushed.branch, id).await {
            tracing::warn!(%error, "could not move the branch to what is live");
        }
    }

    /// The commit that a push wants to have deployed.
    fn pushed_commit(&self) -> Option<(&PushedSource, &str)> {
        match (&self.job.source, &self.job.request.commit) {
            (Source::Pushed(pushed), Some(id)) if self.job.cause == Cause::Push => Some((pushed, id)),
            _ => None,
        }
    }
}

impl Engine {
    /// Moves the branch to the commit of a deployment whose push did not wait for it, when it is live.
    pub(crate) async fn branch_follows(&self, service: &ServiceRow, number: u64) -> crate::Result<()> {
        let row = self.store().scoped(service.scope()).deployment(service.id, number).await?;
        let live = row.filter(|row| row.state.status() == Status::Live);
        match (live.and_then(|row| row.commit), service.source.branch()) {
            (Some(commit), Some(branch)) => self.point_branch(service.id, branch, &commit.id).await,
            _ => Ok(()),
        }
    }

    async fn point_branch(
        &self,
        service: berth_domain::ids::ServiceId,
        branch: &str,
        id: &str,
    ) -> crate::Result<()> {
        let hosted = self.hosted(service, branch).await?;
        let name = format!("refs/heads/{branch}");
        let pointed = self.parts.git.point(&hosted, &name, id, &Bounds::within(FETCH_WITHIN)).await;
        pointed.map_err(|error| Error::internal("move the branch", error))
    }
}

/// A push brings only the pointers of Git LFS: there is no store for what they point to.
fn without_large_files(first: &str, count: usize) -> String {
    let first: String = first.chars().take(200).flat_map(char::escape_debug).collect();
    format!(
        "{count} files of what was pushed are only pointers of Git LFS, such as {first}: Berth keeps no files of Git LFS. \
         Either put them into the repository itself (git lfs migrate export --everything --include=\"{first}\", then push \
         again), or let the service come from the git host that has them"
    )
}

fn missing(id: &str) -> String {
    format!("The push that brought commit {} was cut off before it was accepted. Push it again", short(id))
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
