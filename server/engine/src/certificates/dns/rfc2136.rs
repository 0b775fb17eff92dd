//! A name server of one's own, told by updates as in RFC 2136 that a shared key signs (TSIG, RFC 8945). What it answers
//! counts only when it is signed, too.

use std::net::SocketAddr;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use berth_domain::zone::TsigAlgorithm as Algorithm;
use chrono::{DateTime, Utc};
use hickory_resolver::proto::{
    op::{Message, ResponseCode, update_message},
    rr::{
        Name, RData, Record, RecordSet, TSigner,
        rdata::{
            TXT,
            tsig::{TsigAlgorithm, TsigError},
        },
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use url::Host;

use crate::outbound::addresses_of;

use super::{ANSWER_WITHIN, Access, Around, Asked, Keeper, TTL, candidates};

const PORT: u16 = 53;
/// By how many seconds the two clocks may differ.
const FUDGE: u16 = 300;

pub(super) struct Rfc2136 {
    host: Host<String>,
    port: u16,
    allowed: Vec<String>,
    key_name: String,
    signer: TSigner,
    now: DateTime<Utc>,
    zone: String,
}

/// What a name server said to an update.
enum Said {
    Done,
    /// It is not the one for this zone; perhaps for the one above.
    NotMine,
}

impl Rfc2136 {
    pub fn new(access: Access, around: &Around<'_>, zone: String) -> Result<Self, String> {
        let (host, port) = server(&access.server)?;
        let key = BASE64_STANDARD
            .decode(access.token.expose())
            .map_err(|_| "The key for the name server is not Base64.".to_owned())?;
        let key_name = access.key_name.trim_end_matches('.').to_owned();
        let algorithm = match access.algorithm {
            Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
            Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
            Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
        };
        // Both sides compare names without regard to case, but sign them in small letters.
        let signer = TSigner::new(key, algorithm, name(&key_name.to_ascii_lowercase())?, FUDGE)
            .map_err(|error| error.to_string())?;
        let allowed = around.allowed.to_vec();
        Ok(Self { host, port, allowed, key_name, signer, now: around.now, zone })
    }

    async fn update(&self, add: bool, record: &str, value: &str) -> Result<(), String> {
        let set = RecordSet::from(Record::from_rdata(
            name(record)?,
            TTL,
            RData::TXT(TXT::new(vec![value.to_owned()])),
        ));
        let shown = self.host.to_string();
        let host = match &self.host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        };
        let addresses =
            addresses_of(&host, self.port, &self.allowed).await.map_err(|error| error.to_string())?;
        for candidate in candidates(&self.zone) {
            let (set, origin) = (set.clone(), name(candidate)?);
            let message = match add {
                true => update_message::append(set, origin, false, false),
                false => update_message::delete_by_rdata(set, origin, false),
            };
            if let Said::Done = self.send(message, &addresses, &shown).await? {
                return Ok(());
            }
        }
        Err(format!("The name server {shown} keeps neither {} nor a zone above it.", self.zone))
    }

    async fn send(&self, mut message: Message, to: &[SocketAddr], shown: &str) -> Result<Said, String> {
        let at = u64::try_from(self.now.timestamp()).unwrap_or_default();
        let unmade =
            |error: &dyn std::fmt::Display| format!("The update for {shown} cannot be made: {error}.");
        let verifier = message.finalize(&self.signer, at).map_err(|error| unmade(&error))?;
        let bytes = message.to_vec().map_err(|error| unmade(&error))?;
        let answer = match timeout(ANSWER_WITHIN, exchange(to, &bytes)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(format!("The name server {shown} does not answer: {error}.")),
            Err(_) => {
                let within = ANSWER_WITHIN.as_secs();
                return Err(format!("The name server {shown} does not answer within {within} s."));
            }
        };
        let said = Message::from_vec(&answer)
            .map_err(|error| format!("The name server {shown} answers what nobody understands: {error}."))?;
        let proven = verifier.is_some_and(|mut verifier| verifier.verify(&answer).is_ok());
        self.judge(&said, proven, shown)
    }

    /// What an answer means. Whether it is really the server's is only known when its signature is proven.
    fn judge(&self, said: &Message, proven: bool, shown: &str) -> Result<Said, String> {
        let key = &self.key_name;
        let fault = said.signature().and_then(|signature| signature.data.error);
        match (fault, said.metadata.response_code) {
            (Some(TsigError::BadKey), _) => Err(format!(
                "The name server {shown} knows no key {key} that may change this zone. Compare its name, its algorithm \
                 and its rights with the server's settings."
            )),
            (Some(TsigError::BadSig), _) => Err(format!(
                "The name server {shown} knows the key {key}, but with other contents. Enter it anew, in Base64."
            )),
            (Some(TsigError::BadTime), _) => Err(format!(
                "The clocks of this machine and of the name server {shown} differ by more than {FUDGE} s."
            )),
            (_, ResponseCode::NoError) if proven => Ok(Said::Done),
            (_, ResponseCode::NoError) => {
                Err(format!("The answer of the name server {shown} is not signed with the key {key}."))
            }
            (_, ResponseCode::NotAuth | ResponseCode::NotZone) => Ok(Said::NotMine),
            (_, ResponseCode::Refused) => Err(format!(
                "The name server {shown} refuses: the key {key} may not change TXT records of _acme-challenge.{} there.",
                self.zone
            )),
            (_, code) => Err(format!("The name server {shown} refused the update: {code}.")),
        }
    }
}

/// The server as it was entered: a name or an address, with a port or without.
fn server(entered: &str) -> Result<(Host<String>, u16), String> {
    let unfit = || format!("{entered} is no name server: enter ns1.example.com, or 192.0.2.1:53.");
    if let Ok(address) = entered.parse() {
        return Ok((Host::Ipv6(address), PORT));
    }
    let (host, port) = match entered.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| unfit())?),
        None => (entered, PORT),
    };
    Ok((Host::parse(host.trim_end_matches('.')).map_err(|_| unfit())?, port))
}

fn name(text: &str) -> Result<Name, String> {
    let mut name =
        Name::from_ascii(text).map_err(|error| format!("{text} is no name in the DNS: {error}."))?;
    name.set_fqdn(true);
    Ok(name)
}

/// One message there and one back, over TCP, each after its length.
async fn exchange(to: &[SocketAddr], message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await?;
    let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

impl Keeper for Rfc2136 {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.update(true, name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.update(false, name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_name_or_an_address_and_perhaps_a_port() {
        let at = |entered: &str| server(entered).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(at("ns1.example.com").as_deref(), Ok("ns1.example.com 53"));
        assert_eq!(at("ns1.example.com.:5353").as_deref(), Ok("ns1.example.com 5353"));
        assert_eq!(at("192.0.2.1:53").as_deref(), Ok("192.0.2.1 53"));
        assert_eq!(at("2001:db8::1").as_deref(), Ok("[2001:db8::1] 53"));
        assert_eq!(at("[2001:db8::1]:5353").as_deref(), Ok("[2001:db8::1] 5353"));
        assert!(at("").is_err() && at("a b").is_err() && at("ns1.example.com:x").is_err());
    }
}
