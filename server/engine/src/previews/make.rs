//! Makes a preview's environment, or brings it up to date, and queues its deployment.

use crate::{
    Actor, Engine, Error, Result,
    store::{NewEvent, NewService, PreviewRow, ServiceRow, Subject, Writing},
    vault::Row,
};
use berth_domain::{
    deployment::{Cause, DeployRequest, DeploymentView},
    event::EventKind,
    ids::{EnvironmentId, ServiceId},
    name::Name,
    preview::{PreviewSettings, PreviewState},
    service::{ServicePath, ServiceSettings, Strategy},
    source::{GitSource, Source},
    webhook::WatchPaths,
};

/// How many names are tried.
const NAMES: u32 = 100;

impl Engine {
    /// The service that runs for a pull request.
    pub(crate) async fn preview_service(&self, row: &PreviewRow) -> Result<Option<ServiceRow>> {
        let Some(child) = row.child else { return Ok(None) };
        let found = self.store().scoped(row.scope()).service_by_id(child).await?;
        Ok(found.filter(|child| row.environment == Some(child.environment)))
    }

    /// Deploys the newest commit of a pull request that may run.
    pub(crate) async fn deploy_preview(
        &self,
        actor: &Actor,
        service: ServiceId,
        row: PreviewRow,
    ) -> Result<DeploymentView> {
        if row.environment.is_none() {
            self.make_room(actor, &row).await?;
        }
        let commit = row.commit.clone();
        let (child, path) = self.prepare_preview(actor, service, row).await?;
        self.routes_changed(child);
        let request = DeployRequest { commit: Some(commit), ..DeployRequest::default() };
        self.enqueue(actor, child, &path, Cause::Push, request).await
    }

    /// What was quiet for the longest goes, so that there are never more than the settings allow.
    async fn make_room(&self, actor: &Actor, row: &PreviewRow) -> Result<()> {
        let rows = self.store().scoped(row.scope());
        let Some(service) = rows.service_by_id(row.service).await? else { return Ok(()) };
        let mut open: Vec<_> = rows.previews(row.service).await?;
        open.retain(|other| other.environment.is_some() && other.id != row.id);
        open.sort_by_key(|other| std::cmp::Reverse(other.changed_at));
        let most = usize::from(service.settings.previews.most);
        let why = format!("Its place was taken: there are {most} previews at the most.");
        for old in open.iter().skip(most.saturating_sub(1)) {
            self.remove_preview(actor, old, PreviewState::Removed, &why).await?;
        }
        Ok(())
    }

    /// The environment as it is to be: source, settings and variables follow the service whose pull request it is.
    async fn prepare_preview(
        &self,
        actor: &Actor,
        service: ServiceId,
        mut row: PreviewRow,
    ) -> Result<(ServiceId, ServicePath)> {
        let mut write = self.store().begin().await?;
        let rows = write.scoped(row.scope());
        let found = || Error::not_found("service");
        let held = rows.service_by_id(service).await?.ok_or_else(found)?;
        rows.hold_project(held.project).await?;
        rows.hold_service(service).await?;
        let parent = rows.service_by_id(service).await?.ok_or_else(found)?;
        let Source::Git(git) = &parent.source else {
            return Err(Error::conflict("This service does not come from a repository."));
        };
        if !parent.settings.previews.on {
            return Err(Error::conflict(format!("Previews of {} are switched off.", parent.path)));
        }
        let is_new = row.environment.is_none();
        let environment = match row.environment {
            Some(environment) => environment,
            None => self.make_environment(&rows, &parent, row.number).await?,
        };
        row.environment = Some(environment);
        let (child, path) = self.fit_service(&rows, &parent, git, &row, environment).await?;
        row.child = Some(child);
        self.copy_preview_variables(&rows, parent.id, child).await?;
        (row.state, row.reason) = (PreviewState::Open, None);
        rows.keep_preview(&row).await?;
        rows.touch_project(parent.project).await?;
        write.record(made(actor, &parent, &row, &path, is_new));
        write.commit().await?;
        Ok((child, path))
    }

