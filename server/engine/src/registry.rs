//! Registries of images: whether credentials are good, and which are for an image.

use crate::{
    Engine, Error, Result,
    docker::{RegistryAuth, SecretBytes},
    outbound::{OutboundError, client_for},
    store::{RegistryRow, Scope},
    vault::{Row, Secret},
};
use berth_domain::{
    ids::{OrganisationId, RegistryId},
    registry::{DOCKER_HUB, SetRegistry, covers},
};
use reqwest::{Response, StatusCode, header::WWW_AUTHENTICATE};
use serde::Deserialize;
use url::Url;

/// The most of an answer with a token that is read.
const MOST_OF_TOKEN: usize = 256 << 10;

/// Where the credentials of a registry are sealed.
pub(crate) fn place(id: RegistryId) -> Row {
    Row::new("registries", id.0, "sealed")
}

impl Engine {
    /// The password of a registry, out of its seal.
    pub(crate) fn registry_secret(&self, row: &RegistryRow) -> Result<Secret> {
        let opened = self.vault().unseal(&place(row.id), &row.sealed);
        opened.map_err(|error| Error::internal("open the credentials of a registry", error))
    }

    fn auth_of(&self, row: &RegistryRow) -> Result<RegistryAuth> {
        Ok(RegistryAuth {
            server: row.address.clone(),
            username: row.username.clone(),
            password: SecretBytes::new(self.registry_secret(row)?.expose()),
        })
    }

    /// The credentials of an organisation that are for this image: those with the longest prefix.
    pub(crate) async fn registry_for(
        &self,
        organisation: OrganisationId,
        reference: &str,
    ) -> Result<Option<RegistryAuth>> {
        let rows = self.store().scoped(Scope(organisation)).registries().await?;
        let fitting = rows.iter().filter(|row| covers(&row.address, &row.prefix, reference));
        fitting.max_by_key(|row| row.prefix.len()).map(|row| self.auth_of(row)).transpose()
    }

    /// All credentials of an organisation, for a build that asks by the registry's host; those without a prefix come first.
    pub(crate) async fn registries_of(&self, organisation: OrganisationId) -> Result<Vec<RegistryAuth>> {
        let rows = self.store().scoped(Scope(organisation)).registries().await?;
        rows.iter().map(|row| self.auth_of(row)).collect()
    }

    /// Where what is built is pushed to: the beginning of its name, and the credentials.
    pub(crate) async fn push_to(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<(String, RegistryAuth)>> {
        let rows = self.store().scoped(Scope(organisation)).registries().await?;
        let Some(row) = rows.iter().find(|row| row.push) else { return Ok(None) };
        let below = if row.prefix.is_empty() { String::new() } else { format!("/{}", row.prefix) };
        Ok(Some((format!("{}{below}", row.address), self.auth_of(row)?)))
    }
}

/// Asks the registry whether it takes these credentials, as its clients do: the API's root, with a password or with a
/// token for it.
pub(crate) async fn try_out(allowed: &[String], registry: &SetRegistry, secret: &Secret) -> Result<()> {
    let mut refused = None;
    for root in roots(&registry.address) {
        let login = Login { allowed, root: &root, username: &registry.username, secret };
        match login.sign_in().await {
            Ok(()) => return Ok(()),
            Err(Refusal::Away(why)) => refused = Some(Error::invalid("address", why)),
            Err(Refusal::Odd(why)) => return Err(Error::invalid("address", why)),
            Err(Refusal::Credentials(why)) => return Err(Error::invalid("secret", why)),
        }
    }
    Err(refused.unwrap_or_else(|| Error::invalid("address", "This is no address of a registry.")))
}

/// Where a registry's API is. Docker speaks plain HTTP with this machine itself only.
fn roots(address: &str) -> Vec<Url> {
    let host = if address == DOCKER_HUB { "registry-1.docker.io" } else { address };
    let name = host.split(':').next().unwrap_or_default();
    let here = name == "localhost" || name.starts_with("127.");
    let schemes: &[&str] = if here { &["https", "http"] } else { &["https"] };
    schemes.iter().filter_map(|scheme| format!("{scheme}://{host}/v2/").parse().ok()).collect()
}

/// Why credentials are not kept.
enum Refusal {
    /// Nobody answered; in another way somebody may.
    Away(String),
    /// What answered is no registry.
    Odd(String),
    Credentials(String),
}

struct Login<'a> {
    allowed: &'a [String],
    root: &'a Url,
    username: &'a str,
    secret: &'a Secret,
}

/// What a registry wants to see.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Password,
    Token { realm: String, service: Option<String> },
}

#[derive(Deserialize)]
struct Token {
    #[serde(alias = "access_token")]
    token: Option<String>,
}

