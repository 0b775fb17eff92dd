//! The command line: the server itself, and a client of its API.

mod admin;
mod certificates;
mod client;
mod deploy;
mod domains;
pub(crate) mod duration;
mod env;
mod follow;
mod health;
mod list;
mod login;
mod logs;
mod plan;
mod previews;
mod print;
mod profile;
mod promote;
mod remote;
mod rollback;
mod scale;
mod upload;
mod volumes;
mod waiting;
mod webhook;

use crate::settings::ServeArgs;
use clap::{Args, Parser, Subcommand};
use client::Client;
use std::process::ExitCode;

/// Ship services to a machine with Docker.
#[derive(Debug, Parser)]
#[command(name = "berth", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: the panel, the API, and the work behind them
    Serve(Box<ServeArgs>),
    /// Keep the address and a token of a Berth for the other commands
    Login(login::LoginArgs),
    /// List projects
    Projects(list::ListArgs),
    /// List services of all projects
    Services(list::ListArgs),
    /// List the deployments of a service
    Deployments(list::DeploymentsArgs),
    /// Deploy a service
    Deploy(deploy::DeployArgs),
    /// Show what a deployment would do now, without doing it
    Plan(plan::PlanArgs),
    /// Let a canary go on to all requests
    Promote(promote::PromoteArgs),
    /// Go back to the release of an earlier deployment
    Rollback(rollback::RollbackArgs),
    /// Run more or fewer instances of a service
    Scale(scale::ScaleArgs),
    /// Tell visitors of a service to come back later, and let them in again
    #[command(subcommand)]
    Maintenance(waiting::MaintenanceCommand),
    /// Let requests to a service wait for up to a minute
    Pause(waiting::PauseArgs),
    /// Show where a service is pushed to with git
    Remote(remote::RemoteArgs),
    /// Read a service's log
    Logs(logs::LogsArgs),
    /// Read and change a service's variables
    #[command(subcommand)]
    Env(env::EnvCommand),
    /// List, add and remove a service's domains
    #[command(subcommand)]
    Domains(domains::DomainsCommand),
    /// List certificates, and renew one
    #[command(subcommand)]
    Certificates(certificates::CertificatesCommand),
    /// List a service's volumes, delete their data, or keep it
    #[command(subcommand)]
    Volumes(volumes::VolumesCommand),
    /// List and look after the previews of pull requests
    #[command(subcommand)]
    Previews(previews::PreviewsCommand),
    /// Show what the git host told of pushes, and judge it once more
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Say whether a server and the parts that it depends on work
    Health(health::HealthArgs),
    /// Mend accounts on the server's machine, with the server stopped
    #[command(subcommand)]
    Admin(admin::AdminCommand),
}

/// Which Berth is asked, and how the answer is written.
#[derive(Debug, Clone, Args)]
struct Remote {
    /// The address of the Berth, such as https://berth.example; else what `berth login` kept
    #[arg(long, env = "BERTH_URL")]
    url: Option<String>,
    /// An API token; else what `berth login` kept
    #[arg(long, env = "BERTH_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Write JSON for programs
    #[arg(long)]
    json: bool,
}

impl Remote {
    fn client(&self) -> Result<Client, Failure> {
        Client::new(profile::chosen(self.url.as_deref(), self.token.as_deref())?)
    }
}

/// Why a command did not do what was asked; ends the process with 2, or with 1 when it is the outcome of what was
/// asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The command line, the network, or the server's refusal.
    #[error("{0}")]
    Trouble(String),
    /// The server cannot be reached, or is in trouble itself; that may pass.
    #[error("{0}")]
    Away(String),
    /// The deployment or the check ended badly, as has been said already.
    #[error("")]
    Outcome,
}

