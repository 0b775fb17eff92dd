//! Webhook calls as git hosts make them.

use crate::client::{Answer, Client};
use anyhow::Result;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

/// A call that is about to be made.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub event: String,
    pub id: String,
    pub body: Vec<u8>,
    /// The value of `X-Hub-Signature-256`, absent for an unsigned call.
    pub signature: Option<String>,
}

impl Delivery {
    /// A call with this payload, signed with this secret, with a fresh delivery id.
    pub fn signed(event: &str, payload: &Value, secret: &str) -> Self {
        let body = payload.to_string().into_bytes();
        let signature = Some(signature(secret, &body));
        Self { event: event.to_owned(), id: uuid::Uuid::new_v4().to_string(), body, signature }
    }

    /// A push to a branch.
    pub fn push(branch: &str, commit: &str, message: &str, secret: &str) -> Self {
        Self::signed("push", &push_payload(branch, commit, message), secret)
    }

    /// Sends it to the address that Berth gave out for the service.
    pub async fn send(&self, client: &Client, url: &str) -> Result<Answer> {
        let path = url.split_once("/hooks/").map_or(url, |(_, rest)| rest);
        let mut request = client
            .request(Method::POST, &format!("/hooks/{path}"))
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/test")
            .header("x-github-event", &self.event)
            .header("x-github-delivery", &self.id)
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("x-hub-signature-256", signature);
        }
        Answer::of(request).await
    }
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    GitHub,
    GitLab,
    Gitea,
    Forgejo,
    Bitbucket,
}

impl Host {
    /// Every git host.
    pub const ALL: [Self; 5] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Forgejo, Self::Bitbucket];

    /// A call of this host with its headers, authenticated as it does it.
    pub fn call(self, event: &str, body: Vec<u8>, secret: &str) -> HostCall {
        let id = uuid::Uuid::new_v4().to_string();
        let signed = signature(secret, &body);
        let bare = signed.trim_start_matches("sha256=").to_owned();
        let headers = match self {
            Self::GitHub => {
                vec![
                    ("x-github-event", event.into()),
                    ("x-github-delivery", id),
                    ("x-hub-signature-256", signed),
                ]
            }
            Self::GitLab => vec![
                ("x-gitlab-event", event.into()),
                ("idempotency-key", id),
                ("x-gitlab-token", secret.to_owned()),
            ],
            Self::Gitea => vec![
                ("x-gitea-event", event.into()),
                ("x-github-event", event.into()),
                ("x-gitea-delivery", id),
                ("x-gitea-signature", bare),
            ],
            Self::Forgejo => vec![
                ("x-forgejo-event", event.into()),
                ("x-gitea-event", event.into()),
                ("x-forgejo-delivery", id),
                ("x-forgejo-signature", bare),
            ],
            Self::Bitbucket => {
                vec![("x-event-key", event.into()), ("x-request-uuid", id), ("x-hub-signature", signed)]
            }
        };
        HostCall { headers, query: String::new(), body }
    }
}

/// A call with whatever headers a host sends.
#[derive(Debug, Clone)]
pub struct HostCall {
    pub headers: Vec<(&'static str, String)>,
    /// With its question mark.
    pub query: String,
    pub body: Vec<u8>,
}

impl HostCall {
    /// Sends it to the address that Berth gave out for the service.
    pub async fn send(&self, client: &Client, url: &str) -> Result<Answer> {
        let path = url.split_once("/hooks/").map_or(url, |(_, rest)| rest);
        let mut request =
            client.request(Method::POST, &format!("/hooks/{path}{}", self.query)).body(self.body.clone());
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Answer::of(request).await
    }
}

/// GitHub's form of a signature.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// What GitHub sends for a push, as far as anybody reads it.
pub fn push_payload(branch: &str, commit: &str, message: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"),
        "before": "0".repeat(40),
        "after": commit,
        "created": false,
        "deleted": commit.bytes().all(|b| b == b'0'),
        "forced": false,
        "head_commit": {
            "id": commit,
            "message": message,
            "author": { "name": "A Person", "email": "person@example.com" },
        },
        "repository": { "full_name": "person/site" },
        "pusher": { "name": "person" },
    })
}