impl Login<'_> {
    async fn sign_in(&self) -> std::result::Result<(), Refusal> {
        let client = self.client(self.root).await?;
        let first = self.answer(client.get(self.root.clone())).await?;
        if first.status().is_success() {
            // It asks nobody who they are: nothing about the credentials can be known.
            return self.is_registry(&first);
        }
        let challenge = match first.status() {
            StatusCode::UNAUTHORIZED => self.challenge(&first)?,
            status => return Err(self.odd(&format!("answered {status}"))),
        };
        let again = client.get(self.root.clone());
        let again = match challenge {
            Challenge::Password => again.basic_auth(self.username, self.secret.expose_text()),
            Challenge::Token { realm, service } => again.bearer_auth(self.token(&realm, service).await?),
        };
        let second = self.answer(again).await?;
        match second.status() {
            status if status.is_success() => self.is_registry(&second),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.refused()),
            status => Err(self.odd(&format!("answered {status} to the credentials"))),
        }
    }

    async fn client(&self, url: &Url) -> std::result::Result<reqwest::Client, Refusal> {
        client_for(url, self.allowed).await.map_err(|error| match error {
            OutboundError::Client(_) | OutboundError::Unknown(_) => Refusal::Away(format!("{error}.")),
            OutboundError::Private { .. } | OutboundError::NotHttp(_) => Refusal::Odd(format!("{error}.")),
        })
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> std::result::Result<Response, Refusal> {
        request.send().await.map_err(|error| {
            let mut why: &dyn std::error::Error = &error;
            while let Some(inner) = why.source() {
                why = inner;
            }
            Refusal::Away(format!("The registry at {} does not answer: {why}.", self.host()))
        })
    }

    fn challenge(&self, answer: &Response) -> std::result::Result<Challenge, Refusal> {
        let all = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let read: Vec<_> = all.filter_map(|value| challenge(value.to_str().ok()?)).collect();
        // A token that is good for little is better shown around than a password.
        let token = read.iter().position(|one| matches!(one, Challenge::Token { .. }));
        let chosen = read.into_iter().nth(token.unwrap_or_default());
        chosen.ok_or_else(|| self.odd("does not say how it wants to be asked"))
    }

    /// A token from the place that the registry names; the password goes there only if nobody can read it on the way.
    async fn token(&self, realm: &str, service: Option<String>) -> std::result::Result<String, Refusal> {
        let mut url: Url = realm.parse().map_err(|_| self.odd("names no place for tokens"))?;
        if url.scheme() != "https" && self.root.scheme() == "https" {
            return Err(self.odd(&format!("wants its password sent to {url}, where everybody can read it")));
        }
        url.query_pairs_mut().append_pair("account", self.username).append_pair("client_id", "berth");
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", &service);
        }
        let request = self.client(&url).await?.get(url).basic_auth(self.username, self.secret.expose_text());
        let mut answer = self.answer(request).await?;
        match answer.status() {
            status if status.is_success() => {}
            status if status.is_client_error() => return Err(self.refused()),
            status => return Err(self.odd(&format!("has a place for tokens that answered {status}"))),
        }
        let mut body = Vec::new();
        while let Ok(Some(piece)) = answer.chunk().await {
            if body.len() + piece.len() > MOST_OF_TOKEN {
                return Err(self.odd("has a token of unreasonable length"));
            }
            body.extend_from_slice(&piece);
        }
        let token: Option<Token> = serde_json::from_slice(&body).ok();
        token.and_then(|token| token.token).ok_or_else(|| self.odd("gave no token"))
    }

    fn is_registry(&self, answer: &Response) -> std::result::Result<(), Refusal> {
        let version = answer.headers().get("docker-distribution-api-version");
        let json = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        if version.is_some() || json.is_some_and(|kind| kind.contains("json")) {
            return Ok(());
        }
        Err(self.odd("does not answer like a registry"))
    }

    fn host(&self) -> &str {
        self.root.host_str().unwrap_or_default()
    }

    fn odd(&self, what: &str) -> Refusal {
        Refusal::Odd(format!("{} {what}. Check the address.", self.host()))
    }

    fn refused(&self) -> Refusal {
        let why = format!("{} does not take this user and password.", self.host());
        Refusal::Credentials(format!(
            "{why} Check both; some registries want a token instead of the password."
        ))
    }
}

/// Reads one `WWW-Authenticate`.
fn challenge(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Password);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let value = |name: &str| {
        let mut rest = rest;
        while let Some((key, after)) = rest.split_once("=\"") {
            let (value, next) = after.split_once('"')?;
            if key.trim_matches([',', ' ']).eq_ignore_ascii_case(name) {
                return Some(value.to_owned());
            }
            rest = next;
        }
        None
    };
    Some(Challenge::Token { realm: value("realm")?, service: value("service") })
}

#[cfg(test)]
mod tests;
