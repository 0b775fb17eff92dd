//! Verbs about projects.

use super::{
    Acting,
    deletion::Goes,
    reach::{confirmed, project_in},
};
use crate::{Error, Result, store::Subject};
use berth_domain::{
    event::EventKind,
    name::Name,
    page::{Page, PageQuery},
    permission::Permission,
    project::{CreateProject, EnvironmentView, ProjectSummary, ProjectView},
    service::{ConfirmDeletion, DeletionPreview, Rename},
};
use std::collections::HashMap;

/// The environment that every project begins with; its default domains do not name it.
pub(crate) const PRODUCTION: &str = "production";

impl Acting {
    /// Lists projects by name; the search also matches the names of services in them.
    pub async fn list_projects(&self, query: PageQuery) -> Result<Page<ProjectSummary>> {
        self.require(Permission::Read)?;
        let seen = &self.engine.parts.glances.projects;
        let before = self.engine.store().generation();
        let key = (self.actor.organisation, query.clone());
        if let Some(page) = seen.seen(&key, before) {
            return Ok(page);
        }
        let page = self.project_page(query).await?;
        seen.remember(key, &page, before, self.engine.store().generation());
        Ok(page)
    }

    async fn project_page(&self, query: PageQuery) -> Result<Page<ProjectSummary>> {
        let limit = query.rows();
        let (after, search) = (query.after.as_deref(), query.search.as_deref());
        let mut items = self.rows().project_page(after, search, limit + 1).await?;
        let more = items.len() as u64 > limit;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|project| project.name.to_string());
        Ok(Page { items, next })
    }

    /// Makes a project with an environment `production`.
    pub async fn create_project(&self, request: CreateProject) -> Result<ProjectView> {
        self.require(Permission::Administer)?;
        let name = request.name;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let taken = || format!("There is a project called {name} already.");
        let project = rows.insert_project(&name).await.map_err(|error| error.or_conflict(taken))?;
        let production =
            PRODUCTION.parse::<Name>().map_err(|error| Error::internal("name an environment", error))?;
        let environment = rows.insert_environment(project.id, &production).await?;
        let told = format!("Project {name} was created.");
        write.record(self.tells(EventKind::ProjectCreated, Subject::project(&name), told));
        write.commit().await?;
        let environment =
            EnvironmentView { id: environment.id, name: production, services: Vec::new(), preview: None };
        Ok(ProjectView {
            id: project.id,
            name,
            created_at: project.created_at,
            environments: vec![environment],
        })
    }

    /// A project with its environments and services.
    pub async fn project(&self, project: &Name) -> Result<ProjectView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let project = project_in(&rows, project).await?;
        let mut services: HashMap<_, Vec<_>> = HashMap::new();
        for listed in rows.services_listed(project.id, None).await? {
            services.entry(listed.environment).or_default().push(self.engine.summary(listed));
        }
        let environments = rows.environments(project.id).await?;
        let mut previews = self.preview_environments(project.id).await?;
        let view = |row: crate::store::EnvironmentRow| {
            let services = services.remove(&row.id).unwrap_or_default();
            EnvironmentView { id: row.id, name: row.name, services, preview: previews.remove(&row.id) }
        };
        Ok(ProjectView {
            id: project.id,
            name: project.name,
            created_at: project.created_at,
            environments: environments.into_iter().map(view).collect(),
        })
    }

    /// Gives a project another name.
    pub async fn rename_project(&self, project: &Name, request: Rename) -> Result<ProjectView> {
        self.require(Permission::Administer)?;
        let (old, new) = (project, request.name);
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let row = project_in(&rows, old).await?;
        if *old != new {
            let taken = || format!("There is a project called {new} already.");
            rows.rename_project(row.id, &new).await.map_err(|error| error.or_conflict(taken))?;
            let told = format!("Project {old} is now called {new}.");
            write.record(self.tells(EventKind::ProjectRenamed, Subject::project(&new), told));
            write.commit().await?;
        } else {
            drop(write);
        }
        self.project(&new).await
    }

    /// Lists what deleting the project takes with it.
    pub async fn preview_project_deletion(&self, project: &Name) -> Result<DeletionPreview> {
        self.require(Permission::Administer)?;
        let rows = self.rows();
        let row = project_in(&rows, project).await?;
        let services = rows.services_in(row.id, None).await?;
        let mut goes = Goes::of(&self.engine, &rows, &services).await?;
        for environment in rows.environments(row.id).await?.into_iter().rev() {
            goes.first(format!("environment {}", environment.name));
        }
        Ok(goes.preview(project.as_str()))
    }

    /// Deletes a project and everything that runs in it; volumes stay.
    pub async fn delete_project(&self, project: &Name, request: ConfirmDeletion) -> Result<()> {
        self.require(Permission::Administer)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let row = project_in(&rows, project).await?;
        confirmed(&request, project.as_str())?;
        rows.hold_project(row.id).await?;
        let services = rows.services_in(row.id, None).await?;
        let environments = rows.environments(row.id).await?;
        let buried = self.engine.tombstones(&rows, (row.id, project), &environments, &services).await?;
        rows.bury(buried).await?;
        rows.delete_project(row.id).await?;
        for service in &services {
            write.record(self.tells_service_deleted(service));
        }
        let told = format!("Project {project} was deleted with {}.", count(services.len(), "service"));
        write.record(self.tells(EventKind::ProjectDeleted, Subject::project(project), told));
        write.commit().await?;
        self.engine.services_gone(&services);
        Ok(())
    }
}

/// `1 service`, `2 services`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
