//! Verbs about files with content.

use super::{Acting, reach::service_in};
use crate::{
    Error, Result,
    store::{FileRow, NewFile, SealedContent, ServiceRow, Subject, Write},
    vault::{Row, Secret},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use berth_domain::{
    event::EventKind,
    file::{self, FileView, FilesView, RevealedFile, SetFile},
    ids::FileId,
    permission::Permission,
    service::ServicePath,
    variable::AgainstRunning,
};
use std::collections::BTreeMap;
use uuid::Uuid;

impl Acting {
    /// The files of a service, without their contents.
    pub async fn files(&self, path: &ServicePath) -> Result<FilesView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let saved = rows.files(service.id).await?;
        let live = rows.live_spec(service.live_deployment).await?.map(|(_, spec)| spec.files);
        let running = live.clone().unwrap_or_default();
        let removed = running.keys().filter(|at| !saved.iter().any(|row| row.path == **at)).cloned();
        let removed: Vec<String> = removed.collect();
        let files: Vec<FileView> = saved.into_iter().map(|row| view(row, live.as_ref())).collect();
        let changed = files.iter().any(|file| file.against_running != AgainstRunning::Same);
        Ok(FilesView { restart_needed: changed || !removed.is_empty(), files, removed })
    }

    /// Adds a file; it is there from the next deployment or restart on.
    pub async fn add_file(&self, path: &ServicePath, request: SetFile) -> Result<FileView> {
        self.write_file(path, None, request).await
    }

    /// Writes over a file, or gives it another path.
    pub async fn replace_file(&self, path: &ServicePath, id: FileId, request: SetFile) -> Result<FileView> {
        self.write_file(path, Some(id), request).await
    }

    async fn write_file(&self, path: &ServicePath, id: Option<FileId>, request: SetFile) -> Result<FileView> {
        self.require(Permission::Configure)?;
        file::check_path(&request.path)?;
        let content = content_of(&request)?;
        let (mut write, service, saved) = self.hold_files(path).await?;
        if let Some(id) = id
            && !saved.iter().any(|row| row.id == id)
        {
            return Err(Error::not_found("file"));
        }
        refuse_crowding(&saved, id, &request.path)?;
        file::check_against(&request.path, &service.settings)?;
        let new = NewFile {
            id: id.unwrap_or_else(|| FileId(Uuid::now_v7())),
            service: service.id,
            digest: self.engine.file_digest(service.id, content.expose()),
            size: content.expose().len() as u64,
            path: request.path,
            changed_by: self.actor.name.clone(),
        };
        let (at, new_id) = (new.path.clone(), new.id);
        self.keep(&write, &service, new, id.is_some(), &content).await?;
        let told = format!("File {at} of {path} was {}.", if id.is_some() { "changed" } else { "added" });
        write.record(self.tells(EventKind::FileSet, Subject::service(service.id, path), told));
        write.commit().await?;
        let files = self.files(path).await?.files;
        files.into_iter().find(|file| file.id == new_id).ok_or_else(|| Error::not_found("file"))
    }

    async fn keep(
        &self,
        write: &Write,
        service: &ServiceRow,
        new: NewFile,
        replace: bool,
        content: &Secret,
    ) -> Result<()> {
        let rows = write.scoped(self.scope());
        let id = Uuid::now_v7();
        let sealed = self.engine.vault().seal(&place(id), content.expose());
        let sealed = sealed.map_err(|error| Error::internal("seal a file", error))?;
        rows.keep_content(service.id, &new.digest, SealedContent { id, sealed }).await?;
        let taken = || format!("Somebody else has just added {}. Look at it, and change it.", new.path);
        match replace {
            true => rows.replace_file(new.clone()).await.map(drop)?,
            false => rows.insert_file(new.clone()).await.map_err(|error| error.or_conflict(taken))?,
        }
        Ok(())
    }

    /// A transaction in which nobody else changes the service's files.
    async fn hold_files(&self, path: &ServicePath) -> Result<(Write, ServiceRow, Vec<FileRow>)> {
        let write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        rows.hold_service(service.id).await?;
        let saved = rows.files(service.id).await?;
        drop(rows);
        Ok((write, service, saved))
    }

    /// Removes a file; what runs has it until the next deployment or restart.
    pub async fn delete_file(&self, path: &ServicePath, id: FileId) -> Result<()> {
        self.require(Permission::Configure)?;
        let (mut write, service, saved) = self.hold_files(path).await?;
        let row = saved.into_iter().find(|row| row.id == id).ok_or_else(|| Error::not_found("file"))?;
        write.scoped(self.scope()).delete_file(service.id, id).await?;
        let told = format!("File {} of {path} was removed.", row.path);
        write.record(self.tells(EventKind::FileDeleted, Subject::service(service.id, path), told));
        Ok(write.commit().await?)
    }

    /// The content of a file; audited.
    pub async fn reveal_file(&self, path: &ServicePath, id: FileId) -> Result<RevealedFile> {
        self.require(Permission::Reveal)?;
        let service = self.service_row(path).await?;
        let saved = self.rows().files(service.id).await?;
        let row = saved.into_iter().find(|row| row.id == id).ok_or_else(|| Error::not_found("file"))?;
        let content = self.engine.open_file(service.organisation, service.id, &row.digest).await?;
        let mut write = self.begin().await?;
        let told = format!("The content of {} of {path} was revealed.", row.path);
        write.record(self.tells(EventKind::FileRevealed, Subject::service(service.id, path), told));
        write.commit().await?;
        let text = std::str::from_utf8(content.expose()).ok().map(str::to_owned);
        Ok(RevealedFile { path: row.path, text, base64: BASE64_STANDARD.encode(content.expose()) })
    }
}

