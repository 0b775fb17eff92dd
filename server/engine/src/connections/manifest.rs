//! How Berth gets an App of its own at GitHub: a browser posts a manifest there, GitHub sends it back with a code, and
//! the code is changed into the App's identity.

use super::{AppIdentity, unavailable};
use crate::{Actor, Engine, Error, Result, connections::HostUrl, statuses::Host};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use berth_domain::{
    connection::{AppManifest, ConnectionKind, FinishApp},
    ids::{ConnectionId, OrganisationId, UserId},
    problem::{Problem, ProblemKind},
};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// GitHub's codes are good for an hour.
const GOOD_FOR: TimeDelta = TimeDelta::hours(1);

/// What was begun; goes along to GitHub and back, with a digest that only this Berth can make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The id that the connection will have: its webhook's address is in the manifest.
    pub connection: ConnectionId,
    organisation: OrganisationId,
    user: UserId,
    pub url: String,
    until: DateTime<Utc>,
}

impl Engine {
    fn state_of(&self, begun: &Begun) -> Result<String> {
        let text = serde_json::to_vec(begun).map_err(|error| Error::internal("write down a state", error))?;
        let digest = self.vault().digest("github app", &text);
        Ok(format!("{}.{digest}", BASE64_URL_SAFE_NO_PAD.encode(text)))
    }

    /// Reads a state that this Berth gave this person not long ago.
    pub(crate) fn begun(&self, actor: &Actor, state: &str) -> Result<Begun> {
        let strange = || {
            let problem = Problem::invalid("state", "This is not the answer to what was begun here.");
            Error::from(problem.with_hint("Begin again."))
        };
        let (text, digest) = state.split_once('.').ok_or_else(strange)?;
        let text = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| strange())?;
        let right = self.vault().digest("github app", &text);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(right.as_bytes(), digest.as_bytes())) {
            return Err(strange());
        }
        let begun: Begun = serde_json::from_slice(&text).map_err(|_| strange())?;
        let own = begun.organisation == actor.organisation && Some(begun.user) == actor.user();
        if own && self.now() < begun.until { Ok(begun) } else { Err(strange()) }
    }

    /// What a browser has to post, and where.
    pub(crate) fn app_manifest(&self, actor: &Actor, url: &HostUrl, account: &str) -> Result<AppManifest> {
        let user = actor.user().ok_or_else(|| Error::not_found("account"))?;
        let begun = Begun {
            connection: ConnectionId(Uuid::now_v7()),
            organisation: actor.organisation,
            user,
            url: url.as_str().to_owned(),
            until: self.now() + GOOD_FOR,
        };
        let panel = self.panel_url();
        let manifest = manifest(&panel, begun.connection);
        let place = match account {
            "" => format!("{url}/settings/apps/new"),
            account => format!("{url}/organizations/{account}/settings/apps/new"),
        };
        let post_to = format!("{place}?state={}", self.state_of(&begun)?);
        Ok(AppManifest { post_to, manifest: manifest.to_string() })
    }

    /// Changes the code into the App's identity.
    pub(crate) async fn convert(&self, begun: &Begun, request: &FinishApp) -> Result<AppIdentity> {
        let code = request.code.trim();
        if code.is_empty() || code.len() > 200 || !code.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Error::invalid("code", "This is no code of GitHub's."));
        }
        let allowed = &self.config().private_hosts;
        let host = Host::connected(ConnectionKind::GitHubApp, &begun.url, String::new(), allowed);
        let url = format!("{}/app-manifests/{code}/conversions", host.base());
        let answer = match host.read(Method::POST, &url, None).await {
            Err(refused) if matches!(refused.status, 404 | 422) => {
                let spent =
                    Problem::invalid("code", "GitHub does not know this code: it is good once, for an hour.");
                return Err(spent.with_hint("Begin again.").into());
            }
            answer => answer.map_err(unavailable)?.json,
        };
        identity(&answer).ok_or_else(|| {
            Problem::new(ProblemKind::Unavailable, format!("{} gave no App for the code.", host.base()))
                .into()
        })
    }
}

/// See GitHub's "Registering a GitHub App from a manifest".
fn manifest(panel: &str, connection: ConnectionId) -> Value {
    let id = connection.to_string();
    // A name is taken once at all of GitHub.
    let name = format!("Berth {}", id.chars().rev().take(8).collect::<String>());
    json!({
        "name": name,
        "url": panel,
        "hook_attributes": { "url": format!("{panel}/hooks/apps/{id}"), "active": true },
        "redirect_url": format!("{panel}/git-hosts/made"),
        "setup_url": format!("{panel}/git-hosts/installed/{id}"),
        "setup_on_update": true,
        "public": false,
        "default_permissions": {
            "metadata": "read", "contents": "read", "statuses": "write", "pull_requests": "write",
        },
        "default_events": ["push", "pull_request", "delete"],
    })
}

fn identity(answer: &Value) -> Option<AppIdentity> {
    let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(AppIdentity {
        id: answer["id"].as_u64()?,
        slug: text("slug")?,
        html_url: text("html_url")?,
        private_key: text("pem")?,
        webhook_secret: text("webhook_secret")?,
        client_id: text("client_id")?,
        client_secret: text("client_secret")?,
    })
}
