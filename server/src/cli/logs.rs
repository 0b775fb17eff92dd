//! `berth logs`.

use super::{Failure, Remote, client, duration, follow::Follow, print};
use berth_domain::{
    log::{LogPage, LogStream},
    service::ServicePath,
};
use chrono::{DateTime, Utc};
use clap::Args;

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The service: project/environment/service
    service: ServicePath,
    /// Go on with new lines as they come
    #[arg(long, short)]
    follow: bool,
    /// Only lines that contain this text, whatever its case
    #[arg(long, short)]
    search: Option<String>,
    /// Only lines from then on: 15m, 2h, 3d ago, or 2026-01-31T12:00:00Z
    #[arg(long, value_parser = duration::parse_since)]
    since: Option<DateTime<Utc>>,
    /// Only this stream: out, err or berth
    #[arg(long)]
    stream: Option<LogStream>,
    /// How many of the newest lines at the most
    #[arg(long, short = 'n', default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=5_000))]
    lines: u16,
    #[command(flatten)]
    remote: Remote,
}

/// Writes the newest lines, and those that come when asked to.
pub async fn run(args: LogsArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let path = format!("{}/logs", client::service(&args.service));
    let (limit, since) = (args.lines.to_string(), args.since.map(|since| since.to_rfc3339()));
    let mut query = Vec::new();
    query.extend(args.search.as_deref().map(|search| ("search", search)));
    query.extend(since.as_deref().map(|since| ("since", since)));
    query.extend(args.stream.map(|stream| ("stream", stream.as_str())));
    let page: LogPage = client.get(&path, &[query.as_slice(), &[("limit", &limit)]].concat()).await?;
    print::lines(&page.lines, args.remote.json)?;
    if !args.follow {
        return Ok(());
    }
    let path = format!("{path}/stream");
    let after = Some(page.after);
    Follow { client: &client, path, query, after, json: args.remote.json, silent: false }
        .until_the_end()
        .await
}
