//! Verbs about services.

use super::{
    Acting,
    checks::{check_settings, check_source},
    deletion::Goes,
    reach::{confirmed, conflict_with_hint, environment_in, project_in, service_in},
};
use crate::{
    Error, Result,
    runtime::SealedCredential,
    store::{NewService, ServiceRow, Subject, Wanted},
    vault::{Row, Secret},
};
use berth_domain::{
    deployment::{Cause, DeployRequest},
    event::EventKind,
    name::Name,
    page::{Page, PageQuery},
    permission::Permission,
    service::{
        ConfirmDeletion, CreateService, DeletionPreview, ServicePath, ServiceSettings, ServiceSummary,
        ServiceView, SetCredential, UpdateService,
    },
};

impl Acting {
    /// Finds services of all projects by a part of their path.
    pub async fn search_services(&self, query: PageQuery) -> Result<Page<ServiceSummary>> {
        self.require(Permission::Read)?;
        let after = query.after.as_deref().map(str::parse::<ServicePath>).transpose();
        let after = after.map_err(|why| Error::invalid("after", why))?;
        let limit = query.rows();
        let found = self.rows().services_found(after.as_ref(), query.search.as_deref(), limit + 1).await?;
        let more = found.len() as u64 > limit;
        let items: Vec<ServiceSummary> =
            found.into_iter().take(limit as usize).map(|listed| self.engine.summary(listed)).collect();
        let next = items.last().filter(|_| more).map(|service| service.path.to_string());
        Ok(Page { items, next })
    }

    /// Makes a service and its default domain; nothing is deployed yet.
    pub async fn create_service(
        &self,
        project: &Name,
        environment: &Name,
        request: CreateService,
    ) -> Result<ServiceView> {
        self.require(Permission::Configure)?;
        check_source(&request.source)?;
        check_settings(&request.settings)?;
        self.check_connection(&request.source).await?;
        let path = ServicePath {
            project: project.clone(),
            environment: environment.clone(),
            service: request.name.clone(),
        };
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let owner = project_in(&rows, project).await?;
        rows.hold_project(owner.id).await?;
        let place = environment_in(&rows, &owner, environment).await?;
        let new = NewService {
            project: owner.id,
            environment: place.id,
            name: request.name,
            source: request.source,
            settings: request.settings,
        };
        let taken = || format!("There is a service called {path} already.");
        let id = rows.insert_service(new).await.map_err(|error| error.or_conflict(taken))?;
        self.engine.give_default_domain(&rows, id, &path).await?;
        rows.touch_project(owner.id).await?;
        let told = format!("Service {path} was created.");
        write.record(self.tells(EventKind::ServiceCreated, Subject::service(id, &path), told));
        write.commit().await?;
        self.engine.routes_changed(id);
        self.tell_host_where_to_push(&path, None).await?;
        self.service(&path).await
    }

    /// Everything that a service's pages show.
    pub async fn service(&self, path: &ServicePath) -> Result<ServiceView> {
        self.require(Permission::Read)?;
        let seen = &self.engine.parts.glances.services;
        let (key, before) = ((self.actor.organisation, path.clone()), self.engine.store().generation());
        if let Some(mut view) = seen.seen(&key, before) {
            self.engine.parts.probes.show(&mut view.instances);
            view.polled = self.engine.parts.polls.view(view.id);
            return Ok(view);
        }
        let row = self.service_row(path).await?;
        let view = self.service_view(row).await?;
        seen.remember(key, &view, before, self.engine.store().generation());
        Ok(view)
    }

