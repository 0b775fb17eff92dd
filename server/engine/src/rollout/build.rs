//! From a source to an image with a tag of our own: clone and build, or pull, or take what an earlier release has.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use berth_domain::{
    deployment::Commit,
    disk::size_text,
    source::{GitSource, ImageSource, PushedSource, Source},
    upload::Upload,
};
use tokio::sync::mpsc;

use super::{Rollout, halt::Halt, journal::Journal};
use crate::{
    docker::{BuildLine, BuildRequest, DockerError, Labels, Runtime},
    git::{Bounds, GitError, RemoteUrl, Revision},
    logs::NewLine,
    naming::SERVICE,
    pen::{self, Limits, Pen, Running},
    scratch,
    store::{Scope, Subject},
    uploads::archive,
};

/// How long a fetch may take; a server that accepts and never answers ends it.
pub(super) const FETCH_WITHIN: Duration = Duration::from_secs(600);

/// How often the removal of a checkout is tried again.
const REMOVED_AGAIN: usize = 20;

/// The most lines of a build that are written at a time.
const BATCH: usize = 512;

impl Rollout {
    /// Ends with the tag of this deployment on an image of this machine.
    pub(super) async fn build(&mut self) -> Result<(), Halt> {
        if let Some(release) = &self.job.release {
            return self
                .reuse_image(&release.spec.image_id.clone(), "Use the image of the earlier release")
                .await;
        }
        if self.job.request.restart
            && let Some(live) =
                self.engine.parts.store.live_release(self.job.service).await.map_err(Halt::store)?
        {
            self.job.commit = live.spec.commit.clone();
            self.job.image = Some(live.spec.image_name.clone());
            return self.reuse_image(&live.spec.image_id, "Use the image of the live release").await;
        }
        if let Some(upload) = self.job.request.upload.clone() {
            return self.build_from_upload(&upload).await;
        }
        match self.job.source.clone() {
            Source::Git(git) => self.build_from_git(&git).await,
            Source::Pushed(pushed) => self.build_from_push(&pushed).await,
            Source::Image(image) => {
                let reference = self.job.request.image.clone().unwrap_or(image.reference);
                self.pull(&ImageSource { reference }).await
            }
        }
    }

    /// The tag of this deployment's image; it keeps the image from being collected.
    pub(super) fn image_tag(&self) -> String {
        self.engine.parts.naming.image(self.job.service, self.job.number)
    }

