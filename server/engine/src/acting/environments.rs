//! Verbs about environments.

use super::{
    Acting,
    deletion::Goes,
    projects::count,
    reach::{confirmed, environment_in, project_in},
};
use crate::{Result, store::Subject};
use berth_domain::{
    event::EventKind,
    name::Name,
    permission::Permission,
    project::{CreateEnvironment, EnvironmentView},
    service::{ConfirmDeletion, DeletionPreview, Rename},
};

impl Acting {
    /// Makes an environment.
    pub async fn create_environment(
        &self,
        project: &Name,
        request: CreateEnvironment,
    ) -> Result<EnvironmentView> {
        self.require(Permission::Configure)?;
        let name = request.name;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let row = project_in(&rows, project).await?;
        rows.hold_project(row.id).await?;
        let taken = || format!("There is an environment called {name} in {project} already.");
        let made = rows.insert_environment(row.id, &name).await.map_err(|error| error.or_conflict(taken))?;
        rows.touch_project(row.id).await?;
        let told = format!("Environment {name} was created in {project}.");
        write.record(self.tells(EventKind::EnvironmentCreated, Subject::environment(project, &name), told));
        write.commit().await?;
        Ok(EnvironmentView { id: made.id, name, services: Vec::new(), preview: None })
    }

    /// An environment with its services.
    pub async fn environment(&self, project: &Name, environment: &Name) -> Result<EnvironmentView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let project = project_in(&rows, project).await?;
        let row = environment_in(&rows, &project, environment).await?;
        let listed = rows.services_listed(project.id, Some(row.id)).await?;
        let services = listed.into_iter().map(|listed| self.engine.summary(listed)).collect();
        let mut previews = self.preview_environments(project.id).await?;
        let preview = previews.remove(&row.id);
        Ok(EnvironmentView { id: row.id, name: row.name, services, preview })
    }

    /// Gives an environment another name.
    pub async fn rename_environment(
        &self,
        project: &Name,
        environment: &Name,
        request: Rename,
    ) -> Result<EnvironmentView> {
        self.require(Permission::Configure)?;
        let new = request.name;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let owner = project_in(&rows, project).await?;
        rows.hold_project(owner.id).await?;
        let row = environment_in(&rows, &owner, environment).await?;
        if *environment != new {
            let taken = || format!("There is an environment called {new} in {project} already.");
            rows.rename_environment(row.id, &new).await.map_err(|error| error.or_conflict(taken))?;
            rows.touch_project(owner.id).await?;
            let told = format!("Environment {environment} of {project} is now called {new}.");
            write.record(self.tells(
                EventKind::EnvironmentRenamed,
                Subject::environment(project, &new),
                told,
            ));
            write.commit().await?;
        } else {
            drop(write);
        }
        self.environment(project, &new).await
    }

    /// Lists what deleting the environment takes with it.
    pub async fn preview_environment_deletion(
        &self,
        project: &Name,
        environment: &Name,
    ) -> Result<DeletionPreview> {
        self.require(Permission::Administer)?;
        let rows = self.rows();
        let owner = project_in(&rows, project).await?;
        let row = environment_in(&rows, &owner, environment).await?;
        let services = rows.services_in(owner.id, Some(row.id)).await?;
        Ok(Goes::of(&self.engine, &rows, &services).await?.preview(environment.as_str()))
    }

    /// Deletes an environment and everything that runs in it; volumes stay.
    pub async fn delete_environment(
        &self,
        project: &Name,
        environment: &Name,
        request: ConfirmDeletion,
    ) -> Result<()> {
        self.require(Permission::Administer)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let owner = project_in(&rows, project).await?;
        let row = environment_in(&rows, &owner, environment).await?;
        confirmed(&request, environment.as_str())?;
        rows.hold_project(owner.id).await?;
        let services = rows.services_in(owner.id, Some(row.id)).await?;
        let mut gone = services.clone();
        for service in &services {
            gone.extend(self.engine.drop_previews_of(&rows, service).await?);
        }
        let environments = std::slice::from_ref(&row);
        rows.bury(self.engine.tombstones(&rows, (owner.id, project), environments, &services).await?).await?;
        rows.delete_environment(row.id).await?;
        rows.touch_project(owner.id).await?;
        for service in &services {
            write.record(self.tells_service_deleted(service));
        }
        let services_told = count(services.len(), "service");
        let told = format!("Environment {environment} of {project} was deleted with {services_told}.");
        write.record(self.tells(
            EventKind::EnvironmentDeleted,
            Subject::environment(project, environment),
            told,
        ));
        write.commit().await?;
        self.engine.services_gone(&gone);
        Ok(())
    }
}
