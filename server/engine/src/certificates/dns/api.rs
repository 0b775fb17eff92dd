//! A host's interface over HTTP: requests with their authorization, and answers in words.

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use sha1::{Digest, Sha1};
use url::Url;

use crate::vault::Secret;

use super::candidates;

/// How much of an answer that nobody understands is told.
const MOST_SAID: usize = 300;

/// Where a host's interface is, and how it calls itself.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub who: &'static str,
    pub base: &'a str,
}

/// How requests are authorized.
enum Door {
    Bearer(Secret),
    Ovh { application: String, secret: Secret, consumer: Secret },
}

/// A host's interface.
pub(super) struct Api {
    who: &'static str,
    base: String,
    client: Client,
    door: Door,
}

/// What was answered.
pub(super) struct Answer {
    pub who: &'static str,
    pub status: StatusCode,
    pub text: String,
}

/// What is asked: a path in parts, and the query.
pub(super) type Path<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

impl Api {
    /// One that takes a token.
    pub fn bearer(client: Client, at: At<'_>, token: Secret) -> Self {
        Self { who: at.who, base: at.base.to_owned(), client, door: Door::Bearer(token) }
    }

    /// One that takes signatures as OVH does.
    pub fn ovh(client: Client, at: At<'_>, application: String, keys: (Secret, Secret)) -> Self {
        let (secret, consumer) = keys;
        let door = Door::Ovh { application, secret, consumer };
        Self { who: at.who, base: at.base.to_owned(), client, door }
    }

    /// Asks, and gives back whatever is answered.
    pub async fn ask(&self, method: Method, path: Path<'_>, body: Option<Value>) -> Result<Answer, String> {
        let url = address(&self.base, path)?;
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut request = self.client.request(method.clone(), url.clone());
        request = match &self.door {
            Door::Bearer(token) => request.bearer_auth(token.expose_text().unwrap_or_default()),
            Door::Ovh { application, secret, consumer } => {
                let time = self.time_there().await?;
                let text = |secret: &Secret| secret.expose_text().unwrap_or_default().to_owned();
                let (secret, consumer) = (text(secret), text(consumer));
                let signed = ovh_signature([&secret, &consumer, method.as_str(), url.as_str(), &body, &time]);
                request
                    .header("X-Ovh-Application", application)
                    .header("X-Ovh-Consumer", consumer)
                    .header("X-Ovh-Timestamp", time)
                    .header("X-Ovh-Signature", signed)
            }
        };
        if !body.is_empty() {
            request = request.header("Content-Type", "application/json").body(body);
        }
        send(self.who, request).await
    }

    /// What time it is at OVH: signatures are good for seconds only, and this machine's clock may be off.
    async fn time_there(&self) -> Result<String, String> {
        let url = address(&self.base, (&["auth", "time"], &[]))?;
        let said = send(self.who, self.client.get(url)).await?;
        if !said.status.is_success() {
            return Err(said.refusal());
        }
        Ok(said.text.trim().to_owned())
    }

    /// The zone, or the one above it, that is kept there: where `folder/<zone>` is found.
    pub async fn nearest(&self, folder: &[&str], zone: &str) -> Result<String, String> {
        // Some hosts say of zones of others that they are forbidden, not that they are absent.
        let mut refused = None;
        for candidate in candidates(zone) {
            let path = [folder, &[candidate]].concat();
            let answer = self.ask(Method::GET, (&path, &[]), None).await?;
            match answer.status {
                StatusCode::NOT_FOUND => {}
                StatusCode::FORBIDDEN => refused = refused.or(Some(answer.refusal())),
                _ => return answer.good().map(|_| candidate.to_owned()),
            }
        }
        Err(refused.unwrap_or_else(|| nowhere(self.who, zone)))
    }
}

/// What is said when a host does not have a zone.
pub(super) fn nowhere(who: &str, zone: &str) -> String {
    format!(
        "{who} shows neither {zone} nor a zone above it to this token. Does the token belong to its account?"
    )
}

