//! The program `berth`.

use std::process::ExitCode;

/// A page of the panel is thousands of small pieces: with the system's allocator it takes half as long again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Git starts this same program as its ssh, and as the hook of a push: before anything else, and before there are
    // threads.
    berth_engine::git::run_as_ssh().or_else(berth_engine::git::run_as_hook).unwrap_or_else(berth::cli::run)
}
