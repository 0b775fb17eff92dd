//! Gandi's LiveDNS, version 5, with a personal access token. It only changes all values of a name together.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Asked, Keeper,
    api::{Api, At},
    label, quoted, unquoted,
};

pub(super) const AT: At<'static> = At { who: "Gandi", base: "https://api.gandi.net/v5/livedns" };

/// The least that it takes, in seconds.
const TTL: u32 = 300;

pub(super) struct Gandi {
    api: Api,
    zone: String,
}

impl Gandi {
    pub fn new(api: Api, zone: String) -> Self {
        Self { api, zone }
    }

    /// Has a value among those of a name, or not.
    async fn change(&self, wanted: bool, name: &str, value: &str) -> Result<(), String> {
        let zone = self.api.nearest(&["domains"], &self.zone).await?;
        let path = ["domains", &zone, "records", label(name, &zone), "TXT"];
        let there =
            self.api.ask(Method::GET, (&path, &[]), None).await?.good_or_absent()?.unwrap_or_default();
        let mut values: Vec<String> = there["rrset_values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let is_there = values.iter().any(|one| unquoted(one) == value);
        if is_there == wanted {
            return Ok(());
        }
        if wanted {
            values.push(quoted(value));
        } else {
            values.retain(|one| unquoted(one) != value);
        }
        if values.is_empty() {
            return self.api.ask(Method::DELETE, (&path, &[]), None).await?.good_or_absent().map(drop);
        }
        let ttl = there["rrset_ttl"].as_u64().unwrap_or(TTL.into());
        let body = json!({ "rrset_values": values, "rrset_ttl": ttl });
        self.api.ask(Method::PUT, (&path, &[]), Some(body)).await?.good().map(drop)
    }
}

impl Keeper for Gandi {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.change(true, name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.change(false, name, value))
    }
}
