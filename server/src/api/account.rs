//! The actor's own account.

use super::{
    extract::{At, Body, By},
    places::{InKey, InSession, InToken},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::account::{
    AddKey, ChangePassword, CreateToken, CreatedToken, KeyView, Me, SessionView, TokenView,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(list_sessions, end_all_sessions))
        .routes(routes!(end_session))
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(revoke_token))
        .routes(routes!(list_keys, add_key))
        .routes(routes!(remove_key))
}

/// Who is asking
#[utoipa::path(get, path = "/me", tag = "Account", responses((status = 200, description = "The account", body = Me)))]
async fn me(By(acting): By) -> Result<Json<Me>, Refusal> {
    Ok(Json(acting.me().await?))
}

/// Change the password
///
/// Every session, token and SSH key of the account ends, the session that asks too.
#[utoipa::path(put, path = "/me/password", tag = "Account", request_body = ChangePassword,
    responses((status = 204, description = "Changed")))]
async fn change_password(By(acting): By, Body(request): Body<ChangePassword>) -> Result<StatusCode, Refusal> {
    acting.change_password(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the browsers that are signed in
#[utoipa::path(get, path = "/me/sessions", tag = "Account",
    responses((status = 200, description = "The sessions", body = [SessionView])))]
async fn list_sessions(By(acting): By) -> Result<Json<Vec<SessionView>>, Refusal> {
    Ok(Json(acting.sessions().await?))
}

/// Sign out everywhere
#[utoipa::path(delete, path = "/me/sessions", tag = "Account",
    responses((status = 204, description = "Every session of the account has ended")))]
async fn end_all_sessions(By(acting): By) -> Result<StatusCode, Refusal> {
    acting.sign_out_everywhere().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "Account", params(InSession),
    responses((status = 204, description = "Ended")))]
async fn end_session(By(acting): By, At(place): At<InSession>) -> Result<StatusCode, Refusal> {
    acting.end_session(place.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List API tokens
#[utoipa::path(get, path = "/me/tokens", tag = "Account",
    responses((status = 200, description = "The tokens, without their secrets", body = [TokenView])))]
async fn list_tokens(By(acting): By) -> Result<Json<Vec<TokenView>>, Refusal> {
    Ok(Json(acting.tokens().await?))
}

/// Make an API token
///
/// The secret is in this answer and never again.
#[utoipa::path(post, path = "/me/tokens", tag = "Account", request_body = CreateToken,
    responses((status = 201, description = "Made", body = CreatedToken)))]
async fn create_token(
    By(acting): By,
    Body(request): Body<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.create_token(request).await?)))
}

/// Revoke an API token
#[utoipa::path(delete, path = "/me/tokens/{id}", tag = "Account", params(InToken),
    responses((status = 204, description = "Revoked")))]
async fn revoke_token(By(acting): By, At(place): At<InToken>) -> Result<StatusCode, Refusal> {
    acting.revoke_token(place.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List SSH keys
#[utoipa::path(get, path = "/me/keys", tag = "Account",
    responses((status = 200, description = "The public keys of the account", body = [KeyView])))]
async fn list_keys(By(acting): By) -> Result<Json<Vec<KeyView>>, Refusal> {
    Ok(Json(acting.keys().await?))
}

/// Add an SSH key
///
/// Who has its other half may do with git what the account may.
#[utoipa::path(post, path = "/me/keys", tag = "Account", request_body = AddKey,
    responses((status = 201, description = "Added", body = KeyView)))]
async fn add_key(
    By(acting): By,
    Body(request): Body<AddKey>,
) -> Result<(StatusCode, Json<KeyView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.add_key(request).await?)))
}

/// Remove an SSH key
#[utoipa::path(delete, path = "/me/keys/{id}", tag = "Account", params(InKey),
    responses((status = 204, description = "Removed")))]
async fn remove_key(By(acting): By, At(place): At<InKey>) -> Result<StatusCode, Refusal> {
    acting.remove_key(place.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
