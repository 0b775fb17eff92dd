//! A service: read, made, changed, stopped, started and deleted.

pub mod forms;

use super::PanelError;
use berth_domain::{
    remote::RemoteView,
    service::{DeletionPreview, ServicePath, ServiceView},
};
use forms::{CredentialForm, NewServiceForm, SettingsForm, SourceForm};
use leptos::prelude::*;

/// Everything that a service's pages show.
#[server(prefix = "/panel", endpoint = "service")]
pub async fn load_service(path: ServicePath) -> Result<ServiceView, PanelError> {
    Ok(super::acting().await?.service(&path).await?)
}

/// Where a service is pushed to.
#[server(prefix = "/panel", endpoint = "remote")]
pub async fn load_remote(path: ServicePath) -> Result<RemoteView, PanelError> {
    Ok(super::acting().await?.remote(&path).await?)
}

/// Makes a service, keeps its credential, queues the first deployment when asked, and goes to what comes next.
#[server(prefix = "/panel", endpoint = "service_create")]
pub async fn create_service(#[server(flatten)] form: NewServiceForm) -> Result<(), PanelError> {
    use berth_domain::deployment::DeployRequest;
    let acting = super::acting().await?;
    let project = forms::name("project", &form.project)?;
    let environment = forms::name("environment", &form.environment)?;
    let service = acting.create_service(&project, &environment, form.request()?).await?;
    if let Some(credential) = form.credential.request() {
        acting.set_credential(&service.path, credential).await?;
    }
    let page = format!("/projects/{}", service.path);
    if matches!(service.source, berth_domain::source::Source::Pushed(_)) {
        super::done(&page, "service-awaits-push");
        return Ok(());
    }
    if form.then == "create" {
        super::done(&page, "service-created");
        return Ok(());
    }
    let deployment = acting.deploy(&service.path, DeployRequest::default()).await?;
    leptos_axum::redirect(&format!("{page}/deployments/{}", deployment.number));
    Ok(())
}

/// Changes where a service comes from.
#[server(prefix = "/panel", endpoint = "service_source")]
pub async fn update_source(
    path: String,
    #[server(flatten)] form: SourceForm,
) -> Result<ServiceView, PanelError> {
    use berth_domain::service::UpdateService;
    use berth_domain::source::Source;
    let (acting, path, mut source) = (super::acting().await?, forms::path(&path)?, form.source()?);
    if let Source::Git(git) = &mut source
        && let Source::Git(present) = acting.service(&path).await?.source
        && present.url == git.url
    {
        // The form does not have it; another address is opened by the service's own credential.
        git.connection = present.connection;
    }
    let request = UpdateService { source: Some(source), ..UpdateService::default() };
    let service = acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{}/settings", service.path), "service-changed");
    Ok(service)
}

/// Changes how a service runs; the fields that the form does not have stay.
#[server(prefix = "/panel", endpoint = "service_settings")]
pub async fn update_settings(
    path: String,
    #[server(flatten)] form: SettingsForm,
) -> Result<ServiceView, PanelError> {
    use berth_domain::service::UpdateService;
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let present = acting.service(&path).await?.settings;
    let request = UpdateService { settings: Some(form.settings(present)?), ..UpdateService::default() };
    let service = acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/settings"), "service-changed");
    Ok(service)
}

/// Turns deploying on a push on or off.
#[server(prefix = "/panel", endpoint = "service_auto_deploy")]
pub async fn set_auto_deploy(path: String, on: String) -> Result<ServiceView, PanelError> {
    use berth_domain::service::UpdateService;
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let mut settings = acting.service(&path).await?.settings;
    settings.auto_deploy = on == "yes";
    let request = UpdateService { settings: Some(settings), ..UpdateService::default() };
    let service = acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/settings"), "service-changed");
    Ok(service)
}

/// Gives a service another name and goes to its new address.
#[server(prefix = "/panel", endpoint = "service_rename")]
pub async fn rename_service(path: String, name: String) -> Result<(), PanelError> {
    use berth_domain::service::UpdateService;
    let name = Some(forms::name("name", &name)?);
    let request = UpdateService { name, ..UpdateService::default() };
    let service = super::acting().await?.update_service(&forms::path(&path)?, request).await?;
    super::done(&format!("/projects/{}/settings", service.path), "service-changed");
    Ok(())
}

/// Keeps or removes the credential of a private repository or registry.
#[server(prefix = "/panel", endpoint = "service_credential")]
pub async fn set_credential(path: String, #[server(flatten)] form: CredentialForm) -> Result<(), PanelError> {
    use berth_domain::service::SetCredential;
    let removal = SetCredential { username: String::new(), secret: String::new() };
    let (request, flash) = match form.remove.is_empty() {
        true => {
            let empty = || forms::invalid("secret", "The secret is empty.");
            (form.request().ok_or_else(empty)?, "credential-set")
        }
        false => (removal, "credential-removed"),
    };
    let path = forms::path(&path)?;
    super::acting().await?.set_credential(&path, request).await?;
    super::done(&format!("/projects/{path}/settings"), flash);
    Ok(())
}

/// Stops a service on purpose.
#[server(prefix = "/panel", endpoint = "service_stop")]
pub async fn stop_service(path: String) -> Result<ServiceView, PanelError> {
    let service = super::acting().await?.stop_service(&forms::path(&path)?).await?;
    super::done(&format!("/projects/{}", service.path), "service-stopped");
    Ok(service)
}

/// Starts a stopped service.
#[server(prefix = "/panel", endpoint = "service_start")]
pub async fn start_service(path: String) -> Result<ServiceView, PanelError> {
    let service = super::acting().await?.start_service(&forms::path(&path)?).await?;
    super::done(&format!("/projects/{}", service.path), "service-started");
    Ok(service)
}

/// Asks for another number of instances of a process, without a deployment.
#[server(prefix = "/panel", endpoint = "service_scale")]
pub async fn scale_service(
    path: String,
    /// A process other than the one that answers requests.
    #[server(default)]
    process: String,
    #[server(default)] replicas: String,
    /// The buttons for one more and one less say their number here; it goes before the one that was typed.
    #[server(default)]
    to: String,
) -> Result<ServiceView, PanelError> {
    use berth_domain::traffic::ScaleRequest;
    let process = match forms::optional(&process) {
        Some(text) => Some(forms::name("process", text)?),
        None => None,
    };
    let wanted = forms::optional(&to).unwrap_or(&replicas);
    let wrong = |_| forms::invalid("replicas", "There are from 1 to 100 instances of a process.");
    let replicas = wanted.trim().parse().map_err(wrong)?;
    // No word about it on another page: the buttons are pressed again and again, and the page shows what they do.
    Ok(super::acting().await?.scale(&forms::path(&path)?, ScaleRequest { process, replicas }).await?)
}

/// Lists what goes and what stays when a service is deleted.
#[server(prefix = "/panel", endpoint = "service_deletion")]
pub async fn preview_service_deletion(path: ServicePath) -> Result<DeletionPreview, PanelError> {
    Ok(super::acting().await?.preview_service_deletion(&path).await?)
}

/// Deletes a service and goes to its project.
#[server(prefix = "/panel", endpoint = "service_delete")]
pub async fn delete_service(path: String, confirm: String) -> Result<(), PanelError> {
    use berth_domain::service::ConfirmDeletion;
    let path = forms::path(&path)?;
    super::acting().await?.delete_service(&path, ConfirmDeletion { confirm }).await?;
    super::done(&format!("/projects/{}", path.project), "service-deleted");
    Ok(())
}
