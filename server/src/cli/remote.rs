//! `berth remote`.

use super::{Failure, Remote, client, print};
use berth_domain::{remote::RemoteView, service::ServicePath};
use clap::Args;

#[derive(Debug, Args)]
pub struct RemoteArgs {
    /// The service: project/environment/service
    service: ServicePath,
    #[command(flatten)]
    remote: Remote,
}

/// Shows the addresses and the commands that push there.
pub async fn run(args: RemoteArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let view: RemoteView = client.get(&format!("{}/remote", client::service(&args.service)), &[]).await?;
    if args.remote.json {
        return print::json(&view);
    }
    let mut rows = vec![["http".to_owned(), view.http_url.clone()]];
    rows.extend(view.ssh_url.clone().map(|url| ["ssh".to_owned(), url]));
    print::table(&rows)?;
    if !view.takes_pushes {
        return print::line("It comes from elsewhere now: set its source to pushed before you push here.");
    }
    print::line("")?;
    view.commands().iter().try_for_each(|command| print::line(command))
}
