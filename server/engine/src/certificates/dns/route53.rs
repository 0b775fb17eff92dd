//! Amazon Route 53, with an access key. It only changes all values of a name together.

use reqwest::{Client, Method};

use super::{
    Asked, Keeper, TTL,
    api::{self, Answer, At, Path, address, nowhere},
    candidates, quoted,
    route53_xml::{RecordSet, change, refusal, texts, zone_id},
    sigv4::{Key, Scope, Signed},
    unquoted,
};

pub(super) const AT: At<'static> = At { who: "Route 53", base: "https://route53.amazonaws.com" };

/// The version of its interface, which every path begins with.
const VERSION: &str = "2013-04-01";

/// It is one for the whole world, and signed for there.
const SCOPE: Scope = Scope { region: "us-east-1", service: "route53" };

pub(super) struct Route53 {
    client: Client,
    base: String,
    key: Key,
    zone: String,
}

impl Route53 {
    pub fn new(client: Client, at: At<'_>, key: Key, zone: String) -> Self {
        Self { client, base: at.base.to_owned(), key, zone }
    }

    async fn ask(&self, method: Method, path: Path<'_>, body: String) -> Result<Answer, String> {
        let url = address(&self.base, path)?;
        let headers = self.key.sign(&SCOPE, &Signed { method: method.as_str(), url: &url, body: &body });
        let mut request = self
            .client
            .request(method, url)
            .header("X-Amz-Date", headers.date)
            .header("Authorization", headers.authorization);
        if !body.is_empty() {
            request = request.header("Content-Type", "application/xml").body(body);
        }
        let answer = api::send(AT.who, request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let said = refusal(&answer.text).ok_or_else(|| answer.refusal())?;
        Err(api::refusal(AT.who, answer.status, &said))
    }

    /// The id of the zone that is kept there.
    async fn zone_id(&self) -> Result<String, String> {
        for candidate in candidates(&self.zone) {
            // The list begins at that name; of the same name there may be private zones, too.
            let query = [("dnsname", candidate), ("maxitems", "20")];
            let list =
                self.ask(Method::GET, (&[VERSION, "hostedzonesbyname"], &query), String::new()).await?;
            if let Some(id) = zone_id(&list.text, candidate)? {
                return Ok(id);
            }
        }
        Err(nowhere(AT.who, &self.zone))
    }

    /// Has a value among those of a name, or not.
    async fn change(&self, wanted: bool, name: &str, value: &str) -> Result<(), String> {
        let zone = self.zone_id().await?;
        let query = [("maxitems", "1"), ("name", name), ("type", "TXT")];
        let path = [VERSION, "hostedzone", &zone, "rrset"];
        let list = self.ask(Method::GET, (&path, &query), String::new()).await?;
        let there = texts(&list.text, name)?;
        let mut set = there.clone().unwrap_or(RecordSet { ttl: TTL, values: Vec::new() });
        if set.values.iter().any(|one| unquoted(one) == value) == wanted {
            return Ok(());
        }
        let mut action = "UPSERT";
        if wanted {
            set.values.push(quoted(value));
        } else if set.values.len() == 1 {
            // A deletion names what is there.
            action = "DELETE";
        } else {
            set.values.retain(|one| unquoted(one) != value);
        }
        let body = change(action, &format!("{name}."), &set);
        // The path ends with a slash, says its documentation.
        let path = [&path[..], &[""]].concat();
        self.ask(Method::POST, (&path, &[]), body).await.map(drop)
    }
}

impl Keeper for Route53 {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.change(true, name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.change(false, name, value))
    }
}
