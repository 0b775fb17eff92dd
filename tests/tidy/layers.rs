//! Who may name whom, and who may start a process or a task.

use crate::source::{files, has_word, none, root, rust};
use anyhow::{Context, Result, ensure};
use berth_tests::process::{command, run};

/// Lines that name `word` outside the places that may.
fn strays(word: &str, allowed: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in rust()?.iter().filter(|file| !file.is_in(allowed) && !file.is_in(&["tests/tidy"])) {
        let lines = file.code().filter(|(_, line)| has_word(line, word));
        found.extend(lines.map(|(at, line)| format!("{}:{at}: {}", file.path, line.trim())));
    }
    Ok(found)
}

#[test]
fn only_the_store_names_sea_orm() -> Result<()> {
    let mut found = strays("sea_orm", &["server/engine/src/store", "migrations"])?;
    found.extend(strays("sea_orm_migration", &["server/engine/src/store", "migrations"])?);
    none("sea_orm outside engine::store", found)
}

#[test]
fn only_the_docker_adapter_names_bollard() -> Result<()> {
    none("bollard outside engine::docker", strays("bollard", &["server/engine/src/docker", "tests"])?)
}

#[test]
fn only_the_acme_module_names_instant_acme() -> Result<()> {
    none("instant_acme outside engine::acme", strays("instant_acme", &["server/engine/src/acme"])?)
}

#[test]
fn in_the_app_only_the_api_folder_names_the_engine() -> Result<()> {
    let allowed = ["app/src/api", "server", "tests"];
    none("berth_engine in the app outside app/src/api", strays("berth_engine", &allowed)?)
}

#[test]
fn migrations_import_no_entities() -> Result<()> {
    let found = rust()?.into_iter().filter(|file| file.is_in(&["migrations"]));
    let found = found.filter(|file| file.code().any(|(_, line)| has_word(line, "berth_engine")));
    none("migrations that know the engine", found.map(|file| file.path).collect())
}

#[test]
fn only_git_starts_a_process() -> Result<()> {
    let allowed = ["server/engine/src/git", "server/engine/tests", "tests/src/process", "tests/images"];
    none("processes outside engine::git", strays("Command::new", &allowed)?)
}

#[test]
fn only_the_supervisor_spawns_tasks() -> Result<()> {
    let mut found = Vec::new();
    for word in ["tokio::spawn", "task::spawn"] {
        let allowed = ["server/engine/src/supervisor", "server/engine/tests", "tests"];
        found.extend(strays(word, &allowed)?);
    }
    none("tasks that the supervisor does not own", found)
}

/// R-SEC-1: no code path builds a command string.
#[test]
fn r_sec_1_no_rust_file_names_a_shell() -> Result<()> {
    let mut found = Vec::new();
    for file in rust()?.iter().filter(|file| !file.is_in(&["tests/tidy"])) {
        let shell = |line: &str| {
            ["\"sh\"", "\"bash\"", "\"/bin/sh\"", "\"/bin/bash\""].iter().any(|word| line.contains(word))
                || has_word(line, "sh -c")
                || has_word(line, "bash -c")
        };
        // The fuzz list and a container's own CMD in a fixture's Dockerfile are text that no test runs here.
        let lines = file.code().filter(|(_, line)| shell(line) && !line.contains("not a shell of ours"));
        found.extend(lines.map(|(at, line)| format!("{}:{at}: {}", file.path, line.trim())));
    }
    none("shells", found)
}

#[test]
fn every_crate_takes_the_workspaces_lints_and_forbids_unsafe_code() -> Result<()> {
    let without = files(&["Cargo.toml"])?.into_iter().filter(|file| {
        let member = file.path != "Cargo.toml" && !file.path.starts_with("tests/images/");
        member && !file.text.contains("[lints]\nworkspace = true")
    });
    none("crates without the workspace's lints", without.map(|file| file.path).collect())?;
    let workspace = std::fs::read_to_string(root().join("Cargo.toml"))?;
    ensure!(workspace.contains("unsafe_code = \"forbid\""), "the workspace allows unsafe code");
    Ok(())
}

#[test]
fn what_runs_in_a_browser_drags_no_server_along() -> Result<()> {
    let mut cargo = command("cargo");
    cargo.current_dir(root()).args(["tree", "--locked", "--offline", "-p", "berth-frontend"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "-e", "normal", "--prefix", "none", "--format", "{p}"]);
    let tree = run(cargo).context("cargo tree")?;
    let server = ["berth-engine", "berth-migrations", "tokio", "sea-orm", "sea-orm-migration", "bollard"];
    let found = tree.lines().filter(|line| server.contains(&line.split(' ').next().unwrap_or_default()));
    none("crates of the server in the browser", found.map(str::to_owned).collect())
}
