//! OVHcloud, with an application's key and secret and a consumer's key. A change counts once the zone is refreshed.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{
    Access, Asked, Keeper, TTL,
    api::{Api, At},
    label, unquoted,
};

/// Where the account is.
pub(super) fn at(place: &str) -> At<'static> {
    let base = match place {
        "ca" => "https://ca.api.ovh.com/1.0",
        "us" => "https://api.us.ovhcloud.com/1.0",
        _ => "https://eu.api.ovh.com/1.0",
    };
    At { who: "OVH", base }
}

pub(super) struct Ovh {
    api: Api,
    zone: String,
}

impl Ovh {
    pub fn new(client: Client, at: At<'_>, access: Access, zone: String) -> Self {
        let Access { token, key_name, consumer_key, .. } = access;
        Self { api: Api::ovh(client, at, key_name, (token, consumer_key)), zone }
    }

    /// The ids of the records with this name and value.
    async fn ids(&self, zone: &str, name: &str, value: &str) -> Result<Vec<String>, String> {
        let records = ["domain", "zone", zone, "record"];
        let query = [("fieldType", "TXT"), ("subDomain", label(name, zone))];
        let all = self.api.ask(Method::GET, (&records, &query), None).await?.good()?;
        let mut mine = Vec::new();
        for id in all.as_array().into_iter().flatten().map(Value::to_string) {
            let path = [&records[..], &[id.as_str()]].concat();
            let one = self.api.ask(Method::GET, (&path, &[]), None).await?.good_or_absent()?;
            if one.is_some_and(|one| one["target"].as_str().map(unquoted) == Some(value)) {
                mine.push(id);
            }
        }
        Ok(mine)
    }

    async fn put_record(&self, name: &str, value: &str) -> Result<(), String> {
        let zone = self.api.nearest(&["domain", "zone"], &self.zone).await?;
        if self.ids(&zone, name, value).await?.is_empty() {
            let body = json!({
                "fieldType": "TXT", "subDomain": label(name, &zone), "target": value, "ttl": TTL
            });
            let path = ["domain", "zone", &zone, "record"];
            self.api.ask(Method::POST, (&path, &[]), Some(body)).await?.good()?;
        }
        // Also when it is there: a kill may have come between the two.
        self.refresh(&zone).await
    }

    async fn take_record(&self, name: &str, value: &str) -> Result<(), String> {
        let zone = self.api.nearest(&["domain", "zone"], &self.zone).await?;
        for id in self.ids(&zone, name, value).await? {
            let path = ["domain", "zone", &zone, "record", &id];
            self.api.ask(Method::DELETE, (&path, &[]), None).await?.good_or_absent()?;
        }
        self.refresh(&zone).await
    }

    async fn refresh(&self, zone: &str) -> Result<(), String> {
        let path = ["domain", "zone", zone, "refresh"];
        self.api.ask(Method::POST, (&path, &[]), None).await?.good().map(drop)
    }
}

impl Keeper for Ovh {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.put_record(name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.take_record(name, value))
    }
}