/// The address of a path and a query, each part escaped.
pub(super) fn address(base: &str, (path, query): Path<'_>) -> Result<Url, String> {
    let unfit = |why: String| format!("{base} is no address: {why}");
    let mut url = Url::parse(base).map_err(|error| unfit(error.to_string()))?;
    url.path_segments_mut().map_err(|()| unfit("it has no path".into()))?.pop_if_empty().extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// Sends a request and reads its answer.
pub(super) async fn send(who: &'static str, request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let silent = |error: reqwest::Error| format!("{who} does not answer: {}", error.without_url());
    let answer = request.send().await.map_err(silent)?;
    let status = answer.status();
    let text = answer.text().await.map_err(silent)?;
    Ok(Answer { who, status, text })
}

/// `$1$` and the digest of what is signed, joined by plus signs.
fn ovh_signature(parts: [&str; 6]) -> String {
    format!("$1${}", hex::encode(Sha1::digest(parts.join("+"))))
}

impl Answer {
    /// What was answered; in words when it was a no.
    pub fn good(self) -> Result<Value, String> {
        if !self.status.is_success() {
            return Err(self.refusal());
        }
        // A deletion answers nothing.
        Ok(serde_json::from_str(&self.text).unwrap_or(Value::Null))
    }

    /// The same, with nothing when it is not there.
    pub fn good_or_absent(self) -> Result<Option<Value>, String> {
        if self.status == StatusCode::NOT_FOUND { Ok(None) } else { self.good().map(Some) }
    }

    /// A no, in words.
    pub fn refusal(&self) -> String {
        let json: Value = serde_json::from_str(&self.text).unwrap_or(Value::Null);
        let said = words(&json).unwrap_or_else(|| self.text.chars().take(MOST_SAID).collect());
        refusal(self.who, self.status, &said)
    }

    /// Whether it is a no with this number among its errors.
    pub fn has_error(&self, codes: &[i64]) -> bool {
        let json: Value = serde_json::from_str(&self.text).unwrap_or(Value::Null);
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["code"].as_i64()).any(|code| codes.contains(&code))
    }
}

/// A no in words, with what to do about it where that is known.
pub(super) fn refusal(who: &str, status: StatusCode, said: &str) -> String {
    let said = said.trim().trim_end_matches('.');
    let help = match status {
        StatusCode::UNAUTHORIZED => " Check the token.",
        StatusCode::FORBIDDEN => " Check the token, and that it may change this zone's records.",
        StatusCode::TOO_MANY_REQUESTS => " It is tried again later.",
        _ => "",
    };
    format!("{who} refused ({status}): {said}.{help}")
}

/// What the hosts say of what is wrong: `errors`, `error` or `message`.
fn words(json: &Value) -> Option<String> {
    let one = |error: &Value| {
        let said = ["message", "description"].iter().find_map(|key| error[key].as_str())?;
        Some(match error["name"].as_str() {
            Some(field) => format!("{field}: {said}"),
            None => said.to_owned(),
        })
    };
    let errors: Vec<_> = json["errors"].as_array().into_iter().flatten().filter_map(one).collect();
    if errors.is_empty() { one(&json["error"]).or_else(|| one(json)) } else { Some(errors.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_hosts_way_to_say_no_is_read() {
        let cloudflare =
            json!({ "success": false, "errors": [{ "code": 10000, "message": "Authentication error" }] });
        assert_eq!(words(&cloudflare).as_deref(), Some("Authentication error"));
        let hetzner = json!({ "error": { "code": "unauthorized", "message": "unable to authenticate" } });
        assert_eq!(words(&hetzner).as_deref(), Some("unable to authenticate"));
        let gandi = json!({ "status": "error", "errors": [{ "location": "body", "name": "rrset_ttl", "description": "too low" }] });
        assert_eq!(words(&gandi).as_deref(), Some("rrset_ttl: too low"));
        assert_eq!(words(&json!({ "id": "unauthorized", "message": "no" })).as_deref(), Some("no"));
        assert_eq!(words(&Value::Null), None);
    }

    #[test]
    fn parts_of_an_address_cannot_leave_their_place() {
        let url = address("https://api.example/v1", (&["zones", "../x?y"], &[("name", "a b")])).unwrap();
        assert_eq!(url.as_str(), "https://api.example/v1/zones/..%2Fx%3Fy?name=a+b");
    }
}
