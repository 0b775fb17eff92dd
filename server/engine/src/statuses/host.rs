//! The hosts' interfaces: who answers for a repository, and commit statuses.

use crate::outbound;
use berth_domain::{connection::ConnectionKind, ids::DeploymentId, webhook::Provider};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{sync::LazyLock, time::Duration};
use url::Url;

/// How long a host may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The form in which GitHub is asked.
const GITHUB: &str = "application/vnd.github+json";

/// The longest text that every host takes.
const WORDS: usize = 140;

/// The client for git hosts, with the machine's certificates, made when it is first needed. No redirect is followed: the
/// token is for that host.
static CLIENT: LazyLock<Result<reqwest::Client, String>> = LazyLock::new(|| {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("berth/", env!("CARGO_PKG_VERSION")))
        .timeout(ANSWER_WITHIN)
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none());
    builder.build().map_err(|error| error.to_string())
});

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Pending,
    Success,
    Failure,
    Cancelled,
}

/// What a host is told.
pub(super) struct Report {
    pub deployment: DeploymentId,
    pub commit: String,
    pub stage: Stage,
    pub words: String,
    /// Where a person sees more.
    pub url: String,
    /// Tells the words of several services apart.
    pub context: String,
}

/// Why a host was not told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub why: String,
    /// Whether it may help to try again.
    pub again: bool,
    /// The host's HTTP status; 0 when it gave none.
    pub status: u16,
}

/// A repository's host.
pub(crate) struct Host {
    provider: Provider,
    /// Of its interface, without a slash at the end.
    base: String,
    /// `owner/name`, with all groups.
    repository: String,
    token: String,
    /// Whose password the token is, where that is asked for.
    username: String,
    /// The private hosts that may be asked; none for a token of a service's own.
    guarded: Option<Vec<String>>,
}

/// The most of an answer that is read.
const MOST_OF_ANSWER: usize = 16 << 20;

/// What a host answered.
pub(crate) struct Answer {
    pub json: Value,
    /// There is another page of it.
    pub more: bool,
}

impl Host {
    /// The host of a repository; none when it is not known what kind of host it is, or when it is reached without http. A
    /// host that is not one of the big ones is known by the webhooks that it sends.
    pub fn of(url: &str, told_by: Option<Provider>, token: String) -> Option<Self> {
        let url: Url = url.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"))?;
        let name = url.host_str()?;
        let provider = match name {
            "github.com" => Provider::GitHub,
            "gitlab.com" => Provider::GitLab,
            "codeberg.org" | "gitea.com" => Provider::Gitea,
            "bitbucket.org" => Provider::Bitbucket,
            _ => told_by?,
        };
        let origin = url.origin().ascii_serialization();
        let base = match (provider, name) {
            (Provider::GitHub, "github.com") => "https://api.github.com".to_owned(),
            (Provider::GitHub, _) => format!("{origin}/api/v3"),
            (Provider::GitLab, _) => format!("{origin}/api/v4"),
            (Provider::Gitea, _) => format!("{origin}/api/v1"),
            // Data Center has another interface.
            (Provider::Bitbucket, "bitbucket.org") => "https://api.bitbucket.org/2.0".to_owned(),
            _ => return None,
        };
        let path = url.path().trim_matches('/');
        let repository = path.strip_suffix(".git").unwrap_or(path).to_owned();
        let (username, guarded) = (String::new(), None);
        repository.contains('/').then_some(Self { provider, base, repository, token, username, guarded })
    }

    /// The host of a connection, which is asked through the guard that keeps people out of the machine's own networks.
    pub fn connected(kind: ConnectionKind, url: &str, token: String, allowed: &[String]) -> Self {
        let base = match (kind.provider(), url) {
            (Provider::GitHub, "https://github.com") => "https://api.github.com".to_owned(),
            (Provider::GitHub, _) => format!("{url}/api/v3"),
            (Provider::GitLab, _) => format!("{url}/api/v4"),
            (Provider::Bitbucket, "https://bitbucket.org") => "https://api.bitbucket.org/2.0".to_owned(),
            (Provider::Bitbucket, _) => format!("{url}/2.0"),
            _ => format!("{url}/api/v1"),
        };
        let (repository, username) = (String::new(), String::new());
        Self { provider: kind.provider(), base, repository, token, username, guarded: Some(allowed.to_vec()) }
    }

    /// The same for one of its repositories.
    pub fn at(self, repository: &str) -> Self {
        Self { repository: repository.to_owned(), ..self }
    }

    /// The same with a token that is the password of an account.
    pub fn with_username(self, username: &str) -> Self {
        Self { username: username.to_owned(), ..self }
    }

