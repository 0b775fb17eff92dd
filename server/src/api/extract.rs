//! What handlers take from a request; what does not fit becomes a problem that names the field.

use crate::http::{App, Credential, Refusal};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use berth_domain::problem::{Problem, ProblemKind};
use berth_engine::{Actor, Engine, acting::Acting, front::Origin};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The engine in the hands of who asks; refused with 401 when nobody is known.
pub struct By(pub Acting);

/// The path's parameters.
pub struct At<T>(pub T);

/// The query's parameters.
pub struct Ask<T>(pub T);

/// The JSON body.
pub struct Body<T>(pub T);

/// The JSON body, or what stands for none.
pub struct Perhaps<T>(pub T);

/// Where the request came from.
pub struct From(pub Origin);

/// What keeps a stream open: the credential that it was opened with.
pub struct Watch {
    credential: Option<Credential>,
    origin: Origin,
}

impl FromRequestParts<App> for By {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        match parts.extensions.get::<Option<Actor>>() {
            Some(Some(actor)) => Ok(Self(app.engine.acting_as(actor))),
            _ => Err(nobody(&parts.headers).into()),
        }
    }
}

fn nobody(headers: &HeaderMap) -> Problem {
    let (message, hint) = if headers.contains_key(header::AUTHORIZATION) {
        (
            "This token is unknown, has expired or was revoked.",
            "Make a token on the account page of the panel.",
        )
    } else {
        ("Nobody is signed in.", "Sign in, or send an API token (Authorization: Bearer).")
    };
    Problem::new(ProblemKind::Unauthenticated, message).with_hint(hint)
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        // A name that cannot be one is a name that nothing has: the same answer as for an unknown one.
        match Path::from_request_parts(parts, app).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found("thing at this path").into()),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Ask<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs)
            .map(Self)
            .map_err(|error| wrong(&error.path().to_string(), error.inner()).into())
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        require_json(request.headers())?;
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| unread(&rejection))?;
        read(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<App> for Perhaps<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let typed = require_json(request.headers());
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| unread(&rejection))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        typed?;
        read(&bytes).map(Self)
    }
}

impl FromRequestParts<App> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        Ok(Self(parts.extensions.get::<Origin>().cloned().unwrap_or_default()))
    }
}

impl FromRequestParts<App> for Watch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let origin = parts.extensions.get::<Origin>().cloned().unwrap_or_default();
        Ok(Self { credential: parts.extensions.get::<Credential>().cloned(), origin })
    }
}

impl Watch {
    /// Returns when the credential is no longer good for reading (R-SEC-4: within five seconds).
    pub async fn revoked(self, engine: Engine) {
        loop {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let Some(credential) = &self.credential else { return };
            match credential.holder(&engine, &self.origin).await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                // A store that is away for a moment says nothing about the credential.
                Err(error) => tracing::debug!(%error, "could not look whether a stream may go on"),
            }
        }
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let problem = Problem::new(ProblemKind::Invalid, "The body has to be JSON.")
        .with_hint("Send it with the header Content-Type: application/json.");
    Err(Refusal::from(problem).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

fn unread(rejection: &BytesRejection) -> Refusal {
    let message = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => "The body has more than 2 MiB.",
        _ => "The body broke off.",
    };
    Refusal::from(Problem::new(ProblemKind::Invalid, message)).with_status(rejection.status())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let syntax = !error.inner().is_data();
        let refusal = Refusal::from(wrong(&error.path().to_string(), &plain(error.inner())));
        if syntax { refusal.with_status(StatusCode::BAD_REQUEST) } else { refusal }
    })?;
    json.end()
        .map_err(|error| Refusal::from(wrong(".", &plain(&error))).with_status(StatusCode::BAD_REQUEST))?;
    Ok(value)
}

/// serde_json adds the place; the field says it better.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.is_data() { text.split(" at line ").next().unwrap_or_default().to_owned() } else { text }
}

fn wrong(path: &str, why: &impl ToString) -> Problem {
    let why = why.to_string();
    // A missing field is reported at the object that lacks it.
    let missing = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match (path, missing) {
        ("." | "?", missing) => missing.unwrap_or_default().to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(missing)) => format!("{path}.{missing}"),
    };
    if field.is_empty() {
        return Problem::new(ProblemKind::Invalid, format!("The request cannot be read: {why}."));
    }
    let sentence = match missing {
        Some(_) => format!("{field} is required."),
        None if why.ends_with('.') => why,
        None => format!("{field}: {why}."),
    };
    Problem::invalid(&field, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::{project::CreateProject, service::ConfirmDeletion, service::ServiceSettings};

    fn problem<T: DeserializeOwned>(text: &str) -> Problem {
        read::<T>(text.as_bytes()).err().unwrap().problem()
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let bad = problem::<CreateProject>(r#"{"name": "Bad Name"}"#);
        assert_eq!(bad.field.as_deref(), Some("name"));
        assert!(bad.message.contains("lower-case"), "{}", bad.message);
        assert_eq!(problem::<ConfirmDeletion>("{}").field.as_deref(), Some("confirm"));
        let nested = problem::<ServiceSettings>(r#"{"probe": {"threshold": "x"}}"#);
        assert_eq!(nested.field.as_deref(), Some("probe.threshold"));
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        assert!(problem::<ConfirmDeletion>("{").message.starts_with("The request cannot be read"));
        assert!(read::<ConfirmDeletion>(br#"{"confirm":"a"} x"#).is_err());
    }
}
