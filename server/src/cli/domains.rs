//! `berth domains`: what a service answers to.

use super::{
    Failure, Remote,
    client::{self, Client},
    list::Whose,
    print,
};
use berth_domain::{
    domain_name::{AddDomain, DomainView, HostName, PathPrefix},
    service::ServicePath,
};
use clap::{Args, Subcommand};
use reqwest::Method;

#[derive(Debug, Subcommand)]
pub enum DomainsCommand {
    /// List domains, and how their certificates stand
    List(Whose),
    /// Add a domain; it is effective at once
    Add {
        #[command(flatten)]
        domain: Domain,
        /// The port that it leads to, when it is not the service's own
        #[arg(long)]
        port: Option<u16>,
    },
    /// Remove a domain; it is effective at once
    Remove {
        #[command(flatten)]
        domain: Domain,
    },
}

/// A domain of a service.
#[derive(Debug, Args)]
pub struct Domain {
    /// The service: project/environment/service
    service: ServicePath,
    /// The host name, such as shop.example.com
    host: HostName,
    /// Only paths that begin so
    #[arg(long)]
    path: Option<PathPrefix>,
    #[command(flatten)]
    remote: Remote,
}

fn at(service: &ServicePath) -> String {
    format!("{}/domains", client::service(service))
}

/// Does what was asked about domains.
pub async fn run(command: DomainsCommand) -> Result<(), Failure> {
    match command {
        DomainsCommand::List(of) => list(of).await,
        DomainsCommand::Add { domain, port } => add(domain, port).await,
        DomainsCommand::Remove { domain } => remove(domain).await,
    }
}

async fn list(of: Whose) -> Result<(), Failure> {
    let all: Vec<DomainView> = of.remote.client()?.get(&at(&of.service), &[]).await?;
    if of.remote.json {
        return print::json(&all);
    }
    let mut rows = vec![["URL", "PORT", "CERTIFICATE"].map(str::to_owned)];
    rows.extend(all.iter().map(|domain| {
        let port = domain.port.map_or_else(|| "the service's".to_owned(), |port| port.to_string());
        let certificate = domain.certificate.as_ref().map_or("none".to_owned(), |c| c.state.to_string());
        [domain.url.clone(), port, certificate]
    }));
    print::table(&rows)
}

async fn add(domain: Domain, port: Option<u16>) -> Result<(), Failure> {
    let request = AddDomain { host: domain.host, path: domain.path.unwrap_or_default(), port };
    let added: DomainView =
        domain.remote.client()?.send(Method::POST, &at(&domain.service), &request).await?;
    if domain.remote.json { print::json(&added) } else { print::line(&added.url) }
}

async fn remove(domain: Domain) -> Result<(), Failure> {
    let client: Client = domain.remote.client()?;
    let all: Vec<DomainView> = client.get(&at(&domain.service), &[]).await?;
    let path = domain.path.unwrap_or_default();
    let found = all.iter().find(|found| found.host == domain.host && found.path == path);
    let found = found.ok_or_else(|| {
        Failure::trouble(format!("{} has no domain {}{path}.", domain.service, domain.host))
    })?;
    client.done(Method::DELETE, &format!("{}/{}", at(&domain.service), found.id.0)).await?;
    print::line(&format!("{} is removed.", found.url))
}
