//! Files with content on their way into instances: opened from the store, written once below the data folder, and mounted
//! from there.
//!
//! The folder is Berth's alone; the files in it can be read by everybody, because nobody but Berth and the instance into
//! which Docker mounts one can come to it, and an instance may run as any user.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use berth_domain::ids::{OrganisationId, ReleaseId, ServiceId};
use tokio::{fs, io::AsyncWriteExt};

use crate::{
    Engine, Error, Result,
    acting::file_place,
    docker::{Mount, Runtime},
    naming::{RELEASE, service_of},
    store::releases::ReleaseRow,
    vault::Secret,
};

/// How long a file that no instance has may stay: the instance may be about to be made.
const SPARED: Duration = Duration::from_secs(3_600);

impl Engine {
    /// A keyed digest of a file's content: equal contents of a service have equal digests, and nothing else shows.
    pub(crate) fn file_digest(&self, service: ServiceId, content: &[u8]) -> String {
        self.vault().digest(&format!("file {service}"), content)
    }

    /// A content out of its seal.
    pub(crate) async fn open_file(
        &self,
        organisation: OrganisationId,
        service: ServiceId,
        digest: &str,
    ) -> Result<Secret> {
        let found = self.store().content(organisation, service, digest).await?;
        let found = found.ok_or_else(|| Error::not_found("content of this file"))?;
        let opened = self.vault().unseal(&file_place(found.id), &found.sealed);
        opened.map_err(|error| Error::internal("open a file", error))
    }

    /// The mounts of a release's files, each of which is on disk after this.
    pub(crate) async fn file_mounts(&self, release: &ReleaseRow) -> Result<Vec<Mount>> {
        let folder = self.files_folder().join(release.service.to_string());
        let mut mounts = Vec::new();
        for (path, digest) in &release.spec.files {
            let source = folder.join(digest);
            if !fs::try_exists(&source).await.unwrap_or_default() {
                let content = self.open_file(release.organisation, release.service, digest).await?;
                let written = write_whole(&folder, &source, content.expose()).await;
                written.map_err(|error| Error::internal(format!("write the file {path} down"), error))?;
            }
            mounts.push(Mount::Bind { source, target: path.clone(), read_only: true });
        }
        Ok(mounts)
    }

    fn files_folder(&self) -> PathBuf {
        self.config().data.join("files")
    }
}

/// All of it or nothing, also after a power cut.
async fn write_whole(folder: &Path, target: &Path, content: &[u8]) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = tempfile::Builder::new().prefix(".draft").tempfile_in(folder)?;
    let mut file = fs::File::from_std(draft.reopen()?);
    file.write_all(content).await?;
    file.sync_all().await?;
    draft.as_file().set_permissions(std::fs::Permissions::from_mode(0o444))?;
    draft.persist(target).map_err(|error| error.error)?;
    fs::File::open(folder).await?.sync_all().await
}

/// Removes the files that no container has any more.
pub(crate) async fn sweep(engine: &Engine, docker: &dyn Runtime) -> Result<()> {
    let folder = engine.files_folder();
    if !fs::try_exists(&folder).await.unwrap_or_default() {
        return Ok(());
    }
    let needed = needed(engine, docker).await?;
    let failed = |error| Error::internal("remove files that nothing has any more", error);
    let mut services = fs::read_dir(&folder).await.map_err(failed)?;
    while let Some(service) = services.next_entry().await.map_err(failed)? {
        let id = service.file_name().to_str().and_then(|name| name.parse().ok());
        let digests = id.and_then(|id: ServiceId| needed.get(&id));
        sweep_folder(&service.path(), digests).await.map_err(failed)?;
    }
    Ok(())
}

async fn sweep_folder(folder: &Path, needed: Option<&BTreeSet<String>>) -> io::Result<()> {
    let mut files = fs::read_dir(folder).await?;
    while let Some(file) = files.next_entry().await? {
        let is_needed =
            file.file_name().to_str().is_some_and(|name| needed.is_some_and(|n| n.contains(name)));
        let age = file.metadata().await?.modified()?.elapsed().unwrap_or_default();
        if !is_needed && age > SPARED {
            fs::remove_file(file.path()).await?;
        }
    }
    // Fails, rightly, while something is in it.
    let _ = fs::remove_dir(folder).await;
    Ok(())
}

/// The contents that containers have, running or not: their releases say so.
async fn needed(engine: &Engine, docker: &dyn Runtime) -> Result<BTreeMap<ServiceId, BTreeSet<String>>> {
    let mut releases = BTreeMap::new();
    for instance in docker.instances(&engine.parts.naming.ours()).await? {
        let release = instance.labels.get(RELEASE).and_then(|id| id.parse::<ReleaseId>().ok());
        if let (Some(service), Some(release)) = (service_of(&instance.labels), release) {
            releases.insert(release, service);
        }
    }
    let mut needed: BTreeMap<ServiceId, BTreeSet<String>> = BTreeMap::new();
    for (release, service) in releases {
        if let Some(release) = engine.store().release(release).await? {
            needed.entry(service).or_default().extend(release.spec.files.into_values());
        }
    }
    Ok(needed)
}
