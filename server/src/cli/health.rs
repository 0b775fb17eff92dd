//! `berth health`: for a container's health check.

use super::{
    Failure,
    client::{http, words},
    print,
};
use berth_domain::system::Health;
use clap::Args;
use std::{net::SocketAddr, time::Duration};
use url::Url;

#[derive(Debug, Args)]
pub struct HealthArgs {
    /// The address of the server; else this machine's, at the port of BERTH_LISTEN
    #[arg(long)]
    url: Option<String>,
    #[arg(long, env = "BERTH_LISTEN", default_value = "0.0.0.0:3000", hide = true)]
    listen: SocketAddr,
    /// Write JSON for programs
    #[arg(long)]
    json: bool,
}

/// Asks once; ends with 1 when a part does not work or the server does not answer.
pub async fn run(args: HealthArgs) -> Result<(), Failure> {
    let base = args.url.clone().unwrap_or_else(|| local(args.listen));
    let url: Url = format!("{}/health", base.trim_end_matches('/')).parse().map_err(Failure::trouble)?;
    let answer = async {
        let request = http(&url)?.get(url.clone()).timeout(Duration::from_secs(10));
        let response = request.send().await.map_err(|error| Failure::trouble(words(&error)))?;
        response.json::<Health>().await.map_err(|error| Failure::trouble(words(&error)))
    };
    let health = match answer.await {
        Ok(health) => health,
        Err(failure) => {
            eprintln!("berth: {url} does not answer: {failure}");
            return Err(Failure::Outcome);
        }
    };
    if args.json {
        print::json(&health)?;
    } else {
        let parts = [("store", &health.store), ("docker", &health.docker), ("proxy", &health.proxy)];
        let word = |ok: bool| if ok { "ok" } else { "down" };
        print::table(
            &parts.map(|(name, part)| [name.to_owned(), word(part.ok).to_owned(), part.detail.clone()]),
        )?;
    }
    if health.ok { Ok(()) } else { Err(Failure::Outcome) }
}

fn local(listen: SocketAddr) -> String {
    let here: SocketAddr = match listen.ip() {
        ip if !ip.is_unspecified() => listen,
        ip if ip.is_ipv6() => (std::net::Ipv6Addr::LOCALHOST, listen.port()).into(),
        _ => (std::net::Ipv4Addr::LOCALHOST, listen.port()).into(),
    };
    format!("http://{here}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_interfaces_is_asked_at_the_loopback() {
        assert_eq!(local("0.0.0.0:3100".parse().unwrap()), "http://127.0.0.1:3100");
        assert_eq!(local("[::]:80".parse().unwrap()), "http://[::1]:80");
        assert_eq!(local("10.0.0.1:3000".parse().unwrap()), "http://10.0.0.1:3000");
    }
}
