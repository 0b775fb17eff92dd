//! `berth scale`.

use super::{Failure, Remote, client, print};
use berth_domain::{
    name::Name,
    service::{ServicePath, ServiceView, WEB},
    traffic::ScaleRequest,
};
use clap::Args;
use reqwest::Method;
use std::str::FromStr;

#[derive(Debug, Args)]
pub struct ScaleArgs {
    /// The service: project/environment/service
    service: ServicePath,
    /// How many instances: 3, or worker=2 for another process than the one that answers requests
    #[arg(required = true, value_name = "[PROCESS=]N")]
    counts: Vec<Count>,
    #[command(flatten)]
    remote: Remote,
}

/// How many instances of which process.
#[derive(Debug, Clone, PartialEq)]
struct Count(ScaleRequest);

impl FromStr for Count {
    type Err = String;

    /// Reads `N` or `process=N`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (process, count) = match text.split_once('=') {
            Some((process, count)) if process == WEB => (None, count),
            Some((process, count)) => {
                let name: Name = process.parse().map_err(|why| format!("{process:?}: {why}"))?;
                (Some(name), count)
            }
            None => (None, text),
        };
        let replicas = count.parse().map_err(|_| format!("{count:?} is not a number of instances"))?;
        Ok(Self(ScaleRequest { process, replicas }))
    }
}

/// Asks for other numbers of instances, one process after the other.
pub async fn run(args: ScaleArgs) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let path = format!("{}/scale", client::service(&args.service));
    let mut scaled = None;
    for Count(request) in &args.counts {
        scaled = Some(client.send::<ServiceView>(Method::POST, &path, request).await?);
    }
    let Some(scaled) = scaled else { return Ok(()) };
    if args.remote.json {
        return print::json(&scaled);
    }
    let mut rows = vec![["PROCESS", "WANTED", "RUNNING"].map(str::to_owned)];
    let settings = &scaled.settings;
    let further = settings.processes.iter().map(|process| (process.name.as_str(), process.replicas));
    for (name, wanted) in [(WEB, settings.replicas)].into_iter().chain(further) {
        let of_it = scaled.instances.iter().filter(|instance| instance.process == name && instance.running);
        rows.push([name.to_owned(), wanted.to_string(), of_it.count().to_string()]);
    }
    print::table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_number_with_or_without_a_process() {
        let read = |text: &str| text.parse::<Count>().map(|Count(request)| request);
        let plain = ScaleRequest { process: None, replicas: 3 };
        assert_eq!(read("3").as_ref(), Ok(&plain));
        assert_eq!(read("web=3").as_ref(), Ok(&plain));
        assert_eq!(
            read("worker=2").map(|r| (r.process.map(|p| p.to_string()), r.replicas)),
            Ok((Some("worker".into()), 2))
        );
        for wrong in ["", "worker", "worker=", "=2", "Bad Name=2", "-1", "3.5"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
