//! `berth env`: variables, byte for byte.

use super::{
    Failure, Remote,
    client::{self, Client},
    print,
};
use berth_domain::{
    service::ServicePath,
    variable::{
        AgainstRunning, ExportedVariables, ImportVariables, RevealedVariable, SetVariable, VariablesView,
        is_key,
    },
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use std::{
    io::{IsTerminal, Read, Write, stdin, stdout},
    path::PathBuf,
};

#[derive(Debug, Subcommand)]
pub enum EnvCommand {
    /// List variables; values of plain ones only
    List(Target),
    /// Write the value of one variable; the reading is in the audit trail
    Get {
        #[command(flatten)]
        target: Target,
        key: String,
    },
    /// Set variables: KEY=VALUE..., KEY VALUE, or KEY with the value on the standard input
    Set {
        #[command(flatten)]
        target: Target,
        #[arg(required = true, value_name = "KEY=VALUE", allow_hyphen_values = true)]
        pairs: Vec<String>,
        /// Show the values to everybody who may see the service
        #[arg(long)]
        plain: bool,
    },
    /// Read a dotenv file, or the standard input
    Import {
        #[command(flatten)]
        target: Target,
        /// The file; the standard input when absent or -
        file: Option<PathBuf>,
        /// Remove what the file does not have
        #[arg(long)]
        replace: bool,
        /// New variables are plain instead of secret
        #[arg(long)]
        plain: bool,
    },
    /// Write all variables as a dotenv text; the reading is in the audit trail
    Export(Target),
    /// Remove variables
    Delete {
        #[command(flatten)]
        target: Target,
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

/// Whose variables.
#[derive(Debug, Args)]
pub struct Target {
    /// The service: project/environment/service
    service: ServicePath,
    #[command(flatten)]
    remote: Remote,
}

impl Target {
    fn path(&self) -> String {
        format!("{}/variables", client::service(&self.service))
    }
}

/// Runs one of the commands.
pub async fn run(command: EnvCommand) -> Result<(), Failure> {
    match command {
        EnvCommand::List(target) => list(&target).await,
        EnvCommand::Get { target, key } => reveal(&target, &key).await,
        EnvCommand::Set { target, pairs, plain } => set(&target, pairs, !plain).await,
        EnvCommand::Import { target, file, replace, plain } => {
            let dotenv = read(file.filter(|file| file.as_os_str() != "-"))?;
            let request = ImportVariables { dotenv, replace, secret: !plain };
            let path = format!("{}/import", target.path());
            let view = target.remote.client()?.send(Method::POST, &path, &request).await?;
            changed(&target, &view)
        }
        EnvCommand::Export(target) => export(&target).await,
        EnvCommand::Delete { target, keys } => delete(&target, &keys).await,
    }
}

async fn list(target: &Target) -> Result<(), Failure> {
    let view: VariablesView = target.remote.client()?.get(&target.path(), &[]).await?;
    if target.remote.json {
        return print::json(&view);
    }
    let mut rows = vec![["KEY", "VALUE", "AGAINST WHAT RUNS"].map(str::to_owned)];
    rows.extend(view.variables.iter().map(|variable| {
        let value = variable.value.as_deref().map_or("(secret)".to_owned(), |value| format!("{value:?}"));
        let against = match variable.against_running {
            AgainstRunning::Same => "",
            AgainstRunning::Changed => "changed",
            AgainstRunning::Added => "added",
            AgainstRunning::Removed => "removed",
        };
        [variable.key.clone(), value, against.to_owned()]
    }));
    print::table(&rows)
}

async fn reveal(target: &Target, key: &str) -> Result<(), Failure> {
    let path = format!("{}/{}/reveal", target.path(), checked(key)?);
    let revealed: RevealedVariable = target.remote.client()?.send(Method::POST, &path, &json!({})).await?;
    if target.remote.json { print::json(&revealed) } else { exact(&revealed.value) }
}

async fn export(target: &Target) -> Result<(), Failure> {
    let path = format!("{}/export", target.path());
    let exported: ExportedVariables = target.remote.client()?.send(Method::POST, &path, &json!({})).await?;
    if target.remote.json { print::json(&exported) } else { exact(&exported.dotenv) }
}

/// Writes the bytes and no other; a terminal gets a line break, so that its prompt stands alone.
fn exact(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    if out.is_terminal() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

async fn set(target: &Target, pairs: Vec<String>, secret: bool) -> Result<(), Failure> {
    let client = target.remote.client()?;
    let mut last: Option<VariablesView> = None;
    for (key, value) in assignments(pairs, || read(None))? {
        last = Some(put(&client, target, &key, SetVariable { value, secret }).await?);
    }
    last.map_or(Ok(()), |view| changed(target, &view))
}

async fn put(
    client: &Client,
    target: &Target,
    key: &str,
    request: SetVariable,
) -> Result<VariablesView, Failure> {
    client.send(Method::PUT, &format!("{}/{key}", target.path()), &request).await
}

async fn delete(target: &Target, keys: &[String]) -> Result<(), Failure> {
    let client = target.remote.client()?;
    let mut last: Option<VariablesView> = None;
    for key in keys {
        let path = format!("{}/{}", target.path(), checked(key)?);
        last = Some(client.send(Method::DELETE, &path, &json!({})).await?);
    }
    last.map_or(Ok(()), |view| changed(target, &view))
}

fn changed(target: &Target, view: &VariablesView) -> Result<(), Failure> {
    if target.remote.json {
        return print::json(view);
    }
    let kept = view.variables.iter().filter(|variable| variable.against_running != AgainstRunning::Removed);
    print::line(&format!("{} has {} variables.", target.service, kept.count()))?;
    if view.restart_needed {
        let words = "What runs does not have the change yet: berth deploy --restart --wait";
        print::line(&format!("{words} {}", target.service))?;
    }
    Ok(())
}

/// A key that can stand in a path.
fn checked(key: &str) -> Result<&str, Failure> {
    let words = || Failure::trouble(format!("{key:?} is not a key: letters, digits and underscores."));
    if is_key(key) { Ok(key) } else { Err(words()) }
}

/// What the arguments of `set` mean; `input` reads the standard input.
fn assignments(
    pairs: Vec<String>,
    input: impl FnOnce() -> Result<String, Failure>,
) -> Result<Vec<(String, String)>, Failure> {
    if pairs.iter().all(|pair| pair.contains('=')) {
        let split = |pair: &String| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((checked(key)?.to_owned(), value.to_owned()))
        };
        return pairs.iter().map(split).collect();
    }
    match pairs.as_slice() {
        [key] => Ok(vec![(checked(key)?.to_owned(), input()?)]),
        [key, value] => Ok(vec![(checked(key)?.to_owned(), value.clone())]),
        _ => Err(Failure::trouble("Write several variables as KEY=VALUE KEY=VALUE.")),
    }
}

/// The text of a file or of the standard input, as it is.
fn read(file: Option<PathBuf>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    match &file {
        Some(path) => {
            bytes = std::fs::read(path)
                .map_err(|error| Failure::trouble(format!("{}: {error}", path.display())))?;
        }
        None => {
            stdin().read_to_end(&mut bytes)?;
        }
    }
    String::from_utf8(bytes).map_err(|_| Failure::trouble("The text is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(args: &[&str]) -> Result<Vec<(String, String)>, Failure> {
        assignments(args.iter().map(|text| (*text).to_owned()).collect(), || Ok("in\n".into()))
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn variables_are_given_in_three_ways() {
        assert_eq!(read_as(&["A=1", "B=x=y "]).unwrap(), [pair("A", "1"), pair("B", "x=y ")]);
        assert_eq!(read_as(&["A", "b=c"]).unwrap(), [pair("A", "b=c")]);
        assert_eq!(read_as(&["A"]).unwrap(), [pair("A", "in\n")]);
        for bad in [&["../x=1"][..], &["A", "b", "c"], &["1A", "x"]] {
            assert!(read_as(bad).is_err(), "{bad:?}");
        }
    }
}
