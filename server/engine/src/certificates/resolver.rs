//! What the public DNS says of a name.

use std::{collections::BTreeSet, net::IpAddr, net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};

/// How long one question may take, and how often it is asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;

/// Asks the machine's name servers, or one that the operator names. Nothing is remembered: who mends a record and tries
/// again wants to see what it is now.
pub(crate) struct Resolver(Result<TokioResolver, String>);

/// What a zone says of who may give certificates for its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaaRule {
    /// The name at which it stands.
    pub at: String,
    /// The authorities that may, as the values of `issue`.
    pub issuers: Vec<String>,
}

impl Resolver {
    /// Reads the machine's configuration unless a server is named.
    pub fn new(server: Option<SocketAddr>) -> Self {
        Self(open(server).map_err(|error| error.to_string()))
    }

    /// The addresses of a host.
    pub async fn addresses(&self, host: &str) -> Result<BTreeSet<IpAddr>, String> {
        let resolver = self.0.as_ref().map_err(Clone::clone)?;
        let name = format!("{host}.");
        let (v4, v6) = tokio::join!(
            resolver.lookup(name.as_str(), RecordType::A),
            resolver.lookup(name.as_str(), RecordType::AAAA),
        );
        let mut found = BTreeSet::new();
        for answer in [v4, v6] {
            match answer {
                Ok(lookup) => {
                    found.extend(lookup.answers().iter().filter_map(|record| record.data.ip_addr()));
                }
                Err(error) if is_nothing(&error) => {}
                Err(error) => return Err(format!("The name servers do not answer for {host}: {error}.")),
            }
        }
        Ok(found)
    }

    /// The texts of a name.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let resolver = self.0.as_ref().map_err(Clone::clone)?;
        match resolver.lookup(format!("{name}.").as_str(), RecordType::TXT).await {
            Ok(lookup) => Ok(lookup.answers().iter().map(|record| record.data.to_string()).collect()),
            Err(error) if is_nothing(&error) => Ok(Vec::new()),
            Err(error) => Err(format!("The name servers do not answer for {name}: {error}.")),
        }
    }

    /// The nearest rule about authorities that holds for a host; none when any may.
    pub async fn caa(&self, host: &str) -> Result<Option<CaaRule>, String> {
        let resolver = self.0.as_ref().map_err(Clone::clone)?;
        let labels: Vec<_> = host.split('.').collect();
        for first in 0..labels.len() {
            let at = labels[first..].join(".");
            let lookup = match resolver.lookup(format!("{at}.").as_str(), RecordType::CAA).await {
                Ok(lookup) => lookup,
                Err(error) if is_nothing(&error) => continue,
                Err(error) => {
                    return Err(format!("The name servers do not say who may certify {at}: {error}."));
                }
            };
            let records = lookup.answers().iter().filter_map(|record| match &record.data {
                RData::CAA(caa) => Some(caa),
                _ => None,
            });
            let records: Vec<_> = records.collect();
            if records.is_empty() {
                continue;
            }
            let issue = records.iter().filter(|caa| caa.tag.eq_ignore_ascii_case("issue"));
            let issuers: Vec<_> = issue.map(|caa| issuer(&caa.value)).collect();
            // Records about wildcards or reports alone forbid nothing.
            return Ok((!issuers.is_empty()).then_some(CaaRule { at, issuers }));
        }
        Ok(None)
    }
}

/// The domain of an `issue` value, without its parameters.
fn issuer(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_nothing(error: &NetError) -> bool {
    error.is_no_records_found() || error.is_nx_domain()
}

fn open(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        Some(server) => {
            let mut named = NameServerConfig::udp_and_tcp(server.ip());
            named.connections.iter_mut().for_each(|connection| connection.port = server.port());
            let config = ResolverConfig::from_name_servers(vec![named]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => TokioResolver::builder_tokio()?,
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = ANSWER_WITHIN;
    options.attempts = ATTEMPTS;
    // The authority does not read this machine's hosts file either.
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_stands_before_its_parameters() {
        assert_eq!(issuer(b"LetsEncrypt.org; validationmethods=http-01"), "letsencrypt.org");
        assert_eq!(issuer(b";"), "");
    }
}
