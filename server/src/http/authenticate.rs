//! Who asks: a session's cookie or a bearer token, turned into an [`Actor`].

use super::{App, Refusal, observe::AskedBy, peers::client};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use berth_engine::{
    Actor, Engine, Result,
    front::{COOKIES, Origin},
};
use std::net::SocketAddr;

/// Marks a request that came by HTTPS, as the proxy says.
#[derive(Debug, Clone, Copy)]
pub struct Secured;

/// What a request was authenticated with. Has no `Debug`: it must not reach a log.
#[derive(Clone)]
pub enum Credential {
    Cookie(String),
    Bearer(String),
}

impl Credential {
    /// The credential of a request; a bearer token counts before a cookie.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().ok()?;
            let (scheme, secret) = text.split_once(' ')?;
            return scheme.eq_ignore_ascii_case("bearer").then(|| Self::Bearer(secret.trim().to_owned()));
        }
        cookie(headers).map(|value| Self::Cookie(value.to_owned()))
    }

    /// Who holds it now; nobody once it is revoked or has expired.
    pub async fn holder(&self, engine: &Engine, origin: &Origin) -> Result<Option<Actor>> {
        match self {
            Self::Cookie(value) => engine.authenticate_session(value, origin).await,
            Self::Bearer(secret) => engine.authenticate_token(secret, origin).await,
        }
    }
}

/// Leaves the origin, the credential and the `Option<Actor>` in the request's extensions.
pub async fn authenticate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let origin = origin(&app, &request);
    let credential = Credential::of(request.headers());
    let actor = match &credential {
        Some(credential) => match credential.holder(&app.engine, &origin).await {
            Ok(actor) => actor,
            Err(error) => return Refusal::from(error).into_response(),
        },
        None => None,
    };
    let asked_by = actor.as_ref().map(|actor| AskedBy(actor.name.clone()));
    let extensions = request.extensions_mut();
    extensions.insert(origin);
    extensions.insert(actor);
    if let Some(credential) = credential {
        extensions.insert(credential);
    }
    let mut response = next.run(request).await;
    if let Some(asked_by) = asked_by {
        response.extensions_mut().insert(asked_by);
    }
    response
}

/// Where a request came from.
fn origin(app: &App, request: &Request) -> Origin {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        address: address
            .map(|ConnectInfo(peer)| client(peer.ip(), request.headers(), &app.trusted).to_string()),
        user_agent: user_agent.unwrap_or_default().chars().take(300).collect(),
        is_secure: request.extensions().get::<Secured>().is_some(),
    }
}

/// The session's cookie in a request; the one that only comes by HTTPS counts before the other.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    let named = |wanted: &str| {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
    };
    COOKIES.into_iter().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = headers(&[("cookie", "a=1; berth_session=xyz; berth_session2=no")]);
        assert_eq!(cookie(&found), Some("xyz"));
        assert_eq!(cookie(&headers(&[("cookie", "xberth_session=1")])), None);
        let both = headers(&[("cookie", "berth_session=plain; __Host-berth_session=secure")]);
        assert_eq!(cookie(&both), Some("secure"));
    }

    #[test]
    fn a_bearer_token_counts_before_a_cookie() {
        let both = headers(&[("cookie", "berth_session=xyz"), ("authorization", "bearer abc")]);
        assert!(matches!(Credential::of(&both), Some(Credential::Bearer(secret)) if secret == "abc"));
        let other = headers(&[("cookie", "berth_session=xyz"), ("authorization", "Basic abc")]);
        assert!(Credential::of(&other).is_none());
    }
}
