//! `/git/...`: git's smart protocol over HTTP. Who asks has an API token as the password; the user's name is anything.
//!
//! Bodies flow both ways in pieces, at the pace of whoever is slower. The answer's head waits for git's first piece, so
//! that a failure at the start still has a status of its own.

use super::{App, observe::AskedBy, peers::client};
use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::{ConnectInfo, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use berth_domain::{
    problem::{Problem, ProblemKind},
    remote::parse_repository_path,
    service::ServicePath,
};
use berth_engine::{
    Error,
    acting::Acting,
    front::Origin,
    git::{Ask, Exchange, Turn},
    hosting::{Conversation, Piece},
};
use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream};
use serde::Deserialize;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tower_http::decompression::RequestDecompressionLayer;

/// How long a client may say nothing in the middle of its request.
const SILENCE: Duration = Duration::from_secs(300);
/// The most that a fetch may say: what it has and wants. A push has a limit of its own in git.
const MOST_FETCH: u64 = 64 << 20;

/// Why files of Git LFS are not taken, and what to do instead.
pub const NO_LARGE_FILES: &str = "Berth keeps no files of Git LFS. Put them into the repository itself (git lfs migrate \
    export), or let the service come from the git host that has them.";

/// The routes of git.
pub fn routes() -> Router<App> {
    // git packs what it says of a fetch.
    Router::new().route("/git/{*path}", get(advertise).post(converse)).layer(RequestDecompressionLayer::new())
}

/// What `info/refs` is asked with.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    service: String,
}

/// Says what a repository has.
async fn advertise(
    State(app): State<App>,
    Path(path): Path<String>,
    Query(wanted): Query<Wanted>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = Caller::known(&app, peer, &headers).await?;
    let place = path.strip_suffix("/info/refs").and_then(parse_repository_path);
    let place = place.ok_or_else(|| Error::not_found("repository"))?;
    let exchange = Exchange::of_service(&wanted.service).ok_or_else(|| {
        Problem::new(ProblemKind::Forbidden, "Git's old protocol without a program is not spoken here.")
    })?;
    let ask = Ask { exchange, turn: Turn::Advertise, protocol: protocol(&headers) };
    let Conversation { input, output } = caller.converse(&place, &ask).await?;
    drop(input);
    let talk = Talk { saying: None, output };
    let service = exchange.service();
    let head = match &ask.protocol {
        Some(protocol) if exchange == Exchange::Fetch && protocol.contains("version=2") => Bytes::new(),
        _ => Bytes::from(format!("{:04x}# service={service}\n0000", service.len() + 15)),
    };
    let media_type = format!("application/x-{service}-advertisement");
    caller.answer(talk, head, &media_type).await
}

/// One request of a fetch or a push, and its answer.
async fn converse(
    State(app): State<App>,
    Path(path): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refused> {
    if is_of_large_files(&path) {
        return Ok(no_large_files());
    }
    let caller = Caller::known(&app, peer, &headers).await?;
    let place = path.rsplit_once('/').and_then(|(repository, service)| {
        Some((parse_repository_path(repository)?, Exchange::of_service(service)?))
    });
    let (place, exchange) = place.ok_or_else(|| Error::not_found("repository"))?;
    let wanted = format!("application/x-{}-request", exchange.service());
    if headers.get(header::CONTENT_TYPE).is_none_or(|given| given.as_bytes() != wanted.as_bytes()) {
        let problem = Problem::new(ProblemKind::Invalid, format!("The body has to be {wanted}."));
        return Err(Refused { status: Some(StatusCode::UNSUPPORTED_MEDIA_TYPE), ..problem.into() });
    }
    let ask = Ask { exchange, turn: Turn::Answer, protocol: protocol(&headers) };
    let Conversation { input, output } = caller.converse(&place, &ask).await?;
    let most = if exchange == Exchange::Fetch { MOST_FETCH } else { u64::MAX };
    let saying = say(request.into_body().into_data_stream(), input, most);
    let talk = Talk { saying: Some(Box::pin(saying)), output };
    let media_type = format!("application/x-{}-result", exchange.service());
    caller.answer(talk, Bytes::new(), &media_type).await
}

/// Whether Git LFS asks: below `info/lfs` of a repository.
fn is_of_large_files(path: &str) -> bool {
    path.split_once(".git/info/lfs").is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with('/'))
}

/// What Git LFS shows the person, before anything is pushed. It says nothing about what is there.
fn no_large_files() -> Response {
    let told = serde_json::json!({ "message": NO_LARGE_FILES });
    let kind = [(header::CONTENT_TYPE, "application/vnd.git-lfs+json")];
    (StatusCode::NOT_IMPLEMENTED, kind, told.to_string()).into_response()
}