    /// Where its interface is, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What it answers as JSON; anything but success is a refusal.
    pub(crate) async fn read(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Refused> {
        let mut answer = self.ask(method, url, body).await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer.status()));
        }
        let link = answer.headers().get("link").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let linked = link.contains("rel=\"next\"");
        let odd = |why: &str| Refused { why: format!("{} {why}", self.base), again: false, status: 0 };
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| odd("broke off its answer"))? {
            if text.len() + piece.len() > MOST_OF_ANSWER {
                return Err(odd("gave an answer of unreasonable length"));
            }
            text.extend_from_slice(&piece);
        }
        let json: Value = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&text).map_err(|_| odd("does not answer like a git host"))?,
        };
        // Bitbucket says it in the answer itself.
        let more = linked || json["next"].is_string();
        Ok(Answer { json, more })
    }

    /// Tells it, once.
    pub(super) async fn tell(&self, report: &Report) -> Result<(), Refused> {
        let (url, body) = self.request(report);
        let answer = self.ask(Method::POST, &url, Some(&body)).await?;
        let status = answer.status();
        if status.is_success() || self.has_it_already(status.as_u16(), answer).await {
            return Ok(());
        }
        Err(self.refusal(status))
    }

    /// Asks its interface with the token; whatever it answers is an answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<reqwest::Response, Refused> {
        let client = self.client(url).await.map_err(|why| Refused { why, again: false, status: 0 })?;
        let request = client.request(method, url);
        let request = match self.provider {
            // To make an App nobody has to be known yet.
            Provider::GitHub if self.token.is_empty() => request.header("accept", GITHUB),
            Provider::GitHub => request
                .bearer_auth(&self.token)
                .header("accept", GITHUB)
                .header("x-github-api-version", "2022-11-28"),
            Provider::GitLab => request.header("private-token", &self.token),
            Provider::Bitbucket if !self.username.is_empty() => {
                request.basic_auth(&self.username, Some(&self.token))
            }
            Provider::Bitbucket => request.bearer_auth(&self.token),
            _ => request.header("authorization", format!("token {}", self.token)),
        };
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.map_err(|error| Refused {
            // The address is the host's own; the token is in a header and in no error.
            why: format!("{} did not answer ({})", self.base, error.without_url()),
            again: true,
            status: 0,
        })
    }

    async fn client(&self, url: &str) -> Result<reqwest::Client, String> {
        let Some(allowed) = &self.guarded else { return CLIENT.clone() };
        let url = url.parse().map_err(|_| format!("{url} is no address"))?;
        outbound::client_for(&url, allowed).await.map_err(|error| error.to_string())
    }

    /// Why an answer is none.
    pub(crate) fn refusal(&self, status: StatusCode) -> Refused {
        let again = status.is_server_error() || status.as_u16() == 429;
        Refused { why: format!("{} answered {status}", self.base), again, status: status.as_u16() }
    }

    /// The repository in its interface.
    pub(crate) fn address(&self) -> String {
        if self.provider == Provider::GitLab {
            let project: String = url::form_urlencoded::byte_serialize(self.repository.as_bytes()).collect();
            return format!("{}/projects/{project}", self.base);
        }
        if self.provider == Provider::Bitbucket {
            return format!("{}/repositories/{}", self.base, self.repository);
        }
        format!("{}/repos/{}", self.base, self.repository)
    }

    /// Which interface it has.
    pub(crate) fn provider(&self) -> Provider {
        self.provider
    }

    /// GitLab refuses to be told the same twice, in these words.
    async fn has_it_already(&self, status: u16, answer: reqwest::Response) -> bool {
        self.provider == Provider::GitLab
            && status == 400
            && answer.text().await.is_ok_and(|text| text.contains("Cannot transition status"))
    }

    fn request(&self, report: &Report) -> (String, Value) {
        let commit = &report.commit;
        let words: String = report.words.chars().take(WORDS).collect();
        if self.provider == Provider::Bitbucket {
            let state = match report.stage {
                Stage::Pending => "INPROGRESS",
                Stage::Success => "SUCCESSFUL",
                Stage::Failure => "FAILED",
                Stage::Cancelled => "STOPPED",
            };
            // A key has at most 40 characters.
            let key: String = hex::encode(Sha256::digest(&report.context)).chars().take(40).collect();
            let body = json!({ "key": key, "name": report.context, "state": state, "url": report.url, "description": words });
            let at = format!("{}/commit/{commit}/statuses/build", self.address());
            return (at, body);
        }
        if self.provider == Provider::GitLab {
            let state = match report.stage {
                Stage::Pending => "running",
                Stage::Success => "success",
                Stage::Failure => "failed",
                Stage::Cancelled => "canceled",
            };
            let body = json!({ "state": state, "name": report.context, "target_url": report.url, "description": words });
            return (format!("{}/statuses/{commit}", self.address()), body);
        }
        let state = match report.stage {
            Stage::Pending => "pending",
            Stage::Success => "success",
            Stage::Failure => "failure",
            Stage::Cancelled => "error",
        };
        let body = json!({ "state": state, "context": report.context, "target_url": report.url, "description": words });
        (format!("{}/statuses/{commit}", self.address()), body)
    }
}

#[cfg(test)]
mod tests;