    /// Changes name, source or settings; what runs stays as it is until the next deployment.
    pub async fn update_service(&self, path: &ServicePath, request: UpdateService) -> Result<ServiceView> {
        self.require(Permission::Configure)?;
        if let Some(source) = &request.source {
            check_source(source)?;
            self.check_connection(source).await?;
        }
        if let Some(settings) = &request.settings {
            check_settings(settings)?;
        }
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let held = service_in(&rows, path).await?;
        rows.hold_project(held.project).await?;
        rows.hold_service(held.id).await?;
        let old = service_in(&rows, path).await?;
        let mut new = old.clone();
        new.path.service = request.name.unwrap_or(new.path.service);
        new.source = request.source.unwrap_or(new.source);
        new.settings = request.settings.unwrap_or(new.settings);
        let changed = changed_parts(&old, &new);
        if old.path == new.path && changed.is_empty() {
            drop(write);
            return self.service_view(old).await;
        }
        let taken = || format!("There is a service called {} already.", new.path);
        rows.change_service(new.id, &new.path.service, &new.source, &new.settings)
            .await
            .map_err(|error| error.or_conflict(taken))?;
        rows.touch_project(new.project).await?;
        let subject = || Subject::service(new.id, &new.path);
        if old.path != new.path {
            let told = format!("Service {} is now called {}.", old.path, new.path.service);
            write.record(self.tells(EventKind::ServiceRenamed, subject(), told));
        }
        if !changed.is_empty() {
            let told = format!("Service {} was changed: {}.", new.path, changed.join(", "));
            write.record(self.tells(EventKind::ServiceChanged, subject(), told));
        }
        write.commit().await?;
        self.engine.look_at(new.id);
        self.previews_switched(&old, &new).await?;
        self.tell_host_where_to_push(&new.path, Some(&old.source)).await?;
        self.service(&new.path).await
    }

    /// Keeps a credential for the repository or registry, sealed; an empty secret removes it.
    pub async fn set_credential(&self, path: &ServicePath, request: SetCredential) -> Result<()> {
        self.require(Permission::Configure)?;
        check_credential(&request)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let removes = request.secret.is_empty();
        let credential = SealedCredential { username: request.username, secret: request.secret };
        let sealed = if removes { None } else { Some(self.seal_credential(&service, &credential)?) };
        rows.keep_credential(service.id, sealed).await?;
        let told = format!("The credential of {path} was {}.", if removes { "removed" } else { "set" });
        write.record(self.tells(EventKind::CredentialSet, Subject::service(service.id, path), told));
        Ok(write.commit().await?)
    }

