//! Hetzner's DNS in its Cloud interface, with a token of the project that has the zone. The interface of the former DNS
//! Console (dns.hetzner.com) knows no zone any more that was moved here, and is not asked.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Asked, Keeper, TTL,
    api::{Api, At},
    label, quoted, unquoted,
};

pub(super) const AT: At<'static> = At { who: "Hetzner", base: "https://api.hetzner.cloud/v1" };

/// How often it is asked whether a change is made, and after how long.
const LOOKS: u32 = 40;
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) struct Hetzner {
    api: Api,
    zone: String,
}

impl Hetzner {
    pub fn new(api: Api, zone: String) -> Self {
        Self { api, zone }
    }

    /// Adds or removes a value of a name, unless it is there or absent already.
    async fn change(&self, add: bool, name: &str, value: &str) -> Result<(), String> {
        let zone = self.api.nearest(&["zones"], &self.zone).await?;
        let set = ["zones", &zone, "rrsets", label(name, &zone), "TXT"];
        let there = self.api.ask(Method::GET, (&set, &[]), None).await?.good_or_absent()?;
        let records = there.as_ref().and_then(|there| there["rrset"]["records"].as_array());
        let is_there =
            records.into_iter().flatten().any(|record| record["value"].as_str().map(unquoted) == Some(value));
        if is_there == add {
            return Ok(());
        }
        let mut body = json!({ "records": [{ "value": quoted(value) }] });
        // All values of a name have the time of the first one.
        if add && there.is_none() {
            body["ttl"] = TTL.into();
        }
        let action = if add { "add_records" } else { "remove_records" };
        let path = [&set[..], &["actions", action]].concat();
        let begun = self.api.ask(Method::POST, (&path, &[]), Some(body)).await?.good()?;
        self.until_made(begun).await
    }

    /// A change is made in the background there.
    async fn until_made(&self, mut answer: Value) -> Result<(), String> {
        for _ in 0..LOOKS {
            let action = &answer["action"];
            match action["status"].as_str() {
                Some("running") => {}
                Some("error") => {
                    let why = action["error"]["message"].as_str().unwrap_or("it does not say why");
                    return Err(format!("{} did not make the change: {why}.", AT.who));
                }
                _ => return Ok(()),
            }
            let id = action["id"].to_string();
            tokio::time::sleep(LOOK_EVERY).await;
            answer = self.api.ask(Method::GET, (&["actions", &id], &[]), None).await?.good()?;
        }
        Err(format!("{} is still at the change after {} s.", AT.who, (LOOK_EVERY * LOOKS).as_secs()))
    }
}

impl Keeper for Hetzner {
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.change(true, name, value))
    }

    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a> {
        Box::pin(self.change(false, name, value))
    }
}
