//! Source or an image that is sent as a tarball: taken in, looked through, and kept for as long as a release was made from it.

pub(crate) mod archive;
pub(crate) mod image;

use crate::{
    Engine, Error, Result,
    store::{Scope, deployments::Kept},
};
use archive::Bounds;
use berth_domain::{
    disk::size_text,
    ids::ServiceId,
    problem::{Problem, ProblemKind},
    upload::Upload,
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fs::File,
    io::{Seek, SeekFrom},
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, SystemTime},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// How long a sender may say nothing.
const SILENCE: Duration = Duration::from_secs(60);

/// What nobody refers to is left alone for so long: it may be on its way into the queue.
const GRACE: Duration = Duration::from_secs(3_600);

/// The most entries of a tarball.
const ENTRIES: u64 = 500_000;

/// How many deployments of a service are looked through for what they were built from.
const RECENT: u64 = 200;

impl Engine {
    /// What a tarball may have.
    pub(crate) fn upload_bounds(&self) -> Bounds {
        Bounds { bytes: self.config().upload_limit, entries: ENTRIES }
    }

    fn uploads_of(&self, service: ServiceId) -> PathBuf {
        self.config().data.join("uploads").join(service.to_string())
    }

    /// The tarball of a deployment.
    pub(crate) fn upload_file(&self, service: ServiceId, upload: &Upload) -> PathBuf {
        self.uploads_of(service).join(format!("{}.tar", upload.digest))
    }

    /// Takes a tarball in, piece by piece, and looks through it; nothing of it is unpacked yet.
    pub(crate) async fn receive_upload(
        &self,
        service: ServiceId,
        image: bool,
        body: Pin<&mut (dyn AsyncRead + Send)>,
    ) -> Result<Upload> {
        let folder = self.uploads_of(service);
        let io = |error: std::io::Error| Error::internal("keep what was sent", error);
        tokio::fs::create_dir_all(&folder).await.map_err(io)?;
        // It goes away by itself unless it is kept.
        let arriving = tempfile::Builder::new().prefix(".arriving-").tempfile_in(&folder).map_err(io)?;
        let (file, path) = arriving.into_parts();
        let (file, digest, size) = self.write_down(file, body).await?;
        let bounds = self.upload_bounds();
        let looked = tokio::task::spawn_blocking(move || match image {
            true => image::look_through(&file, &bounds).map(|image| image.layers()),
            false => archive::look_through(&file, &bounds),
        });
        let looked = looked.await;
        let files = looked.map_err(|error| Error::internal("look through a tarball", error))?.map_err(|why| {
            let hint = match image {
                true => "Nothing was deployed. Write the archive with docker save NAME, and one image only.",
                false => "Nothing was deployed. Make the tarball of plain files, folders and links that stay inside it.",
            };
            Error::Problem(Problem::new(ProblemKind::Invalid, format!("{why}.")).with_hint(hint))
        })?;
        let upload = Upload { digest, size, files, image };
        path.persist(self.upload_file(service, &upload)).map_err(|error| io(error.error))?;
        Ok(upload)
    }

    async fn write_down(
        &self,
        file: File,
        mut body: Pin<&mut (dyn AsyncRead + Send)>,
    ) -> Result<(File, String, u64)> {
        let io = |error: std::io::Error| Error::internal("keep what was sent", error);
        let most = self.config().upload_limit;
        let mut file = tokio::fs::File::from_std(file);
        let (mut digest, mut size, mut piece) = (Sha256::new(), 0_u64, vec![0; 64 << 10]);
        loop {
            let read = tokio::time::timeout(SILENCE, body.read(&mut piece)).await;
            let count = match read {
                Ok(Ok(0)) => break,
                Ok(Ok(count)) => count,
                Ok(Err(_)) | Err(_) => return Err(refused("The tarball broke off. Send it again.")),
            };
            size += count as u64;
            if size > most {
                let limit = size_text(most);
                return Err(refused(format!("The tarball has more than {limit} (BERTH_UPLOAD_MIB).")));
            }
            digest.update(&piece[..count]);
            file.write_all(&piece[..count]).await.map_err(io)?;
        }
        file.sync_all().await.map_err(io)?;
        let mut file = file.into_std().await;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        Ok((file, hex::encode(digest.finalize()), size))
    }
}

fn refused(message: impl Into<String>) -> Error {
    Problem::new(ProblemKind::Invalid, message).into()
}

/// Removes the tarballs that no release, and nothing in the queue, was made from.
pub(crate) async fn sweep(engine: &Engine) -> Result<()> {
    let folder = engine.config().data.join("uploads");
    for name in names(&folder) {
        let Ok(service) = name.parse::<ServiceId>() else { continue };
        let at = folder.join(&name);
        match engine.store().service_anywhere(service).await? {
            None => remove_folder(&at),
            Some(row) => {
                let kept = engine.store().kept(service, engine.config().releases_kept).await?;
                let wanted = wanted(engine, row.scope(), service, &kept).await?;
                remove_unwanted(&at, &wanted);
            }
        }
    }
    Ok(())
}

async fn wanted(engine: &Engine, scope: Scope, service: ServiceId, kept: &Kept) -> Result<HashSet<String>> {
    let rows = engine.store().scoped(scope).deployments(service, None, RECENT).await?;
    let needed = |number: &u64| kept.releases.contains(number) || kept.open.contains(number);
    let uploads = rows.into_iter().filter(|row| needed(&row.number)).filter_map(|row| row.request.upload);
    Ok(uploads.map(|upload| format!("{}.tar", upload.digest)).collect())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn remove_unwanted(folder: &Path, wanted: &HashSet<String>) {
    for name in names(folder).into_iter().filter(|name| !wanted.contains(name)) {
        let path = folder.join(name);
        let written = path.metadata().and_then(|found| found.modified()).ok();
        let age = written.and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default();
        if age > GRACE
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(%error, path = %path.display(), "could not remove a tarball");
        }
    }
}

fn remove_folder(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(%error, path = %folder.display(), "could not remove the tarballs of a deleted service");
    }
}
