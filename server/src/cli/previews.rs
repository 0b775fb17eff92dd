//! `berth previews`: pull requests that run.

use super::{
    Failure,
    client::{self, Client},
    list::Whose,
    print,
};
use berth_domain::{
    preview::{ApprovePreview, PreviewView},
    service::ServicePath,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub enum PreviewsCommand {
    /// List pull requests with their previews
    List(Whose),
    /// Compare the previews with the git host now
    Check(Whose),
    /// Let one commit of a foreign pull request run: the one that you looked at
    Approve {
        #[command(flatten)]
        of: PullRequest,
        /// Its full id
        #[arg(long)]
        commit: String,
    },
    /// Deploy the newest commit of a pull request once more
    Redeploy(PullRequest),
    /// Remove a preview with everything in it
    Remove(PullRequest),
}

/// A pull request of a service.
#[derive(Debug, Args)]
pub struct PullRequest {
    #[command(flatten)]
    of: Whose,
    /// The number of the pull request
    number: u64,
}

fn at(service: &ServicePath) -> String {
    format!("{}/previews", client::service(service))
}

/// Does what was asked about previews.
pub async fn run(command: PreviewsCommand) -> Result<(), Failure> {
    match command {
        PreviewsCommand::List(of) => {
            let all: Vec<PreviewView> = of.remote.client()?.get(&at(&of.service), &[]).await?;
            show(&of, &all)
        }
        PreviewsCommand::Check(of) => {
            let path = format!("{}/check", at(&of.service));
            let all: Vec<PreviewView> = of.remote.client()?.send(Method::POST, &path, &Value::Null).await?;
            show(&of, &all)
        }
        PreviewsCommand::Approve { of, commit } => one(of, "approve", &ApprovePreview { commit }).await,
        PreviewsCommand::Redeploy(of) => one(of, "redeploy", &Value::Null).await,
        PreviewsCommand::Remove(PullRequest { of, number }) => {
            let client: Client = of.remote.client()?;
            client.done(Method::DELETE, &format!("{}/{number}", at(&of.service))).await?;
            print::line(&format!("The preview of pull request {number} is removed."))
        }
    }
}

async fn one(pull: PullRequest, verb: &str, body: &impl serde::Serialize) -> Result<(), Failure> {
    let path = format!("{}/{}/{verb}", at(&pull.of.service), pull.number);
    let view: PreviewView = pull.of.remote.client()?.send(Method::POST, &path, body).await?;
    show(&pull.of, &[view])
}

fn show(of: &Whose, all: &[PreviewView]) -> Result<(), Failure> {
    if of.remote.json {
        return print::json(&all);
    }
    let mut rows = vec![["PULL REQUEST", "STATE", "COMMIT", "LINK", "WHAT"].map(str::to_owned)];
    rows.extend(all.iter().map(|view| {
        let commit = view.commit.chars().take(8).collect();
        let told = print::harmless(view.reason.as_deref().unwrap_or(&view.title), false);
        let link = view.link.clone().unwrap_or_default();
        [format!("#{}", view.number), view.state.to_string(), commit, link, told]
    }));
    print::table(&rows)
}
