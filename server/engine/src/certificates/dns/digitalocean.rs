//! DigitalOcean, with a token that may read and change the domain.

use reqwest::Method;
use serde_json::json;

use super::{
    Asked, Keeper, TTL,
    api::{Api, At},
    label, unquoted,
};

pub(super) const AT: At<'static> = At { who: "DigitalOcean", base: "https://api.digitalocean.com/v2" };

pub(super) struct DigitalOcean {
    api: Api,
    zone: String,
}

impl DigitalOcean {
    pub fn new(api: Api, zone: String) -> Self {
        Self { api, zone }
    }

    /// The ids of the records with this name and value.
    async fn ids(&self, zone: &str, name: &str, value: &str) -> Result<Vec<String>, String> {
        let query = [("type", "TXT"), ("name", name), ("per_page", "200")];
        let found = self.api.ask(Method::GET, (&["domains", zone, "records"], &query), None).await?.good()?;
        let records = found["domain_records"].as_array().into_iter().flatten();
        let mine = records.filter(|record| record["data"].as_str().map(unquoted) == Some(value));
        Ok(mine.map(|record| record["id"].to_string()).collect())
    }

    async fn put_record(&self, name: &str, value: &str) -> Result<(), String> {
        let zone = self.api.nearest(&["domains"], &self.zone).await?;
        if !self.ids(&zone, name, value).await?.is_empty() {
            return Ok(());
        }
        let body = json!({ "type": "TXT", "name": label(name, &zone), "data": value, "ttl": TTL });
        let path = ["domains", &zone, "records"];
        self.api.ask(Method::POST, (&path, &[]), Some(body)).await?.good().map(drop)
    }

    async fn take_record(&self, name: &str, value: &str) -> Result<(), String> {
        let zone = self.api.nearest(&["domains"], &self.zone).await?;
        for id in self.ids(&zone, name, value).await? {
            let path = ["domains", &zone, "records", &id];
            self.api.ask(Method::DELETE, (&path, &[]), None).await?.good_or_absent()?;
        }
        Ok(())
    }
}

impl Keeper for DigitalOcean {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.put_record(name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.take_record(name, value))
    }
}