    async fn reuse_image(&mut self, image_id: &str, words: &str) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        if docker.inspect_image(image_id).await?.is_none() {
            return Err(Halt::failed(
                "The image of that release is no longer on this machine. Deploy its commit again to build it anew",
            ));
        }
        self.journal.say(words).await;
        docker.tag_image(image_id, &self.image_tag()).await?;
        Ok(())
    }

    async fn pull(&mut self, image: &ImageSource) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        self.job.image = Some(image.reference.clone());
        let local = docker.inspect_image(&image.reference).await?;
        self.journal.say(&format!("Pull {}", image.reference)).await;
        let auth = self.engine.registry_credential(&self.job, &image.reference).await?;
        let facts = match (docker.pull_image(&image.reference, auth.as_ref(), &|_| {}).await, local) {
            (Ok(facts), _) => facts,
            (Err(error), Some(local)) => {
                self.journal.say(&format!("{error} The copy on this machine is used.")).await;
                local
            }
            (Err(error), None) => return Err(error.into()),
        };
        self.journal.say(&format!("Image {}", facts.id)).await;
        docker.tag_image(&facts.id, &self.image_tag()).await?;
        Ok(())
    }

    async fn build_from_git(&mut self, git: &GitSource) -> Result<(), Halt> {
        let _turn = self.wait_for_turn().await?;
        let folder = Checkout::new(scratch::of_build(&self.engine.config().data, self.job.id)).await?;
        let commit = self.check_out(git, &folder.path).await?;
        self.note(commit).await?;
        self.build_image(git, &folder.path).await
    }

    async fn build_from_push(&mut self, pushed: &PushedSource) -> Result<(), Halt> {
        let _turn = self.wait_for_turn().await?;
        let folder = Checkout::new(scratch::of_build(&self.engine.config().data, self.job.id)).await?;
        let commit = self.take_out(pushed, &folder.path).await?;
        self.note(commit).await?;
        self.build_image(&pushed.at(""), &folder.path).await
    }

    async fn build_from_upload(&mut self, upload: &Upload) -> Result<(), Halt> {
        if upload.image {
            return self.load(upload).await;
        }
        let build = match &self.job.source {
            Source::Git(git) => git.clone(),
            Source::Pushed(pushed) => pushed.at(""),
            Source::Image(_) => {
                return Err(Halt::failed("The service is made of an image now, and builds nothing"));
            }
        };
        let _turn = self.wait_for_turn().await?;
        let folder =
            Checkout::new(self.engine.config().data.join("builds").join(self.job.id.to_string())).await?;
        let commit = self.unpack(upload, &folder.path).await?;
        self.note(commit).await?;
        self.build_image(&build, &folder.path).await
    }

    /// Writes the files of a tarball into a folder. Its digest stands for the commit.
    async fn unpack(&self, upload: &Upload, folder: &Path) -> Result<Commit, Halt> {
        let title = format!("{} files, {}, as a tarball", upload.files, size_text(upload.size));
        self.journal.say(&format!("Unpack {title}")).await;
        let path = self.engine.upload_file(self.job.service, upload);
        let (bounds, root) = (self.engine.upload_bounds(), folder.to_owned());
        let unpacked = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::open(&path)?;
            archive::unpack(&file, &bounds, &root).map_err(std::io::Error::other)
        });
        let gone = |error: std::io::Error| {
            Halt::failed(format!("The tarball cannot be unpacked: {error}. Send it again"))
        };
        unpacked.await.map_err(Halt::fault)?.map_err(gone)?;
        Ok(Commit { id: upload.digest.clone(), title, author: self.job.actor.clone() })
    }

    /// Writes down what is built.
    pub(super) async fn note(&mut self, commit: Commit) -> Result<(), Halt> {
        self.journal.say(&format!("Commit {} {} by {}", commit.short(), commit.title, commit.author)).await;
        self.job.commit = Some(commit);
        self.job.image = Some(self.image_tag());
        self.engine.parts.store.note_source(&self.job).await.map_err(Halt::store)
    }

    /// Waits until no other build is in the way, and sees that there is room for one more.
    pub(super) async fn wait_for_turn(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Halt> {
        let builds = self.engine.parts.builds.clone();
        let turn = match builds.clone().try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                self.journal.say("Wait for another build to finish.").await;
                builds.acquire_owned().await.map_err(Halt::fault)?
            }
        };
        self.engine.find_room().await.map_err(|shortage| Halt::failed(shortage.to_string()))?;
        Ok(turn)
    }

    pub(super) async fn check_out(&mut self, git: &GitSource, folder: &Path) -> Result<Commit, Halt> {
        let remote = self.engine.remote_for(&self.job, git, git.url.parse::<RemoteUrl>()?).await?;
        let revision = match &self.job.request.commit {
            Some(commit) => Revision::commit(commit)?,
            None => Revision::branch(&git.branch)?,
        };
        self.journal.say(&format!("Fetch {revision} from {}", remote.url)).await;
        let bounds = Bounds { deadline: FETCH_WITHIN, cancel: self.signals.cancel.clone() };
        let (lines, received) = mpsc::unbounded_channel();
        let tell = move |line: &str| {
            // Of a counter that runs up to 100 % only its end is worth a line. The receiver lives as long as the checkout.
            if !line.contains("% (") || line.contains("100% (") {
                let _ = lines.send(line.to_owned());
            }
        };
        let checking_out = async {
            let (tell, program) = (tell, &self.engine.parts.git);
            let done =
                program.checkout(&remote, &revision, Some(&git.branch), folder, &bounds, &tell).await?;
            program.complete(&remote, folder, &bounds, &tell).await?;
            Ok::<_, GitError>(done)
        };
        let (done, ()) = tokio::join!(checking_out, keep_git_lines(self.journal.clone(), received));
        let scope = Scope(self.job.organisation);
        let subject = Subject::deployment(self.job.service, &self.job.path, self.job.number);
        self.engine.trust_host(scope, subject, &remote).await?;
        let done = done?;
        Ok(Commit { id: done.id, title: done.subject, author: done.author })
    }

    async fn build_image(&mut self, git: &GitSource, root: &Path) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        let naming = &self.engine.parts.naming;
        let mut labels: Labels = naming.ours();
        labels.insert(SERVICE.into(), self.job.service.to_string());
        let (written, dockerfile) = self.choose_builder(git, root).await?;
        let request = BuildRequest {
            root: root.to_owned(),
            context: git.folder.clone(),
            dockerfile,
            target: git.target.clone().filter(|target| !target.is_empty() && written.is_none()),
            written,
            args: git.build_args.clone(),
            tag: self.image_tag(),
            labels,
            no_cache: self.job.request.no_cache,
            secrets: self.build_secrets().await?,
            registries: self.engine.registries_of(self.job.organisation).await?,
            ..BuildRequest::default()
        };
        let (lines, received) = mpsc::unbounded_channel();
        let running = Running::default();
        let heard = running.clone();
        let sink = move |line: BuildLine| {
            heard.hear(&line);
            // The receiver lives as long as the build; a line behind its end has nobody to read it.
            let _ = lines.send(line);
        };
        let building = async {
            let sink = sink;
            self.build_in_pen(&*docker, &request, &sink, &running).await
        };
        let (built, ()) = tokio::join!(building, keep_lines(self.journal.clone(), received));
        let id = built?;
        self.journal.say(&format!("Built {id}")).await;
        self.engine.keep_cache_in_budget(&*docker).await;
        self.push_release().await
    }

    /// Builds within what all builds together may take; one that comes to a limit ends by its name.
    async fn build_in_pen(
        &self,
        docker: &dyn Runtime,
        request: &BuildRequest,
        sink: &(dyn Fn(BuildLine) + Send + Sync),
        running: &Running,
    ) -> Result<String, Halt> {
        let (pen, config) = (Pen::new(), self.engine.config());
        let limits = Limits::of(config.build_memory, config.build_processes).await;
        let said = match pen.close(&limits).await {
            Ok(()) => format!("All builds together may take {limits}."),
            Err(error) => format!("This build has no limits: {error}."),
        };
        self.journal.say(&said).await;
        let before = pen.met().await;
        let cancel = self.signals.cancel.child_token();
        let mut building = docker.build_image(request, sink, &cancel);
        let built = tokio::select! {
            built = &mut building => built,
            () = pen.overrun(&limits, running) => {
                cancel.cancel();
                // It is over once Docker says so, however it ended.
                let _ = building.await;
                return Err(Halt::failed(pen::too_many(&limits)));
            }
        };
        match built {
            Err(DockerError::Build(failure)) => {
                let limit = pen.met().await.since(before, &limits, &failure);
                Err(match limit {
                    Some(limit) => Halt::failed_with(format!("{limit}. {failure}"), failure.last_lines),
                    None => DockerError::Build(failure).into(),
                })
            }
            built => Ok(built?),
        }
    }
}

