//! The command line.

use crate::settings::ServeArgs;
use clap::{Parser, Subcommand};
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
    /// Run the server
    Serve(Box<ServeArgs>),
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
    runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve(&args).await,
        }
    })
}

async fn serve(args: &ServeArgs) -> ExitCode {
    crate::telemetry::start();
    match crate::serve::serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the server has ended");
            eprintln!("berth: {error:#}");
            ExitCode::FAILURE
        }
    }
}
