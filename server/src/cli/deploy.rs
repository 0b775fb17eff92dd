//! `berth deploy`, and waiting for what it began.

use super::{
    Failure, Remote,
    client::{self, Client},
    duration,
    follow::Follow,
    print, upload,
};
use berth_domain::{
    deployment::{DeployRequest, DeploymentView, Status},
    service::ServicePath,
    upload::UploadQuery,
};
use clap::Args;
use reqwest::Method;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The service: project/environment/service
    service: ServicePath,
    /// This commit instead of the branch's newest
    #[arg(long)]
    commit: Option<String>,
    /// Build every step again
    #[arg(long)]
    no_cache: bool,
    /// The same commit and image as what is live, with the present configuration and variables
    #[arg(long, conflicts_with_all = ["commit", "no_cache"])]
    restart: bool,
    /// This image, for a service from an image; it is the service's image from then on
    #[arg(long, value_name = "REFERENCE", conflicts_with_all = ["commit", "restart", "tar"])]
    image: Option<String>,
    /// Build what is in this folder (all of it but .git) or tarball; - for a tarball on the standard input
    #[arg(long, value_name = "FOLDER|FILE|-", conflicts_with_all = ["commit", "restart"])]
    tar: Option<PathBuf>,
    /// The image of this archive, as docker save writes it; - for one on the standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["commit", "restart", "image", "tar", "no_cache"])]
    image_archive: Option<PathBuf>,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    remote: Remote,
}

/// Whether a command waits for its deployment.
#[derive(Debug, Args)]
pub struct Waiting {
    /// Show the log and wait for the outcome: exit code 0 live, 1 failed, cancelled or superseded, 2 no outcome
    #[arg(long, short)]
    wait: bool,
    /// How long to wait: 90s, 15m, 2h
    #[arg(long, default_value = "1h", value_parser = duration::parse)]
    timeout: Duration,
}

/// Queues a deployment, and waits for it when asked to.
pub async fn run(args: DeployArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    if let Some(source) = args.tar.as_ref().or(args.image_archive.as_ref()) {
        let query = UploadQuery { no_cache: args.no_cache, image: args.image_archive.is_some() };
        let queued = upload::send(&client, &args.service, source, query).await?;
        return args.waiting.for_outcome(&client, queued, args.remote.json).await;
    }
    let (commit, image) = (args.commit, args.image);
    let request = DeployRequest {
        commit,
        no_cache: args.no_cache,
        restart: args.restart,
        image,
        ..DeployRequest::default()
    };
    let path = format!("{}/deployments", client::service(&args.service));
    let queued: DeploymentView = client.send(Method::POST, &path, &request).await?;
    args.waiting.for_outcome(&client, queued, args.remote.json).await
}

impl Waiting {
    /// Writes how the deployment stands; when asked to wait, its log first.
    pub async fn for_outcome(
        &self,
        client: &Client,
        queued: DeploymentView,
        json: bool,
    ) -> Result<(), Failure> {
        if !self.wait {
            return show(&queued, json);
        }
        let settled = match tokio::time::timeout(self.timeout, settled(client, &queued, json)).await {
            Ok(settled) => settled?,
            Err(_) => {
                let seconds = self.timeout.as_secs();
                let words = format!("no outcome within {seconds} s; the deployment goes on");
                return Err(Failure::trouble(words));
            }
        };
        show(&settled, json)?;
        if settled.status == Status::Live { Ok(()) } else { Err(Failure::Outcome) }
    }
}

fn show(view: &DeploymentView, json: bool) -> Result<(), Failure> {
    if json { print::json(view) } else { print::deployment(view) }
}

/// Follows the log to its end, and asks how the deployment ended.
async fn settled(client: &Client, queued: &DeploymentView, json: bool) -> Result<DeploymentView, Failure> {
    let path = format!("{}/deployments/{}", client::service(&queued.service), queued.number);
    if !json {
        print::line(&format!("{}#{} is {}", queued.service, queued.number, queued.status))?;
    }
    let stream = format!("{path}/log/stream");
    let follow = Follow { client, path: stream, query: Vec::new(), after: None, json: false, silent: json };
    follow.until_the_end().await?;
    loop {
        match client.get::<DeploymentView>(&path, &[]).await {
            Ok(view) if view.status.is_settled() => return Ok(view),
            Ok(_) | Err(Failure::Away(_)) => tokio::time::sleep(Duration::from_millis(300)).await,
            Err(failure) => return Err(failure),
        }
    }
}
