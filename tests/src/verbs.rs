//! What tests ask for again and again, in one line each.

use crate::{
    berth::shipped_image,
    client::Client,
    http::{self, Response},
    wait::eventually_within,
};
use anyhow::{Context, Result, bail, ensure};
use berth_domain::{
    deployment::{DeploymentView, Status},
    log::LogPage,
    project::ProjectView,
    service::{ServicePath, ServiceView},
    webhook::WebhookSecret,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};

/// How long a deployment of an image may take in a test.
pub const DEPLOYMENT: Duration = Duration::from_secs(90);
/// The same with a build that runs apt.
pub const BUILD: Duration = Duration::from_secs(300);

/// Reads `project/environment/service`.
pub fn path(text: &str) -> ServicePath {
    text.parse().expect("the test names a service")
}

/// The REST path of a service.
pub fn of(path: &ServicePath) -> String {
    format!("/projects/{}/environments/{}/services/{}", path.project, path.environment, path.service)
}

/// An image as a service's source.
pub fn image(reference: &str) -> Value {
    json!({ "type": "image", "reference": reference })
}

/// A repository as a service's source.
pub fn git(url: &str) -> Value {
    json!({ "type": "git", "url": url })
}

/// Settings with which a rollout of the test program takes no longer than it must.
pub fn swift() -> Value {
    json!({
        "port": 8080,
        "drain_ms": 500,
        "stop_grace_ms": 2_000,
        "probe": { "kind": { "type": "http", "path": "/healthz" }, "start_period_ms": 20_000 },
    })
}

impl Client {
    /// Makes a project.
    pub async fn create_project(&self, name: &str) -> Result<ProjectView> {
        self.post("/projects", json!({ "name": name })).await?.ok()
    }

    /// Makes a service, and its project when that is missing.
    pub async fn create_service(
        &self,
        path: &ServicePath,
        source: Value,
        settings: Value,
    ) -> Result<ServiceView> {
        if self.get(&format!("/projects/{}", path.project)).await?.status == 404 {
            self.create_project(path.project.as_str()).await?;
        }
        let services = format!("/projects/{}/environments/{}/services", path.project, path.environment);
        let request = json!({ "name": path.service, "source": source, "settings": settings });
        self.post(&services, request).await?.ok()
    }

    /// A service of the test program, with quick settings.
    pub async fn create_shipped(&self, path: &ServicePath) -> Result<ServiceView> {
        self.create_service(path, image(&shipped_image()), swift()).await
    }

    /// A service as it is now.
    pub async fn service(&self, path: &ServicePath) -> Result<ServiceView> {
        self.get(&of(path)).await?.ok()
    }

    /// Sets a plain variable.
    pub async fn set_plain(&self, path: &ServicePath, key: &str, value: &str) -> Result<()> {
        self.set(path, key, json!({ "value": value, "secret": false })).await
    }

    /// Sets a secret variable.
    pub async fn set_secret(&self, path: &ServicePath, key: &str, value: &str) -> Result<()> {
        self.set(path, key, json!({ "value": value })).await
    }

    async fn set(&self, path: &ServicePath, key: &str, request: Value) -> Result<()> {
        self.put(&format!("{}/variables/{key}", of(path)), request).await?.done()
    }

    /// Asks for a deployment of the source as it is now.
    pub async fn deploy(&self, path: &ServicePath) -> Result<DeploymentView> {
        self.post(&format!("{}/deployments", of(path)), json!({})).await?.ok()
    }

    /// Asks to go back to the release of an earlier deployment.
    pub async fn roll_back(&self, path: &ServicePath, to: u64) -> Result<DeploymentView> {
        self.post(&format!("{}/rollback", of(path)), json!({ "to": to })).await?.ok()
    }

    /// A deployment as it is now.
    pub async fn deployment(&self, path: &ServicePath, number: u64) -> Result<DeploymentView> {
        self.get(&format!("{}/deployments/{number}", of(path))).await?.ok()
    }

