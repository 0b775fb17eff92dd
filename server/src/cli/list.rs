//! `berth projects`, `berth services` and `berth deployments`.

use super::{
    Failure, Remote,
    client::{self, Client},
    print,
};
use berth_domain::{
    deployment::DeploymentView,
    page::Page,
    project::ProjectSummary,
    service::{ServicePath, ServiceState, ServiceSummary},
};
use clap::Args;
use serde::de::DeserializeOwned;

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those that contain this text
    search: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Whose it is: a service somewhere.
#[derive(Debug, Args)]
pub struct Whose {
    /// The service: project/environment/service
    pub service: ServicePath,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub struct DeploymentsArgs {
    #[command(flatten)]
    of: Whose,
    /// How many, the newest first; 200 at the most
    #[arg(long, default_value = "20")]
    limit: u16,
}

/// Lists projects.
pub async fn projects(args: ListArgs) -> Result<(), Failure> {
    let all: Vec<ProjectSummary> = whole(&args.remote.client()?, "/projects", args.search.as_deref()).await?;
    if args.remote.json {
        return print::json(&all);
    }
    let mut rows = vec![["PROJECT", "ENVIRONMENTS", "SERVICES", "DOWN"].map(str::to_owned)];
    rows.extend(all.iter().map(|project| {
        let environments: Vec<_> = project.environments.iter().map(|name| name.as_str()).collect();
        let (services, down) = (project.services.to_string(), project.down.to_string());
        [project.name.to_string(), environments.join(", "), services, down]
    }));
    print::table(&rows)
}

/// Lists services.
pub async fn services(args: ListArgs) -> Result<(), Failure> {
    let all: Vec<ServiceSummary> = whole(&args.remote.client()?, "/services", args.search.as_deref()).await?;
    if args.remote.json {
        return print::json(&all);
    }
    let mut rows = vec![["SERVICE", "STATE", "URL", "SOURCE"].map(str::to_owned)];
    rows.extend(all.iter().map(|service| {
        let reason = service.state_reason.as_deref().filter(|_| service.state == ServiceState::Down);
        let state = reason.map_or(service.state.to_string(), |why| format!("{}: {why}", service.state));
        let url = service.url.clone().unwrap_or_default();
        [service.path.to_string(), state, url, service.source.clone()]
    }));
    print::table(&rows)
}

/// Lists the deployments of a service, the newest first.
pub async fn deployments(args: DeploymentsArgs) -> Result<(), Failure> {
    let path = format!("{}/deployments", client::service(&args.of.service));
    let limit = args.limit.to_string();
    let page: Page<DeploymentView> = args.of.remote.client()?.get(&path, &[("limit", &limit)]).await?;
    if args.of.remote.json {
        return print::json(&page.items);
    }
    let mut rows = vec![["NUMBER", "STATUS", "WHY", "BY", "WHEN", "WHAT"].map(str::to_owned)];
    rows.extend(page.items.iter().map(|deployment| {
        let when = print::minute(deployment.created_at);
        let [actor, title] =
            [&deployment.actor, &deployment.title()].map(|text| print::harmless(text, false));
        let number = format!("#{}", deployment.number);
        [number, deployment.status.to_string(), deployment.cause.to_string(), actor, when, title]
    }));
    print::table(&rows)
}

/// All pages of a list.
async fn whole<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    search: Option<&str>,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("limit", "200")];
        query.extend(search.map(|search| ("search", search)));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: Page<T> = client.get(path, &query).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}
