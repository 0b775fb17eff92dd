//! The program `berth`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Git starts this same program as its ssh: before anything else, and before there are threads.
    berth_engine::git::run_as_ssh().unwrap_or_else(berth::cli::run)
}
