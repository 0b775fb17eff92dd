//! `berth plan`.

use super::{Failure, Remote, client, print};
use berth_domain::{plan::PlanPreview, service::ServicePath};
use clap::Args;

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The service: project/environment/service
    service: ServicePath,
    #[command(flatten)]
    remote: Remote,
}

/// Shows what a deployment would do now; nothing is done.
pub async fn run(args: PlanArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let preview: PlanPreview = client.get(&format!("{}/plan", client::service(&args.service)), &[]).await?;
    if args.remote.json {
        return print::json(&preview);
    }
    if let Some(warning) = &preview.warning {
        print::line(&format!("Note: {warning}"))?;
    }
    let rows: Vec<_> = preview
        .steps
        .iter()
        .map(|step| [step.phase.to_string(), print::harmless(&step.text, false)])
        .collect();
    print::table(&rows)
}
