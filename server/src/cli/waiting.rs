//! `berth maintenance` and `berth pause`.

use super::{Failure, Remote, client, duration, print};
use berth_domain::{
    service::{ServicePath, ServiceView},
    waiting::{PauseRequest, SetMaintenance},
};
use clap::{Args, Subcommand};
use reqwest::Method;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum MaintenanceCommand {
    /// Tell visitors to come back, or change what they read; instances keep running
    On {
        /// The service: project/environment/service
        service: ServicePath,
        /// What visitors read: plain text of at most 500 characters
        #[arg(long, short)]
        message: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let visitors in again
    Off {
        /// The service: project/environment/service
        service: ServicePath,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Args)]
pub struct PauseArgs {
    /// The service: project/environment/service
    service: ServicePath,
    /// How long requests wait at the most, such as 30s; a minute is the longest
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    time: Duration,
    /// End the pause: requests that wait go on now
    #[arg(long, conflicts_with = "time")]
    end: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Begins or ends maintenance.
pub async fn maintenance(command: MaintenanceCommand) -> Result<(), Failure> {
    let (service, remote, method, request) = match command {
        MaintenanceCommand::On { service, message, remote } => {
            (service, remote, Method::PUT, SetMaintenance { message })
        }
        MaintenanceCommand::Off { service, remote } => {
            (service, remote, Method::DELETE, SetMaintenance::default())
        }
    };
    let path = format!("{}/maintenance", client::service(&service));
    let view: ServiceView = remote.client()?.send(method, &path, &request).await?;
    said(&remote, &view)
}

/// Begins or ends a pause.
pub async fn pause(args: PauseArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let path = format!("{}/pause", client::service(&args.service));
    let view: ServiceView = if args.end {
        client.send(Method::DELETE, &path, &serde_json::Value::Null).await?
    } else {
        // What is too long for the number is too long for a pause too: the server says so.
        let seconds = u16::try_from(args.time.as_secs()).unwrap_or(u16::MAX);
        client.send(Method::POST, &path, &PauseRequest { seconds }).await?
    };
    said(&args.remote, &view)
}

fn said(remote: &Remote, view: &ServiceView) -> Result<(), Failure> {
    if remote.json {
        return print::json(view);
    }
    print::line(&in_words(view))
}

fn in_words(view: &ServiceView) -> String {
    let path = &view.path;
    match (&view.maintenance, view.paused_until) {
        (Some(_), _) => format!("{path} is in maintenance."),
        (None, Some(until)) => format!("Requests to {path} wait until {}.", until.format("%H:%M:%S UTC")),
        (None, None) => format!("Requests to {path} go to its instances."),
    }
}
