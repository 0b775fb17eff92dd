//! `berth rollback`.

use super::{Failure, Remote, client, deploy::Waiting};
use berth_domain::{
    deployment::{DeploymentView, RollbackRequest},
    service::ServicePath,
};
use clap::Args;
use reqwest::Method;

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The service: project/environment/service
    service: ServicePath,
    /// The number of the deployment whose release is wanted back
    #[arg(long)]
    to: u64,
    /// Keep the variables of now instead of the release's own
    #[arg(long)]
    keep_variables: bool,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    remote: Remote,
}

/// Queues a rollback, and waits for it when asked to.
pub async fn run(args: RollbackArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let request = RollbackRequest { to: args.to, keep_variables: args.keep_variables };
    let path = format!("{}/rollback", client::service(&args.service));
    let queued: DeploymentView = client.send(Method::POST, &path, &request).await?;
    args.waiting.for_outcome(&client, queued, args.remote.json).await
}
