//! Which files changed, without their contents: only commits and trees are fetched, and no more history than needed.

use super::process::Limits;
use super::{Bounds, Commit, Git, GitError, Remote, Revision, is_commit_id};

/// How far back the former commit is looked for. Farther back, or not in the history at all, counts as not there.
const HISTORY: &str = "--depth=100";

/// The most files that are listed.
const MOST_FILES: usize = 1_000;

/// A stretch of a branch.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// Where both commits are.
    pub branch: &'a str,
    /// The commit before; none for a branch that is new.
    pub before: Option<&'a str>,
    /// The commit after.
    pub after: &'a str,
}

/// What a stretch of a branch changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The message of the commit after.
    pub message: String,
    /// Files that were added, modified or removed; a file that was renamed is both. None when the commit before is not in
    /// the recent history of the commit after: it is new, or history was rewritten.
    pub files: Option<Vec<String>>,
}

impl Git {
    /// What a stretch of a branch changed.
    pub async fn changes(
        &self,
        remote: &Remote,
        span: &Span<'_>,
        bounds: &Bounds,
    ) -> Result<Changes, GitError> {
        if let Some(id) = span.before.iter().chain([&span.after]).find(|id| !is_commit_id(id)) {
            Revision::commit(id)?;
        }
        let limits = Limits::of(bounds);
        let folder = self.trees(remote, span.branch, HISTORY, &limits).await?;
        let show = self.local(Some(folder.path())).args(["log", "-1", "--no-show-signature", "--format=%B"]);
        let message = show.args([span.after, "--"]).run(&limits, &|_| ()).await?;
        let Some(before) = span.before else { return Ok(Changes { message, files: None }) };
        let ancestor =
            self.local(Some(folder.path())).args(["merge-base", "--is-ancestor", before, span.after]);
        match ancestor.run(&limits, &|_| ()).await {
            Ok(_) => {}
            Err(GitError::Failed { .. }) => return Ok(Changes { message, files: None }),
            Err(error) => return Err(error),
        }
        let differ = self.local(Some(folder.path())).args(["diff", "--name-only", "--no-renames", "-z"]);
        let listing = differ.args([before, span.after, "--"]).run(&limits, &|_| ()).await?;
        Ok(Changes { message, files: Some(listing.split_terminator('\0').map(str::to_owned).collect()) })
    }

    /// The newest commit of a branch with the files that it touched, at most a thousand.
    pub async fn last_commit(
        &self,
        remote: &Remote,
        branch: &str,
        bounds: &Bounds,
    ) -> Result<(Commit, Vec<String>), GitError> {
        let limits = Limits::of(bounds);
        let folder = self.trees(remote, branch, "--depth=2", &limits).await?;
        let commit = self.head(folder.path(), &limits).await?;
        // Of a merge: what it brought to the branch that it was made on.
        let show = self.local(Some(folder.path())).args([
            "log",
            "-1",
            "-m",
            "--first-parent",
            "--no-show-signature",
            "--format=",
            "--name-only",
            "--no-renames",
            "-z",
        ]);
        let listing = show.run(&limits, &|_| ()).await?;
        let files = listing.split_terminator('\0').map(|name| name.trim_start_matches('\n'));
        Ok((commit, files.filter(|name| !name.is_empty()).take(MOST_FILES).map(str::to_owned).collect()))
    }

    /// A bare clone of commits and trees of a branch, which is its HEAD; it goes with the folder.
    async fn trees(
        &self,
        remote: &Remote,
        branch: &str,
        depth: &str,
        limits: &Limits,
    ) -> Result<tempfile::TempDir, GitError> {
        let revision = Revision::branch(branch)?;
        let folder = self.scratch("trees-")?;
        let nobody = |_: &str| ();
        self.local(Some(folder.path())).args(["init", "--quiet", "--bare"]).run(limits, &nobody).await?;
        let wanted = format!("+{}:refs/heads/main", revision.ref_name());
        let fetch = self.at(remote)?.inside(folder.path()).args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            // A server that does not know filters sends the contents too.
            "--filter=blob:none",
            depth,
            "--",
            remote.url.as_str(),
            &wanted,
        ]);
        fetch.run(limits, &nobody).await.map_err(|error| error.of(&revision))?;
        Ok(folder)
    }
}