fn protocol(headers: &HeaderMap) -> Option<String> {
    headers.get("git-protocol").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Passes the request's body on. Where it stops early, git hears its end and gives the whole up.
async fn say(mut body: BodyDataStream, mut input: Box<dyn AsyncWrite + Send + Unpin>, most: u64) {
    let mut said = 0;
    loop {
        let piece = match tokio::time::timeout(SILENCE, body.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return,
            Ok(Some(Err(error))) => return tracing::info!(%error, "a client of git broke off"),
            Err(_) => return tracing::info!("a client of git said nothing for too long"),
        };
        said += piece.len() as u64;
        if said > most {
            return tracing::info!("a client of git said too much");
        }
        // git has heard enough: it is about to say why.
        if input.write_all(&piece).await.is_err() {
            return;
        }
    }
}

/// Both directions of a conversation, so that one stream drives them.
struct Talk {
    saying: Option<BoxFuture<'static, ()>>,
    output: mpsc::Receiver<Piece>,
}

impl Talk {
    async fn next(&mut self) -> Option<Piece> {
        loop {
            let Some(saying) = &mut self.saying else { return self.output.recv().await };
            tokio::select! {
                () = saying => self.saying = None,
                piece = self.output.recv() => return piece,
            }
        }
    }
}

/// Who asks.
struct Caller {
    acting: Acting,
}

impl Caller {
    /// Reads the token, in whichever form git and programs send it.
    async fn known(app: &App, peer: SocketAddr, headers: &HeaderMap) -> Result<Self, Refused> {
        let origin = Origin {
            address: Some(client(peer.ip(), headers, &app.trusted).to_string()),
            ..Origin::default()
        };
        let actor = match token(headers) {
            Some(token) => app.engine.authenticate_token(&token, &origin).await?,
            None => None,
        };
        let actor = actor.ok_or_else(|| {
            let words = match headers.contains_key(header::AUTHORIZATION) {
                true => "This token is unknown, has expired or was revoked.",
                false => "Nobody is known.",
            };
            Problem::new(ProblemKind::Unauthenticated, words)
                .with_hint("Give an API token of your account as the password; any user name will do.")
        })?;
        Ok(Self { acting: app.engine.acting_as(&actor) })
    }

    async fn converse(&self, place: &ServicePath, ask: &Ask) -> Result<Conversation, Refused> {
        Ok(self.acting.converse(place, ask).await?)
    }

    /// The answer, once git has said something.
    async fn answer(&self, mut talk: Talk, head: Bytes, media_type: &str) -> Result<Response, Refused> {
        let first = match talk.next().await {
            Some(Piece::Data(first)) => first,
            Some(Piece::End { well: true, .. }) => Bytes::new(),
            Some(Piece::End { well: false, complaints }) => return Err(failed(complaints)),
            None => return Err(failed("git was ended".into())),
        };
        let begun = stream::iter([head, first].into_iter().filter(|piece| !piece.is_empty()).map(Ok));
        let rest = stream::unfold(Some(talk), |talk| async {
            let mut talk = talk?;
            match talk.next().await {
                Some(Piece::Data(piece)) => Some((Ok(piece), Some(talk))),
                Some(Piece::End { .. }) => None,
                None => Some((Err(io::Error::other("git was ended")), None)),
            }
        });
        let mut response = Body::from_stream(begun.chain(rest)).into_response();
        if let Ok(value) = HeaderValue::from_str(media_type) {
            response.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.extensions_mut().insert(AskedBy(self.acting.actor().name.clone()));
        Ok(response)
    }
}

/// The token of a request: the password of basic authentication, or a bearer token.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

fn failed(complaints: String) -> Refused {
    Error::internal("talk to git", io::Error::other(complaints)).into()
}

/// A refusal in plain text: git shows it to the person.
struct Refused {
    error: Error,
    status: Option<StatusCode>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, status: None }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Error::from(problem).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        if let Error::Internal { context, source } = &self.error {
            tracing::error!(context, %source, "a conversation with git failed");
        }
        let problem = self.error.problem();
        let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let status = self.status.unwrap_or(status);
        let hint = problem.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
        let mut response = (status, format!("{}{hint}\n", problem.message)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"Berth\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        token(&headers)
    }

    #[test]
    fn the_password_is_the_token_and_the_user_is_anybody() {
        assert_eq!(given("Basic YW55Ym9keTpiZXJ0aF94Onk=").as_deref(), Some("berth_x:y"));
        assert_eq!(given("basic OmJlcnRoX3g=").as_deref(), Some("berth_x"));
        assert_eq!(given("Bearer berth_x").as_deref(), Some("berth_x"));
        for bad in ["Basic", "Basic !!!", "Basic YWJj", "Digest x"] {
            assert_eq!(given(bad), None, "{bad}");
        }
    }

    #[test]
    fn git_lfs_is_recognised_and_nothing_else() {
        for path in ["shop/web.git/info/lfs/objects/batch", "shop/web.git/info/lfs/locks/verify"] {
            assert!(is_of_large_files(path), "{path}");
        }
        for path in ["shop/web.git/git-receive-pack", "shop/web.git/info/lfsx", "info/lfs/objects/batch"] {
            assert!(!is_of_large_files(path), "{path}");
        }
        assert_eq!(no_large_files().status(), StatusCode::NOT_IMPLEMENTED);
    }

    #[test]
    fn a_refusal_asks_for_basic_authentication_in_plain_text() {
        let refused = Refused::from(Problem::new(ProblemKind::Unauthenticated, "Nobody is known."));
        let response = refused.into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic"));
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain"));
    }
}
