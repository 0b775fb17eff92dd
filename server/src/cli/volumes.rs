//! `berth volumes`: data that outlives instances.

use super::{Failure, client, list::Whose, print};
use berth_domain::{
    disk::size_text,
    name::Name,
    service::{ConfirmDeletion, ServicePath, VolumeView},
};
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub enum VolumesCommand {
    /// List the volumes of a service, as Docker has them
    List(Whose),
    /// Delete the data of a volume that no instance uses; for a while it can be kept
    Delete {
        #[command(flatten)]
        of: Whose,
        /// The volume's name
        name: Name,
        /// Its name once more: what is deleted does not come back
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Keep a volume that is to be deleted
    Keep {
        #[command(flatten)]
        of: Whose,
        /// The volume's name
        name: Name,
    },
}

fn at(service: &ServicePath) -> String {
    format!("{}/volumes", client::service(service))
}

/// Does what was asked about volumes.
pub async fn run(command: VolumesCommand) -> Result<(), Failure> {
    match command {
        VolumesCommand::List(of) => {
            let all: Vec<VolumeView> = of.remote.client()?.get(&at(&of.service), &[]).await?;
            show(&of, &all)
        }
        VolumesCommand::Delete { of, name, confirm } => {
            let path = format!("{}/{name}", at(&of.service));
            let view: VolumeView =
                of.remote.client()?.send(Method::DELETE, &path, &ConfirmDeletion { confirm }).await?;
            show(&of, &[view])
        }
        VolumesCommand::Keep { of, name } => {
            let path = format!("{}/{name}/keep", at(&of.service));
            let view: VolumeView = of.remote.client()?.send(Method::POST, &path, &Value::Null).await?;
            show(&of, &[view])
        }
    }
}

fn show(of: &Whose, all: &[VolumeView]) -> Result<(), Failure> {
    if of.remote.json {
        return print::json(&all);
    }
    let mut rows = vec![["VOLUME", "PATH", "SIZE", "STATE"].map(str::to_owned)];
    rows.extend(all.iter().map(|volume| {
        let size = volume.size.map_or_else(|| "not measured".to_owned(), size_text);
        [volume.name.to_string(), print::harmless(&volume.path, false), size, state(volume)]
    }));
    print::table(&rows)
}

fn state(volume: &VolumeView) -> String {
    match (&volume.deletion, volume.exists) {
        (Some(deletion), _) => format!("deleted at {}", print::minute(deletion.due_at)),
        (None, Some(true)) => "there".to_owned(),
        (None, Some(false)) => "made at the next deployment".to_owned(),
        (None, None) => "Docker does not answer".to_owned(),
    }
}
