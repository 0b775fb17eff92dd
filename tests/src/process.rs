//! Programs that the tests start, always by argv.

use anyhow::{Context, Result, ensure};
use std::{
    ffi::OsStr,
    fs::File,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// A command whose process ends with this one, also when this one is killed.
#[expect(clippy::disallowed_methods, reason = "the harness starts the programs that the tests meet")]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.stdin(Stdio::null());
    command
}

/// Starts a program in the background with its output in a file.
pub fn spawn(mut command: Command, log: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(log)?;
    command.stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("start {command:?}"))
}

/// Runs a program to its end and gives its output back, whatever its exit code.
pub fn output(mut command: Command) -> Result<Output> {
    command.output().with_context(|| format!("run {command:?}"))
}

/// Runs a program that has to succeed and gives back what it printed.
pub fn run(command: Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = output(command)?;
    ensure!(
        output.status.success(),
        "{shown} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Ports of the loopback that nobody listens on, all different.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // Below the ports that the kernel gives to clients: nobody takes them before they are used.
    let mut ports = [0; N];
    let mut listeners = Vec::new();
    while listeners.len() < N {
        let port = 10_000 + (uuid::Uuid::new_v4().as_u128() % 20_000) as u16;
        if let Ok(listener) = std::net::TcpListener::bind(("0.0.0.0", port)) {
            ports[listeners.len()] = port;
            listeners.push(listener);
        }
    }
    Ok(ports)
}

/// The end of a text file, for messages.
pub fn tail(path: &Path, lines: usize) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