impl Failure {
    fn trouble(words: impl std::fmt::Display) -> Self {
        Self::Trouble(words.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::trouble(error)
    }
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("berth: no runtime: {error}");
            return ExitCode::from(2);
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve(&args).await,
            Command::Login(args) => login::run(args).await,
            Command::Projects(args) => list::projects(args).await,
            Command::Services(args) => list::services(args).await,
            Command::Deployments(args) => list::deployments(args).await,
            Command::Deploy(args) => deploy::run(args).await,
            Command::Plan(args) => plan::run(args).await,
            Command::Promote(args) => promote::run(args).await,
            Command::Rollback(args) => rollback::run(args).await,
            Command::Scale(args) => scale::run(args).await,
            Command::Maintenance(command) => waiting::maintenance(command).await,
            Command::Pause(args) => waiting::pause(args).await,
            Command::Remote(args) => remote::run(args).await,
            Command::Logs(args) => logs::run(args).await,
            Command::Env(command) => env::run(command).await,
            Command::Domains(command) => domains::run(command).await,
            Command::Certificates(command) => certificates::run(command).await,
            Command::Volumes(command) => volumes::run(command).await,
            Command::Previews(command) => previews::run(command).await,
            Command::Webhook(command) => webhook::run(command).await,
            Command::Health(args) => health::run(args).await,
            Command::Admin(command) => admin::run(command).await,
        }
    });
    // Reading the standard input may still block a thread that nobody waits for.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Outcome) => ExitCode::FAILURE,
        Err(Failure::Trouble(words) | Failure::Away(words)) => {
            eprintln!("berth: {words}");
            ExitCode::from(2)
        }
    }
}

async fn serve(args: &ServeArgs) -> Result<(), Failure> {
    crate::telemetry::start();
    match crate::serve::serve(args).await {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the server has ended");
            eprintln!("berth: {error:#}");
            Err(Failure::Outcome)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_service_is_written_as_a_path() {
        assert!(Cli::try_parse_from(["berth", "deploy", "shop/production/web", "--wait"]).is_ok());
        assert!(Cli::try_parse_from(["berth", "deploy", "shop"]).is_err());
        assert!(Cli::try_parse_from(["berth", "rollback", "shop/production/web"]).is_err());
        assert!(Cli::try_parse_from(["berth", "scale", "shop/production/web", "3", "worker=2"]).is_ok());
        assert!(Cli::try_parse_from(["berth", "scale", "shop/production/web"]).is_err());
        assert!(Cli::try_parse_from(["berth", "promote", "shop/production/web#3", "--wait"]).is_ok());
        assert!(Cli::try_parse_from(["berth", "promote", "shop/production/web"]).is_err());
        let maintenance = ["berth", "maintenance", "on", "shop/production/web", "-m", "Back at nine."];
        assert!(Cli::try_parse_from(maintenance).is_ok());
        assert!(Cli::try_parse_from(["berth", "maintenance", "off", "shop/production/web"]).is_ok());
        assert!(Cli::try_parse_from(["berth", "pause", "shop/production/web", "--for", "20s"]).is_ok());
        assert!(Cli::try_parse_from(["berth", "pause", "shop/production/web", "--end"]).is_ok());
        let verbs = [
            "deployments shop/production/web --limit 5",
            "domains list shop/production/web",
            "domains add shop/production/web shop.example.com --port 9000",
            "domains remove shop/production/web shop.example.com --path /api",
            "certificates list",
            "certificates renew *.example.com",
            "volumes list shop/production/web",
            "volumes delete shop/production/web data --confirm data",
            "volumes keep shop/production/web data",
            "previews list shop/production/web",
            "previews approve shop/production/web 42 --commit 0123",
            "previews remove shop/production/web 42",
            "webhook deliveries shop/production/web --limit 5",
            "webhook replay shop/production/web 00000000-0000-0000-0000-000000000000",
        ];
        for verb in verbs {
            let words = ["berth"].into_iter().chain(verb.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{verb}");
        }
        assert!(Cli::try_parse_from(["berth", "volumes", "delete", "shop/production/web", "data"]).is_err());
    }
}