    /// The deployments of a service, newest first.
    pub async fn deployments(&self, path: &ServicePath) -> Result<Vec<DeploymentView>> {
        let page: Value = self.get(&format!("{}/deployments?limit=200", of(path))).await?.ok()?;
        Ok(serde_json::from_value(page["items"].clone())?)
    }

    /// Waits until a deployment will change no more.
    pub async fn settled(&self, path: &ServicePath, number: u64, within: Duration) -> Result<DeploymentView> {
        let what = format!("deployment {number} of {path} is settled");
        eventually_within(within, &what, || async {
            let view = self.deployment(path, number).await?;
            ensure!(view.status.is_settled(), "it is {} ({:?})", view.status, view.phase);
            Ok(view)
        })
        .await
        .with_context(|| format!("deployment {number} of {path}"))
    }

    /// Waits until a deployment is live; a failure is told with its reason and log.
    pub async fn live(&self, path: &ServicePath, number: u64, within: Duration) -> Result<DeploymentView> {
        let view = self.settled(path, number, within).await?;
        if view.status != Status::Live {
            let log = self.deployment_log(path, number).await?;
            bail!("deployment {number} of {path} is {}: {:?}\n{log}", view.status, view.reason);
        }
        Ok(view)
    }

    /// Deploys and waits until it is live.
    pub async fn ship(&self, path: &ServicePath) -> Result<DeploymentView> {
        let queued = self.deploy(path).await?;
        self.live(path, queued.number, DEPLOYMENT).await
    }

    /// Sets the variable `VERSION`, deploys, and waits until that is live.
    pub async fn ship_version(&self, path: &ServicePath, version: &str) -> Result<DeploymentView> {
        self.set_plain(path, "VERSION", version).await?;
        self.ship(path).await
    }

    /// Waits until a deployment failed, and fails when it does not.
    pub async fn failed(&self, path: &ServicePath, number: u64, within: Duration) -> Result<DeploymentView> {
        let view = self.settled(path, number, within).await?;
        if view.status != Status::Failed {
            let log = self.deployment_log(path, number).await?;
            bail!("it is {} instead of failed: {:?}\n{log}", view.status, view.reason);
        }
        ensure!(view.reason.as_ref().is_some_and(|r| r.len() > 10), "it says why: {:?}", view.reason);
        Ok(view)
    }

    /// The whole log of a deployment as text.
    pub async fn deployment_log(&self, path: &ServicePath, number: u64) -> Result<String> {
        let page: LogPage =
            self.get(&format!("{}/deployments/{number}/log?limit=5000", of(path))).await?.ok()?;
        Ok(text(&page))
    }

    /// A part of a service's log.
    pub async fn log(&self, path: &ServicePath, query: &str) -> Result<LogPage> {
        self.get(&format!("{}/logs?{query}", of(path))).await?.ok()
    }

    /// Makes a webhook secret and gives it with the address.
    pub async fn webhook(&self, path: &ServicePath) -> Result<WebhookSecret> {
        self.post(&format!("{}/webhook/secret", of(path)), Value::Null).await?.ok()
    }
}

/// The lines of a log as one text.
pub fn text(page: &LogPage) -> String {
    page.lines.iter().map(|line| format!("{}\n", line.text)).collect()
}

/// The host of a service's default domain.
pub fn host(service: &ServiceView) -> Result<String> {
    let domain = service.domains.iter().find(|domain| domain.default);
    Ok(domain.context("the service has a default domain")?.host.to_string())
}

/// A GET through the proxy.
pub async fn visit(port: u16, host: &str, path: &str) -> Result<Response> {
    http::get(SocketAddr::from(([127, 0, 0, 1], port)), host, path).await
}

/// Waits until the proxy answers with this body.
pub async fn answers(port: u16, host: &str, path: &str, wanted: &str) -> Result<()> {
    eventually_within(Duration::from_secs(10), &format!("{host}{path} answers {wanted:?}"), || async {
        let response = visit(port, host, path).await?;
        ensure!(response.status == 200, "it answered {} {}", response.status, response.text());
        ensure!(response.text().contains(wanted), "it answered {:?}", response.text());
        Ok(())
    })
    .await
}