/// Writes a build's lines in batches, as they come.
async fn keep_lines(journal: Journal, mut lines: mpsc::UnboundedReceiver<BuildLine>) {
    let mut batch = Vec::with_capacity(BATCH);
    while lines.recv_many(&mut batch, BATCH).await > 0 {
        let written: Vec<NewLine> = batch.drain(..).map(|line| journal.build_line(&line)).collect();
        journal.write(written).await;
    }
}

/// Writes what git says, as it comes.
pub(super) async fn keep_git_lines(journal: Journal, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = lines.recv().await {
        journal.say(&line).await;
    }
}

/// A checkout that goes away with its build.
pub(super) struct Checkout {
    pub(super) path: PathBuf,
}

impl Checkout {
    /// An empty folder; what a former attempt left is removed.
    pub(super) async fn new(path: PathBuf) -> Result<Self, Halt> {
        match tokio::fs::remove_dir_all(&path).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Halt::fault(error)),
        }
        tokio::fs::create_dir_all(&path).await.map_err(Halt::fault)?;
        Ok(Self { path })
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // A git that was just killed may still make a file while its folder goes.
        let remove = || std::fs::remove_dir_all(&self.path);
        let mut removed = remove();
        for _ in 0..REMOVED_AGAIN {
            if removed.is_ok() {
                return;
            }
            std::thread::yield_now();
            removed = remove();
        }
        if let Err(error) = removed {
            tracing::warn!(%error, path = %self.path.display(), "could not remove a checkout; the next start does");
        }
    }
}
