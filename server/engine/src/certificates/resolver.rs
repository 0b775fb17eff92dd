//! What the public DNS says of a name.

use std::{collections::BTreeSet, net::IpAddr, net::SocketAddr, time::Duration};

use futures::future::join_all;
use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};

use crate::outbound::is_public;

/// How long one question may take, and how often it is asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;

/// The most servers of a zone that are asked.
const MOST_SERVERS: usize = 8;

/// Where name servers answer.
const PORT: u16 = 53;

/// Asks the machine's name servers, or one that the operator names. Nothing is remembered: who mends a record and tries
/// again wants to see what it is now.
pub(crate) struct Resolver {
    asked: Result<TokioResolver, String>,
    /// The operator named the server.
    named: bool,
}

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
        Self { asked: open(server).map_err(|error| error.to_string()), named: server.is_some() }
    }

    /// The addresses of a host.
    pub async fn addresses(&self, host: &str) -> Result<BTreeSet<IpAddr>, String> {
        let resolver = self.asked.as_ref().map_err(Clone::clone)?;
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
        let resolver = self.asked.as_ref().map_err(Clone::clone)?;
        match resolver.lookup(format!("{name}.").as_str(), RecordType::TXT).await {
            Ok(lookup) => Ok(lookup.answers().iter().map(|record| record.data.to_string()).collect()),
            Err(error) if is_nothing(&error) => Ok(Vec::new()),
            Err(error) => Err(format!("The name servers do not answer for {name}: {error}.")),
        }
    }

    /// Whether a text is seen at a name by every server of its zone that answers: others may still remember that it was
    /// absent, and would go on saying so for as long as the zone lets them. A server that the operator names is asked alone.
    pub async fn shows(&self, name: &str, text: &str) -> bool {
        let servers = if self.named { Vec::new() } else { self.servers_of(name).await };
        if servers.is_empty() {
            return has(&self.texts(name).await.unwrap_or_default(), text);
        }
        shown_by(&servers, name, text).await
    }

    /// The servers that answer for the zone of a name, as far as they are the internet's.
    async fn servers_of(&self, name: &str) -> Vec<SocketAddr> {
        let Ok(resolver) = &self.asked else { return Vec::new() };
        let mut rest = name;
        while let Some((_, above)) = rest.split_once('.').filter(|(_, above)| above.contains('.')) {
            rest = above;
            let Ok(lookup) = resolver.lookup(format!("{above}.").as_str(), RecordType::NS).await else {
                continue;
            };
            let servers = lookup.answers().iter().filter_map(|record| match &record.data {
                RData::NS(server) => Some(server.0.to_ascii()),
                _ => None,
            });
            let servers: Vec<String> =
                servers.map(|server| server.trim_end_matches('.').to_owned()).collect();
            if servers.is_empty() {
                continue;
            }
            let found = join_all(servers.iter().map(|server| self.addresses(server))).await;
            let public = found.into_iter().flatten().flatten().filter(|address| is_public(*address));
            return public.take(MOST_SERVERS).map(|address| SocketAddr::new(address, PORT)).collect();
        }
        Vec::new()
    }

    /// The nearest rule about authorities that holds for a host; none when any may.
    pub async fn caa(&self, host: &str) -> Result<Option<CaaRule>, String> {
        let resolver = self.asked.as_ref().map_err(Clone::clone)?;
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

/// Whether all servers that answer have a text at a name, and any does.
async fn shown_by(servers: &[SocketAddr], name: &str, text: &str) -> bool {
    let asked = servers.iter().map(|server| async move { Resolver::new(Some(*server)).texts(name).await });
    let answers: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    !answers.is_empty() && answers.iter().all(|texts| has(texts, text))
}

fn has(texts: &[String], text: &str) -> bool {
    texts.iter().any(|one| one.contains(text))
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

    use crate::supervisor::Jobs;
    use hickory_resolver::proto::{
        op::{Message, MessageType, ResponseCode},
        rr::{Record, rdata::TXT},
    };
    use tokio::net::UdpSocket;

    /// A name server that has this text at every name, or nothing anywhere; it answers until the jobs are dropped.
    async fn server(text: Option<&'static str>) -> (SocketAddr, Jobs) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut jobs = Jobs::new();
        jobs.start(async move {
            let mut buffer = [0; 1_500];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                let mut message = Message::from_vec(&buffer[..length]).unwrap();
                message.metadata.message_type = MessageType::Response;
                message.metadata.authoritative = true;
                match text {
                    Some(text) => {
                        let name = message.queries[0].name().clone();
                        let data = RData::TXT(TXT::new(vec![text.to_owned()]));
                        message.add_answer(Record::from_rdata(name, 60, data));
                    }
                    None => message.metadata.response_code = ResponseCode::NXDomain,
                }
                socket.send_to(&message.to_vec().unwrap(), from).await.unwrap();
            }
        });
        (address, jobs)
    }

    #[tokio::test]
    async fn a_record_is_seen_when_every_server_of_the_zone_has_it() {
        let ((first, _a), (second, _b), (behind, _c)) =
            tokio::join!(server(Some("proof")), server(Some("proof")), server(None));
        let name = "_acme-challenge.example.com";
        assert!(shown_by(&[first, second], name, "proof").await);
        assert!(!shown_by(&[first, behind], name, "proof").await);
        assert!(!shown_by(&[first], name, "another").await);
        assert!(!shown_by(&[], name, "proof").await);
    }
}