/// Where a file's content is sealed.
pub(crate) fn place(id: Uuid) -> Row {
    Row::new("file_contents", id, "sealed")
}

fn view(row: FileRow, running: Option<&BTreeMap<String, String>>) -> FileView {
    let against_running = match running.map(|running| running.get(&row.path)) {
        None => AgainstRunning::Same,
        Some(None) => AgainstRunning::Added,
        Some(Some(digest)) if *digest == row.digest => AgainstRunning::Same,
        Some(Some(_)) => AgainstRunning::Changed,
    };
    FileView {
        id: row.id,
        path: row.path,
        size: row.size,
        against_running,
        changed_by: row.changed_by,
        changed_at: row.changed_at,
    }
}

/// The bytes of a request, which are said in one of two ways.
fn content_of(request: &SetFile) -> Result<Secret> {
    let bytes = match (&request.text, &request.base64) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(base64)) => BASE64_STANDARD
            .decode(base64.trim())
            .map_err(|why| Error::invalid("base64", format!("The content is not base64: {why}.")))?,
        _ => return Err(Error::invalid("text", "Give the content either as text or as base64.")),
    };
    if bytes.len() > file::MAX_BYTES {
        let why = format!("A file has {} bytes at the most; this one has {}.", file::MAX_BYTES, bytes.len());
        return Err(Error::invalid("text", why));
    }
    Ok(Secret::new(bytes))
}

/// One file at a path, none below another, and not too many.
fn refuse_crowding(saved: &[FileRow], id: Option<FileId>, path: &str) -> Result<()> {
    let inside =
        |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    for other in saved.iter().filter(|row| Some(row.id) != id) {
        if other.path == path {
            return Err(Error::invalid(
                "path",
                format!("There is a file at {path} already: change that one."),
            ));
        }
        if inside(&other.path, path) || inside(path, &other.path) {
            return Err(Error::invalid("path", format!("{} is a file, not a folder.", other.path)));
        }
    }
    match id.is_none() && saved.len() >= file::MOST {
        true => Err(Error::conflict(format!("A service has {} files at the most.", file::MOST))),
        false => Ok(()),
    }
}
