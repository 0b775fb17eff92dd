//! The repositories that Berth keeps itself: bare ones, which git's own programs serve.
//!
//! What a push brings stays in git's quarantine until the hook has said yes; a build reads it from there.

use std::io;
use std::path::{Path, PathBuf};

use super::lfs::pointers;
use super::process::{Invocation, Limits, Started};
use super::{Bounds, Commit, Git, GitError, HOOK, Revision, hook};

/// Keeps the commit that gets or is about to get the traffic; clients never see it.
pub(crate) const LIVE: &str = "refs/berth/live";

/// Configuration for whoever is served. What was wrong in old histories and harms nobody does not stop a push.
const SERVING: [(&str, &str); 18] = [
    ("transfer.hideRefs", "refs/berth"),
    ("uploadpack.allowFilter", "true"),
    ("receive.fsckObjects", "true"),
    ("receive.fsck.zeroPaddedFilemode", "ignore"),
    ("receive.fsck.badTimezone", "ignore"),
    ("receive.fsck.missingSpaceBeforeDate", "ignore"),
    ("receive.fsck.missingSpaceBeforeEmail", "ignore"),
    ("receive.fsck.badFilemode", "ignore"),
    ("receive.maxInputSize", "8g"),
    ("receive.denyDeleteCurrent", "refuse"),
    ("receive.autogc", "true"),
    ("maintenance.auto", "true"),
    ("maintenance.autoDetach", "false"),
    ("gc.auto", "2000"),
    ("gc.autoPackLimit", "30"),
    ("gc.autoDetach", "false"),
    ("pack.windowMemory", "64m"),
    ("pack.threads", "1"),
];

/// What a client wants of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// To read: `git clone` and `git fetch`.
    Fetch,
    /// To write: `git push`.
    Push,
}

impl Exchange {
    /// The name that git's protocols have for it.
    pub fn service(self) -> &'static str {
        match self {
            Self::Fetch => "git-upload-pack",
            Self::Push => "git-receive-pack",
        }
    }

    /// Reads that name.
    pub fn of_service(name: &str) -> Option<Self> {
        [Self::Fetch, Self::Push].into_iter().find(|exchange| exchange.service() == name)
    }
}

/// Which part of the conversation one run of git has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Over HTTP: say what there is.
    Advertise,
    /// Over HTTP: one request, one answer.
    Answer,
    /// Over SSH: all of it.
    Whole,
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub exchange: Exchange,
    pub turn: Turn,
    /// What the client says of the protocol: `version=2`.
    pub protocol: Option<String>,
}

impl Ask {
    /// The protocol as git takes it; what a client could not mean is left out.
    fn protocol(&self) -> Option<&str> {
        let fits = |text: &&str| {
            text.len() <= 100
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b':' | b'.' | b'-'))
        };
        self.protocol.as_deref().filter(fits)
    }
}

/// How the hook of a push finds back to the server.
pub(crate) struct WayBack<'a> {
    pub hooks: &'a Path,
    pub socket: &'a Path,
    pub ticket: &'a str,
}

/// A bare repository of a service; with the objects of a push that nobody has accepted yet, when there is one.
#[derive(Clone, Debug)]
pub(crate) struct Hosted {
    path: PathBuf,
    quarantine: Option<PathBuf>,
}

impl Hosted {
    /// The repository in this folder.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), quarantine: None }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same with what git keeps in this folder, which must be one of the repository's own.
    pub fn with_quarantine(&self, folder: &Path) -> io::Result<Self> {
        let (folder, objects) = (folder.canonicalize()?, self.objects().canonicalize()?);
        let named = folder.file_name().is_some_and(|name| name.to_string_lossy().contains("incoming-"));
        if folder.parent() == Some(&objects) && named {
            return Ok(Self { path: self.path.clone(), quarantine: Some(folder) });
        }
        Err(io::Error::other("it is not a folder that git keeps a push in"))
    }

    fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    /// Takes the objects of the push into the repository, whatever becomes of the push. git does the same when it
    /// accepts one; what is there already stays as it is.
    pub fn adopt(&self) -> io::Result<()> {
        let Some(quarantine) = &self.quarantine else { return Ok(()) };
        for folder in std::fs::read_dir(quarantine)? {
            let folder = folder?.path();
            let Some(name) = folder.file_name().filter(|name| holds_objects(&name.to_string_lossy())) else {
                continue;
            };
            let to = self.objects().join(name);
            std::fs::create_dir_all(&to)?;
            let mut files: Vec<PathBuf> =
                std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
            // A pack counts once its index is there.
            files.sort_by_key(|file| file.extension().is_some_and(|extension| extension == "idx"));
            for file in files {
                link(&file, &to)?;
            }
        }
        Ok(())
    }
}