    /// An environment called `pr-42-web`, or the next free name.
    async fn make_environment(
        &self,
        rows: &Writing<'_>,
        parent: &ServiceRow,
        number: u64,
    ) -> Result<EnvironmentId> {
        let taken = rows.environments(parent.project).await?;
        let free = |name: &Name| !taken.iter().any(|environment| environment.name == *name);
        let whole = format!("pr-{number}-{}", parent.path.service);
        let names = (1..=NAMES).filter_map(|attempt| match attempt {
            1 => Name::suggest(&whole),
            _ => Name::suggest(&format!("pr-{number}-{attempt}-{}", parent.path.service)),
        });
        let name = names.into_iter().find(free);
        let name = name.ok_or_else(|| Error::conflict(format!("No name is free for {whole}.")))?;
        Ok(rows.insert_environment(parent.project, &name).await?.id)
    }

    /// The one service of a preview. R-SEC-11: of the service whose pull request it is it has the way to build and to
    /// run, and the credential that git needs; never its variables, files, volumes or domains.
    async fn fit_service(
        &self,
        rows: &Writing<'_>,
        parent: &ServiceRow,
        git: &GitSource,
        row: &PreviewRow,
        environment: EnvironmentId,
    ) -> Result<(ServiceId, ServicePath)> {
        let source = Source::Git(GitSource { branch: row.branch.clone(), ..git.clone() });
        let settings = settings_of(&parent.settings);
        let there = match row.child {
            Some(child) => rows.service_by_id(child).await?.filter(|child| child.environment == environment),
            None => None,
        };
        let (id, path) = match there {
            Some(child) => {
                rows.change_service(child.id, &child.path.service, &source, &settings).await?;
                (child.id, child.path)
            }
            None => {
                let name = parent.path.service.clone();
                let new = NewService { project: parent.project, environment, name, source, settings };
                let id = rows.insert_service(new).await?;
                let made = rows.service_by_id(id).await?.ok_or_else(|| Error::not_found("service"))?;
                // `pr-42-web-shop`
                let label = format!("{}-{}", made.path.environment, made.path.project);
                self.give_domain(rows, id, &made.path, &label).await?;
                (id, made.path)
            }
        };
        rows.keep_credential(id, self.sealed_for(parent, id)?).await?;
        Ok((id, path))
    }

    /// The service's credential, sealed for another one.
    fn sealed_for(&self, parent: &ServiceRow, child: ServiceId) -> Result<Option<Vec<u8>>> {
        let Some(sealed) = &parent.credential else { return Ok(None) };
        let opened = self.vault().unseal(&Row::new("services", parent.id.0, "credential"), sealed);
        let opened = opened.map_err(|error| Error::internal("open the credential", error))?;
        let place = Row::new("services", child.0, "credential");
        let sealed = self.vault().seal(&place, opened.expose());
        sealed.map(Some).map_err(|error| Error::internal("seal the credential", error))
    }
}

/// How a preview runs: like its service, with one instance, and nothing that deploys by itself.
fn settings_of(parent: &ServiceSettings) -> ServiceSettings {
    ServiceSettings {
        replicas: 1,
        strategy: Strategy::default(),
        auto_deploy: false,
        watch: WatchPaths::default(),
        poll_s: None,
        previews: PreviewSettings::default(),
        ..parent.clone()
    }
}

fn made(actor: &Actor, parent: &ServiceRow, row: &PreviewRow, path: &ServicePath, is_new: bool) -> NewEvent {
    let (kind, what) = match is_new {
        true => (EventKind::PreviewOpened, "got a preview"),
        false => (EventKind::PreviewUpdated, "has a new commit for its preview"),
    };
    let told = format!("Pull request {} of {} {what}: {path}.", row.number, parent.path);
    NewEvent::new(actor, kind, Subject::service(parent.id, &parent.path), told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_deploys_nothing_by_itself_and_makes_no_previews() {
        let parent = ServiceSettings {
            replicas: 4,
            poll_s: Some(60),
            memory_mib: Some(64),
            previews: PreviewSettings { on: true, ..PreviewSettings::default() },
            ..ServiceSettings::default()
        };
        let own = settings_of(&parent);
        assert!(!own.auto_deploy && !own.previews.on && own.poll_s.is_none());
        assert_eq!((own.replicas, own.memory_mib), (1, Some(64)));
    }
}
