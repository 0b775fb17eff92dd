//! Verbs about what nobody wants.

use super::{
    Acting,
    disk::orphan_size,
    reach::{confirmed, conflict_with_hint},
    volumes::unavailable,
};
use crate::{
    Error, Result,
    orphans::{Listed, Orphan, named},
    store::{Subject, VolumeDeletionRow},
};
use berth_domain::{
    disk::{OrphanKind, OrphanName, OrphanReport, OrphanView, RemoveOrphan},
    event::EventKind,
    permission::Permission,
    service::ConfirmDeletion,
};
use std::collections::HashMap;

impl Acting {
    /// What nobody wants, as it was last seen.
    pub async fn orphans(&self) -> Result<OrphanReport> {
        self.require(Permission::Administer)?;
        let report = self.engine.parts.orphans.report();
        let measured = self.engine.measured();
        let deletions = self.rows().volume_deletions().await?;
        let deletions: HashMap<&str, &VolumeDeletionRow> =
            deletions.iter().map(|row| (row.docker_name.as_str(), row)).collect();
        let view = |listed: Listed| {
            let size = measured.as_ref().and_then(|measured| orphan_size(measured, &listed.orphan));
            let volume = listed.orphan.kind == OrphanKind::Volume;
            view(listed, size, volume.then_some(&deletions))
        };
        let items = self.listed_orphans().await?.into_iter().map(view).collect();
        Ok(OrphanReport { looked_at: report.looked_at, problem: report.problem, items })
    }

    /// The part of the report that the actor's organisation answers for.
    pub(super) async fn listed_orphans(&self) -> Result<Vec<Listed>> {
        let first = self.engine.first_organisation().await?;
        let mine = |listed: &Listed| listed.orphan.owner.is_of(self.actor.organisation, first);
        Ok(self.engine.parts.orphans.report().items.into_iter().filter(mine).collect())
    }

    /// Removes one of them at once; a volume, confirmed by its name, after its time to reconsider.
    pub async fn remove_orphan(&self, request: RemoveOrphan) -> Result<OrphanReport> {
        self.require(Permission::Administer)?;
        let docker = self.engine.docker().await.map_err(unavailable)?;
        let orphan = self.orphan_now(request.kind, &request.name).await?;
        if orphan.kind == OrphanKind::Volume {
            confirmed(&ConfirmDeletion { confirm: request.confirm }, &orphan.name)?;
            let told = match &orphan.owner.path {
                Some(path) => format!("{} of {path}", orphan.name),
                None => orphan.name.clone(),
            };
            self.mark_volume(&orphan.name, &told, Subject::organisation()).await?;
        } else {
            self.engine.remove_orphan(&*docker, &orphan).await.map_err(|error| in_use(error, &orphan))?;
            let mut write = self.begin().await?;
            let told = format!("Removed {}, which nobody wanted. {}", named(&orphan), orphan.why);
            write.record(self.tells(EventKind::OrphanRemoved, Subject::organisation(), told));
            write.commit().await?;
            self.engine.parts.orphans.forget(orphan.kind, &orphan.name);
        }
        self.engine.parts.sweep.notify_one();
        self.orphans().await
    }

    /// Takes back the deletion of a volume that a deleted service left.
    pub async fn keep_orphan(&self, request: OrphanName) -> Result<OrphanReport> {
        self.require(Permission::Administer)?;
        if request.kind != OrphanKind::Volume {
            let what = format!("Only a volume can be kept; a {} that nobody wants goes.", request.kind);
            return Err(Error::conflict(what));
        }
        self.unmark_volume(&request.name, &request.name, Subject::organisation()).await?;
        self.orphans().await
    }

    /// Looks again: what is wanted by now, or of somebody else, is not found.
    async fn orphan_now(&self, kind: OrphanKind, name: &str) -> Result<Orphan> {
        let docker = self.engine.docker().await.map_err(unavailable)?;
        let first = self.engine.first_organisation().await?;
        let meant = |orphan: &Orphan| {
            orphan.kind == kind && orphan.name == name && orphan.owner.is_of(self.actor.organisation, first)
        };
        let found = self.engine.find_orphans(&*docker).await?.into_iter().find(meant);
        found.ok_or_else(|| Error::not_found(&format!("{kind} that nobody wants")))
    }
}

fn in_use(error: Error, orphan: &Orphan) -> Error {
    let message = format!("{} was not removed: {}", named(orphan), error.problem().message);
    conflict_with_hint(message, "Something else on this machine may use it: remove that first.")
}

fn view(
    listed: Listed,
    size: Option<u64>,
    deletions: Option<&HashMap<&str, &VolumeDeletionRow>>,
) -> OrphanView {
    let deletion = deletions.and_then(|all| all.get(listed.orphan.name.as_str()));
    OrphanView {
        kind: listed.orphan.kind,
        belonged_to: listed.orphan.owner.path,
        why: listed.orphan.why,
        size,
        since: listed.since,
        removed_at: deletion.map_or(listed.removed_at, |row| Some(row.due_at)),
        asked_by: deletion.map(|row| row.asked_by.clone()),
        problem: listed.problem,
        name: listed.orphan.name,
    }
}
