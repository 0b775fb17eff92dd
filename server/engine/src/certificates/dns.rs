//! Proofs in the DNS, for wildcards: a record is put into the zone at whoever keeps it, and taken out again.

use std::{future::Future, pin::Pin, time::Duration};

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use berth_domain::certificate::DnsHost;

use crate::vault::Secret;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a record may be remembered elsewhere.
const TTL: u32 = 60;

/// What a zone's keeper is asked for.
pub(super) trait Keeper: Send + Sync {
    /// Puts a TXT record there, beside those of the same name.
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a>;
    /// Takes it out again; absent is fine.
    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a>;
}

/// What came of it, in words when it did not work.
pub(super) type Asked<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Who keeps a zone, and what opens the door there.
pub(super) struct Zone {
    pub name: String,
    pub host: DnsHost,
    pub token: Secret,
}

/// The keeper of a zone. `webhook` is the operator's program that keeps zones by itself.
pub(super) fn keeper(zone: Zone, webhook: Option<&str>) -> Result<Box<dyn Keeper>, String> {
    let client = Client::builder()
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    Ok(match zone.host {
        DnsHost::Cloudflare => Box::new(Cloudflare { zone, client }),
        DnsHost::Hetzner => Box::new(Hetzner { zone, client }),
        DnsHost::Webhook => {
            let url = webhook
                .ok_or("The operator of this Berth has set no webhook for DNS (BERTH_DNS_WEBHOOK).")?;
            Box::new(Webhook { url: url.trim_end_matches('/').to_owned(), token: zone.token, client })
        }
    })
}

/// Sends a request and reads its answer.
async fn ask(who: &str, request: RequestBuilder) -> Result<Value, String> {
    let answer =
        request.send().await.map_err(|error| format!("{who} does not answer: {}", error.without_url()))?;
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    if !status.is_success() {
        let said: String = text.chars().take(300).collect();
        return Err(format!("{who} refused ({status}): {said}"));
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// A program of the operator's: `POST <url>/set-txt` and `/clear-txt` with `{"host", "value"}`.
struct Webhook {
    url: String,
    token: Secret,
    client: Client,
}

impl Webhook {
    async fn tell(&self, what: &str, name: &str, value: &str) -> Result<(), String> {
        let body = json!({ "host": format!("{name}."), "value": value });
        let mut request = self.client.post(format!("{}/{what}", self.url)).json(&body);
        if let Some(token) = self.token.expose_text().filter(|token| !token.is_empty()) {
            request = request.bearer_auth(token);
        }
        ask("The webhook for DNS", request).await.map(drop)
    }
}

impl Keeper for Webhook {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.tell("set-txt", name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.tell("clear-txt", name, value))
    }
}

/// Cloudflare, with a token that may edit the zone's records.
struct Cloudflare {
    zone: Zone,
    client: Client,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    result: Vec<Identified>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

impl Cloudflare {
    const API: &str = "https://api.cloudflare.com/client/v4";

    fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        let token = self.zone.token.expose_text().unwrap_or_default();
        self.client.request(method, format!("{}{path}", Self::API)).bearer_auth(token)
    }

    async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let mut url =
            reqwest::Url::parse(&format!("{}{path}", Self::API)).map_err(|error| error.to_string())?;
        url.query_pairs_mut().extend_pairs(query);
        let token = self.zone.token.expose_text().unwrap_or_default();
        let answer = ask("Cloudflare", self.client.get(url).bearer_auth(token)).await?;
        let listed: Listed = serde_json::from_value(answer).map_err(|error| error.to_string())?;
        Ok(listed.result.into_iter().map(|one| one.id).collect())
    }

    async fn zone_id(&self) -> Result<String, String> {
        let found = self.list("/zones", &[("name", self.zone.name.as_str())]).await?;
        let none = || format!("Cloudflare shows no zone {} to this token.", self.zone.name);
        found.into_iter().next().ok_or_else(none)
    }
}

impl Keeper for Cloudflare {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(async move {
            let zone = self.zone_id().await?;
            let body = json!({ "type": "TXT", "name": name, "content": value, "ttl": TTL });
            let request =
                self.request(reqwest::Method::POST, &format!("/zones/{zone}/dns_records")).json(&body);
            ask("Cloudflare", request).await.map(drop)
        })
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(async move {
            let zone = self.zone_id().await?;
            let records = format!("/zones/{zone}/dns_records");
            let query = [("type", "TXT"), ("name", name), ("content", value)];
            for id in self.list(&records, &query).await? {
                ask("Cloudflare", self.request(reqwest::Method::DELETE, &format!("{records}/{id}"))).await?;
            }
            Ok(())
        })
    }
}

/// Hetzner Cloud's DNS, with a token of the project that has the zone.
struct Hetzner {
    zone: Zone,
    client: Client,
}

impl Hetzner {
    async fn act(&self, name: &str, action: &str, value: &str) -> Result<(), String> {
        let zone = &self.zone.name;
        let label = name.strip_suffix(&format!(".{zone}")).unwrap_or("@");
        let url = format!("https://api.hetzner.cloud/v1/zones/{zone}/rrsets/{label}/TXT/actions/{action}");
        let mut body = json!({ "records": [{ "value": format!("\"{value}\"") }] });
        if action == "add_records" {
            body["ttl"] = TTL.into();
        }
        let token = self.zone.token.expose_text().unwrap_or_default();
        ask("Hetzner", self.client.post(url).bearer_auth(token).json(&body)).await.map(drop)
    }
}

impl Keeper for Hetzner {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.act(name, "add_records", value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.act(name, "remove_records", value))
    }
}
