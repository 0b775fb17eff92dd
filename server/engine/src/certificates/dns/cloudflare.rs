//! Cloudflare, with a token that may read the zone and edit its records.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Asked, Keeper, TTL,
    api::{Api, At, nowhere},
    candidates, quoted, unquoted,
};

pub(super) const AT: At<'static> = At { who: "Cloudflare", base: "https://api.cloudflare.com/client/v4" };

/// What it says of a record that is there already.
const THERE_ALREADY: [i64; 2] = [81_057, 81_058];

pub(super) struct Cloudflare {
    api: Api,
    zone: String,
}

impl Cloudflare {
    pub fn new(api: Api, zone: String) -> Self {
        Self { api, zone }
    }

    /// The id of the zone that is kept there.
    async fn zone_id(&self) -> Result<String, String> {
        for candidate in candidates(&self.zone) {
            let found =
                self.api.ask(Method::GET, (&["zones"], &[("name", candidate)]), None).await?.good()?;
            if let Some(id) = found["result"][0]["id"].as_str() {
                return Ok(id.to_owned());
            }
        }
        Err(nowhere(AT.who, &self.zone))
    }

    async fn put_record(&self, name: &str, value: &str) -> Result<(), String> {
        let zone = self.zone_id().await?;
        let body = json!({ "type": "TXT", "name": name, "content": quoted(value), "ttl": TTL });
        let answer = self.api.ask(Method::POST, (&["zones", &zone, "dns_records"], &[]), Some(body)).await?;
        if answer.has_error(&THERE_ALREADY) { Ok(()) } else { answer.good().map(drop) }
    }

    async fn take_record(&self, name: &str, value: &str) -> Result<(), String> {
        let zone = self.zone_id().await?;
        let query = [("type", "TXT"), ("name", name), ("per_page", "100")];
        let found =
            self.api.ask(Method::GET, (&["zones", &zone, "dns_records"], &query), None).await?.good()?;
        let mine = |record: &&Value| record["content"].as_str().map(unquoted) == Some(value);
        for record in found["result"].as_array().into_iter().flatten().filter(mine) {
            let id = record["id"].as_str().unwrap_or_default();
            let path = ["zones", &zone, "dns_records", id];
            self.api.ask(Method::DELETE, (&path, &[]), None).await?.good_or_absent()?;
        }
        Ok(())
    }
}

impl Keeper for Cloudflare {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.put_record(name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.take_record(name, value))
    }
}