/// Where git keeps objects: packs, and loose ones by the first byte of their ids.
fn holds_objects(name: &str) -> bool {
    name == "pack" || (name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn link(file: &Path, folder: &Path) -> io::Result<()> {
    let Some(name) = file.file_name() else { return Ok(()) };
    match std::fs::hard_link(file, folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

impl Git {
    /// Makes an empty repository whose HEAD is this branch; one that is there keeps what it has.
    pub(crate) async fn init_hosted(
        &self,
        hosted: &Hosted,
        branch: &str,
        bounds: &Bounds,
    ) -> Result<(), GitError> {
        Revision::branch(branch)?;
        let (path, limits) = (hosted.path(), Limits::of(bounds));
        tokio::fs::create_dir_all(path).await.map_err(|error| GitError::folder(path, &error))?;
        self.local(Some(path)).args(["init", "--quiet", "--bare"]).run(&limits, &|_| ()).await?;
        let head = format!("refs/heads/{branch}");
        self.bare(hosted).args(["symbolic-ref", "HEAD", &head]).run(&limits, &|_| ()).await.map(drop)
    }

    /// Starts git's side of a conversation about a repository.
    pub(crate) fn serve(
        &self,
        hosted: &Hosted,
        ask: &Ask,
        back: Option<&WayBack<'_>>,
    ) -> Result<Started, GitError> {
        let mut call = self.bare(hosted).configured(&SERVING);
        call = match ask.exchange {
            Exchange::Fetch => call.args(["upload-pack", "--strict", "--timeout=600"]),
            Exchange::Push => call.arg("receive-pack"),
        };
        call = match ask.turn {
            Turn::Advertise => call.args(["--stateless-rpc", "--advertise-refs"]),
            Turn::Answer => call.arg("--stateless-rpc"),
            Turn::Whole => call,
        };
        if let Some(protocol) = ask.protocol() {
            call = call.env("GIT_PROTOCOL", protocol);
        }
        if let Some(back) = back {
            call = call
                .configured(&[("core.hooksPath", back.hooks.to_string_lossy().as_ref())])
                .env(hook::SOCKET_VARIABLE, back.socket)
                .env(hook::TICKET_VARIABLE, back.ticket);
        }
        call.arg(".").start()
    }

    /// The commit that a branch is at.
    pub(crate) async fn branch_head(
        &self,
        hosted: &Hosted,
        branch: &str,
        bounds: &Bounds,
    ) -> Result<Option<String>, GitError> {
        let name = format!("refs/heads/{branch}");
        let call = self.bare(hosted).args(["for-each-ref", "--format=%(objectname) %(refname)", &name]);
        let listing = call.run(&Limits::of(bounds), &|_| ()).await?;
        let found = listing.lines().filter_map(|line| line.split_once(' ')).find(|(_, found)| *found == name);
        Ok(found.map(|(id, _)| id.to_owned()))
    }

    /// What is known of a commit; an error when the repository does not have it.
    pub(crate) async fn commit_in(
        &self,
        hosted: &Hosted,
        id: &str,
        bounds: &Bounds,
    ) -> Result<Commit, GitError> {
        Revision::commit(id)?;
        self.commit_of(self.bare(hosted), Some(id), &Limits::of(bounds)).await.map_err(|error| match error {
            GitError::Failed { .. } => GitError::NoSuchRevision {
                remote: "the repository that Berth keeps".into(),
                revision: format!("commit {id}"),
            },
            other => other,
        })
    }

    /// Writes the files of a commit into an empty folder, without any history; gives the names of those that are only the
    /// pointers of Git LFS.
    pub(crate) async fn extract(
        &self,
        hosted: &Hosted,
        id: &str,
        folder: &Path,
        bounds: &Bounds,
    ) -> Result<Vec<String>, GitError> {
        Revision::commit(id)?;
        let limits = Limits::of(bounds);
        // Beside the folder: the build must not see it.
        let index = folder.with_extension("index");
        let call = || self.bare(hosted).env("GIT_INDEX_FILE", &index).env("GIT_WORK_TREE", folder);
        let read = call().args(["read-tree", id]).run(&limits, &|_| ()).await;
        let written = match read {
            Ok(_) => {
                let write = call().inside(folder).args(["checkout-index", "--all", "--force", "--quiet"]);
                match write.run(&limits, &|_| ()).await {
                    Ok(_) => pointers(call().inside(folder), folder, &limits).await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        match tokio::fs::remove_file(&index).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, index = %index.display(), "could not remove the index of a checkout");
            }
            _ => {}
        }
        written
    }

    /// Lets a ref point to a commit.
    pub(crate) async fn point(
        &self,
        hosted: &Hosted,
        name: &str,
        id: &str,
        bounds: &Bounds,
    ) -> Result<(), GitError> {
        Revision::commit(id)?;
        let call = self.bare(hosted).args(["update-ref", "--no-deref", "--", name, id]);
        call.run(&Limits::of(bounds), &|_| ()).await.map(drop)
    }

    /// A call about a repository that Berth keeps.
    pub(super) fn bare(&self, hosted: &Hosted) -> Invocation {
        let call = self.local(Some(hosted.path())).env("GIT_DIR", hosted.path());
        match &hosted.quarantine {
            Some(quarantine) => call
                .env("GIT_OBJECT_DIRECTORY", quarantine)
                .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", hosted.objects()),
            None => call,
        }
    }
}

/// The file that git runs before it accepts a push: a link to this program, made anew at each start.
pub(crate) fn place_hook(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (hook, program) = (folder.join(HOOK), std::env::current_exe()?);
    match std::fs::remove_file(&hook) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => std::os::unix::fs::symlink(program, hook),
    }
}

#[cfg(test)]
#[path = "hosted_tests.rs"]
mod tests;
