//! Setup, sign-in and sign-out.

use super::extract::{Body, By, From};
use crate::http::{App, Refusal};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use berth_domain::account::{Claim, Me, SignIn};
use berth_engine::front::{NewSession, Origin};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(claim)).routes(routes!(sign_in, sign_out))
}

/// Claim a fresh Berth
///
/// Makes the owner's account with the one-time token of the setup link, and opens a session. Of many claims at once
/// exactly one succeeds.
#[utoipa::path(post, path = "/setup", tag = "Session", request_body = Claim,
    responses((status = 201, description = "Claimed; the session's cookie is set", body = Me)))]
async fn claim(
    State(app): State<App>,
    From(origin): From,
    Body(request): Body<Claim>,
) -> Result<Response, Refusal> {
    let session = app.engine.claim(request, origin.clone()).await?;
    opened(&app, &session, &origin).await
}

/// Sign in
///
/// Opens a session and sets its cookie. Limited per address and per account.
#[utoipa::path(post, path = "/session", tag = "Session", request_body = SignIn,
    responses((status = 201, description = "Signed in; the session's cookie is set", body = Me)))]
async fn sign_in(
    State(app): State<App>,
    From(origin): From,
    Body(request): Body<SignIn>,
) -> Result<Response, Refusal> {
    let session = app.engine.sign_in(request, origin.clone()).await?;
    opened(&app, &session, &origin).await
}

/// Sign out
///
/// Ends the session that asks and removes its cookie.
#[utoipa::path(delete, path = "/session", tag = "Session",
    responses((status = 204, description = "Signed out")))]
async fn sign_out(State(app): State<App>, From(origin): From, By(acting): By) -> Result<Response, Refusal> {
    acting.sign_out().await?;
    Ok((StatusCode::NO_CONTENT, with_cookie(&app, None, &origin)).into_response())
}

/// The header that gives a browser its session, or takes it.
fn with_cookie(app: &App, session: Option<&NewSession>, origin: &Origin) -> HeaderMap {
    let cookie = HeaderValue::from_str(&app.engine.session_cookie(session, origin));
    cookie.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect()
}

/// The answer that carries a fresh session's cookie and says whose it is.
async fn opened(app: &App, session: &NewSession, origin: &Origin) -> Result<Response, Refusal> {
    let headers = with_cookie(app, Some(session), origin);
    let actor = app.engine.authenticate_session(&session.cookie, origin).await?;
    match actor {
        Some(actor) => {
            let me: Me = app.engine.acting_as(&actor).me().await?;
            Ok((StatusCode::CREATED, headers, Json(me)).into_response())
        }
        // Signed out everywhere in the same instant.
        None => Ok((StatusCode::CREATED, headers).into_response()),
    }
}