    /// Seals a credential for the row of its service.
    pub(super) fn seal_credential(
        &self,
        service: &ServiceRow,
        credential: &SealedCredential,
    ) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(credential);
        let text = Secret::new(text.map_err(|error| Error::internal("write down the credential", error))?);
        let row = Row::new("services", service.id.0, "credential");
        self.engine
            .vault()
            .seal(&row, text.expose())
            .map_err(|error| Error::internal("seal the credential", error))
    }

    /// Lists what deleting the service takes with it.
    pub async fn preview_service_deletion(&self, path: &ServicePath) -> Result<DeletionPreview> {
        self.require(Permission::Administer)?;
        let rows = self.rows();
        let service = [service_in(&rows, path).await?];
        Ok(Goes::of(&self.engine, &rows, &service).await?.preview(path.service.as_str()))
    }

    /// Deletes a service; volumes stay.
    pub async fn delete_service(&self, path: &ServicePath, request: ConfirmDeletion) -> Result<()> {
        self.require(Permission::Administer)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        confirmed(&request, path.service.as_str())?;
        rows.hold_project(service.project).await?;
        let mut gone = self.engine.drop_previews_of(&rows, &service).await?;
        rows.bury(vec![self.engine.tombstone(&service)]).await?;
        rows.delete_service(service.id).await?;
        rows.touch_project(service.project).await?;
        write.record(self.tells_service_deleted(&service));
        write.commit().await?;
        gone.push(service);
        self.engine.services_gone(&gone);
        Ok(())
    }

    /// Stops a service on purpose; it stays stopped over restarts.
    pub async fn stop_service(&self, path: &ServicePath) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = once_live(service_in(&rows, path).await?)?;
        if service.wanted == Wanted::Running {
            rows.want_service(service.id, Wanted::Stopped).await?;
            let told = format!("{path} is being stopped.");
            write.record(self.tells(EventKind::ServiceStopped, Subject::service(service.id, path), told));
            write.commit().await?;
        } else {
            drop(write);
        }
        // A deployment on its way would start it again.
        if let Some(open) = self.open_deployment(&service).await? {
            match self.cancel_deployment(path, open).await {
                Ok(_) | Err(Error::Problem(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.engine.stop_service_runtime(service.id);
        self.service(path).await
    }

    /// Starts a stopped service with its last live release.
    pub async fn start_service(&self, path: &ServicePath) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        let service = once_live(self.service_row(path).await?)?;
        if service.wanted == Wanted::Stopped && self.open_deployment(&service).await?.is_none() {
            let mut write = self.begin().await?;
            let told = format!("{path} is being started.");
            write.record(self.tells(EventKind::ServiceStarted, Subject::service(service.id, path), told));
            write.commit().await?;
            // It counts as wanted again when this deployment has moved the traffic to it.
            let request = DeployRequest { restart: true, ..DeployRequest::default() };
            self.engine.enqueue(&self.actor, service.id, path, Cause::Restart, request).await?;
        }
        self.service(path).await
    }

    /// The number of the newest deployment, when it waits or runs.
    async fn open_deployment(&self, service: &ServiceRow) -> Result<Option<u64>> {
        let newest = service.next_number.saturating_sub(1);
        let row = self.rows().deployment(service.id, newest).await?;
        Ok(row.filter(|row| row.state.is_open()).map(|row| row.number))
    }
}

/// Refuses a service of which nothing was ever live.
fn once_live(service: ServiceRow) -> Result<ServiceRow> {
    if service.live_deployment.is_some() {
        return Ok(service);
    }
    Err(conflict_with_hint(format!("Nothing of {} was ever live.", service.path), "Deploy it first."))
}

/// What an update changes, for the event; without any nothing is written. A setting that is not named does not compile.
fn changed_parts(old: &ServiceRow, new: &ServiceRow) -> Vec<&'static str> {
    let ServiceSettings {
        port,
        routed,
        command,
        replicas,
        strategy,
        processes,
        release_command,
        after_command,
        command_timeout_s,
        volumes,
        cpu_millis,
        memory_mib,
        restart,
        probe,
        isolation,
        drain_ms,
        stop_grace_ms,
        auto_deploy,
        watch,
        poll_s,
        previews,
        build_timeout_s,
        build_variables,
    } = &old.settings;
    let b = &new.settings;
    let builds = *build_timeout_s != b.build_timeout_s || *build_variables != b.build_variables;
    let parts = [
        (old.source != new.source, "source"),
        (*port != b.port, "port"),
        (*routed != b.routed, "whether it answers requests"),
        (*command != b.command, "command"),
        (*replicas != b.replicas, "instances"),
        (*strategy != b.strategy, "strategy"),
        (*processes != b.processes, "processes"),
        (*release_command != b.release_command, "release command"),
        (*after_command != b.after_command, "command after the switch"),
        (*command_timeout_s != b.command_timeout_s, "command deadline"),
        (*volumes != b.volumes, "volumes"),
        (*cpu_millis != b.cpu_millis || *memory_mib != b.memory_mib, "limits"),
        (*restart != b.restart, "restart policy"),
        (*probe != b.probe, "probe"),
        (*isolation != b.isolation, "isolation"),
        (*drain_ms != b.drain_ms || *stop_grace_ms != b.stop_grace_ms, "grace"),
        (*auto_deploy != b.auto_deploy, "automatic deployments"),
        (*watch != b.watch || *poll_s != b.poll_s, "watched paths"),
        (*previews != b.previews, "previews"),
        (builds, "builds"),
    ];
    parts.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name).collect()
}

fn check_credential(request: &SetCredential) -> Result<()> {
    if request.username.len() > 256 || request.username.chars().any(char::is_control) {
        return Err(Error::invalid("username", "A user name has at most 256 characters and no line breaks."));
    }
    if request.secret.len() > 32 << 10 || request.secret.contains('\0') {
        return Err(Error::invalid("secret", "A secret has at most 32 KiB and no NUL."));
    }
    Ok(())
}
