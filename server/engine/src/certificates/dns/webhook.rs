//! A program of the operator's: `POST <url>/set-txt` and `/clear-txt` with `{"host", "value"}`.

use reqwest::Client;
use serde_json::json;

use crate::vault::Secret;

use super::{Asked, Keeper, api};

pub(super) struct Webhook {
    url: String,
    token: Secret,
    client: Client,
}

impl Webhook {
    pub fn new(client: Client, url: &str, token: Secret) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), token, client }
    }

    async fn tell(&self, what: &str, name: &str, value: &str) -> Result<(), String> {
        let body = json!({ "host": format!("{name}."), "value": value });
        let mut request = self.client.post(format!("{}/{what}", self.url)).json(&body);
        if let Some(token) = self.token.expose_text().filter(|token| !token.is_empty()) {
            request = request.bearer_auth(token);
        }
        api::send("The webhook for DNS", request).await?.good().map(drop)
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
