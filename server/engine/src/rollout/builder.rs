//! What makes the image: the repository's Dockerfile, or one that Berth writes for a static site; chosen by a person, or
//! found by looking.

use berth_domain::{
    builder::{BuildPlan, Builder, COMMAND_FILE, SOURCE_FOLDER, Seen, StaticSite, detect, site_dockerfile},
    source::{GitSource, Source},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Rollout, build::Checkout, halt::Halt};
use crate::{Engine, docker::Written, logs::Stream, store::deployments::Job};

/// The most of a `package.json` that is read.
const MOST: u64 = 1 << 20;

/// Folders whose `index.html` says something.
const FOLDERS: [&str; 3] = ["public", "dist", "_site"];

impl Rollout {
    /// The Dockerfile that Berth writes, or the path of the repository's own; says what it is when Berth chose it.
    pub(super) async fn choose_builder(
        &self,
        git: &GitSource,
        root: &Path,
    ) -> Result<(Option<Written>, String), Halt> {
        let plan = self.plan_of(git, root)?;
        for because in &plan.because {
            self.journal.say(because).await;
        }
        match plan.builder {
            Some(Builder::Static(site)) => {
                let behind = &self.engine.config().static_image;
                self.journal.say(&format!("Put the files behind {behind}.")).await;
                Ok((Some(self.written(&site)), String::new()))
            }
            Some(Builder::Dockerfile | Builder::Auto) => Ok((None, git.dockerfile.clone())),
            None => Err(Halt::failed(plan.because.join(" "))),
        }
    }

    fn written(&self, site: &StaticSite) -> Written {
        let (server, secrets) = (&self.engine.config().static_image, &self.job.settings.build_variables);
        let command = site.command.as_ref().map(|text| (COMMAND_FILE.to_owned(), format!("{text}\n")));
        Written {
            dockerfile: site_dockerfile(site, server, secrets),
            files: command.into_iter().collect::<BTreeMap<_, _>>(),
            folder: SOURCE_FOLDER.to_owned(),
        }
    }

    fn plan_of(&self, git: &GitSource, root: &Path) -> Result<BuildPlan, Halt> {
        let (builder, because) = match &git.builder {
            Builder::Auto => detect(&look(root, git)?, &git.dockerfile),
            chosen => (Some(chosen.clone()), Vec::new()),
        };
        let dockerfile = match &builder {
            Some(Builder::Static(site)) => Some(self.written(site).dockerfile),
            _ => None,
        };
        Ok(BuildPlan { builder, because, dockerfile, commit: None })
    }

    /// Fetches the source as it is now, and says what would be built of it.
    async fn preview_build(&mut self) -> Result<BuildPlan, Halt> {
        let folder = self.engine.config().data.join("builds").join(format!("plan-{}", self.job.id));
        let folder = Checkout::new(folder).await?;
        let (git, commit) = match self.job.source.clone() {
            Source::Git(git) => {
                let commit = self.check_out(&git, &folder.path).await?;
                (git, commit)
            }
            Source::Pushed(pushed) => (pushed.at(""), self.take_out(&pushed, &folder.path).await?),
            Source::Image(_) => {
                return Err(Halt::failed("The service is made of an image, and builds nothing"));
            }
        };
        let plan = self.plan_of(&git, &folder.path)?;
        Ok(BuildPlan { commit: Some(format!("{} {}", commit.short(), commit.title)), ..plan })
    }
}

impl Engine {
    /// What a deployment would build now; why not, in words, when that cannot be said.
    pub(crate) async fn plan_build(&self, mut job: Job) -> crate::Result<Result<BuildPlan, String>> {
        // Of its own: several may look at a time.
        let id = self.parts.ids.deployment();
        job.id = id;
        let mut rollout = Rollout::resume(self.clone(), job, Default::default()).await?;
        let plan = rollout.preview_build().await;
        // There is no deployment that these lines would belong to.
        if let Err(error) = self.parts.logs.remove(Stream::Deployment(id)).await {
            tracing::debug!(%error, "could not remove the log of a look at the source");
        }
        Ok(plan.map_err(|halt| match halt {
            Halt::Failed { reason, .. } => reason,
            Halt::Cancelled => "It was cancelled.".to_owned(),
            Halt::Lost(why) => why,
        }))
    }
}

/// What the source shows of itself at its folder. No link is followed.
fn look(root: &Path, git: &GitSource) -> Result<Seen, Halt> {
    let folder = git.folder.as_str();
    let at = root.join(folder);
    if !at.starts_with(root) || !is_real_folder(root, folder) {
        return Err(Halt::failed(format!("The repository has no folder {folder}")));
    }
    let mut files = names(&at);
    for inner in FOLDERS {
        if is_file(&at.join(inner).join("index.html")) && is_real_folder(&at, inner) {
            files.push(format!("{inner}/index.html"));
        }
    }
    if git.dockerfile.contains('/') && is_file(&at.join(&git.dockerfile)) {
        files.push(git.dockerfile.clone());
    }
    let package = at.join("package.json");
    let small = package.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() <= MOST);
    let package_json = if small { std::fs::read_to_string(package).ok() } else { None };
    Ok(Seen { files, package_json })
}

fn is_real_folder(root: &Path, inner: &str) -> bool {
    let mut at = PathBuf::from(root);
    Path::new(inner).components().all(|part| {
        at.push(part);
        at.symlink_metadata().is_ok_and(|found| found.is_dir())
    })
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
