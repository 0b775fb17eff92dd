//! `berth promote`.

use super::{Failure, Remote, client, deploy::Waiting};
use berth_domain::deployment::{DeploymentPath, DeploymentView};
use clap::Args;
use reqwest::Method;

#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// The deployment: project/environment/service#number
    deployment: DeploymentPath,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    remote: Remote,
}

/// Lets a canary go on to all requests, and waits for its outcome when asked to.
pub async fn run(args: PromoteArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let DeploymentPath { service, number } = &args.deployment;
    let path = format!("{}/deployments/{number}/promote", client::service(service));
    let promoted: DeploymentView = client.send(Method::POST, &path, &serde_json::Value::Null).await?;
    args.waiting.for_outcome(&client, promoted, args.remote.json).await
}
