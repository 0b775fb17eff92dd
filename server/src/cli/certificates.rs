//! `berth certificates`: what proves the domains.

use super::{Failure, Remote, client::Client, print};
use berth_domain::certificate::CertificateView;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub enum CertificatesCommand {
    /// List certificates; for hosts without one, why there is none
    List(Asked),
    /// Order or renew the certificate of a host at once
    Renew {
        /// A host name that it is for, such as shop.example.com or *.example.com
        host: String,
        #[command(flatten)]
        asked: Asked,
    },
}

/// Which Berth is asked.
#[derive(Debug, Args)]
pub struct Asked {
    #[command(flatten)]
    remote: Remote,
}

/// Does what was asked about certificates.
pub async fn run(command: CertificatesCommand) -> Result<(), Failure> {
    match command {
        CertificatesCommand::List(asked) => {
            let all: Vec<CertificateView> = asked.remote.client()?.get("/certificates", &[]).await?;
            show(&asked.remote, &all)
        }
        CertificatesCommand::Renew { host, asked } => {
            let client: Client = asked.remote.client()?;
            let all: Vec<CertificateView> = client.get("/certificates", &[]).await?;
            let named =
                |view: &&CertificateView| view.names.iter().any(|name| name.eq_ignore_ascii_case(&host));
            let found = all.iter().find(named).ok_or_else(|| {
                Failure::trouble(format!("There is no certificate for {host}, and nothing that wants one."))
            })?;
            let path = format!("/certificates/{}/retry", found.id.0);
            let next: CertificateView = client.send(Method::POST, &path, &Value::Null).await?;
            show(&asked.remote, &[next])
        }
    }
}

fn show(remote: &Remote, all: &[CertificateView]) -> Result<(), Failure> {
    if remote.json {
        return print::json(&all);
    }
    let mut rows = vec![["NAMES", "STATE", "SERVES", "ENDS", "TOLD"].map(str::to_owned)];
    rows.extend(all.iter().map(|view| {
        let serves = if view.serves { "yes" } else { "no" };
        let ends = view.not_after.map(print::minute).unwrap_or_default();
        let told = print::harmless(view.last_error.as_deref().unwrap_or_default(), false);
        [view.names.join(", "), view.state.to_string(), serves.to_owned(), ends, told]
    }));
    print::table(&rows)
}
