//! The account of the one who is signed in.

use super::PanelError;
#[cfg(feature = "ssr")]
use berth_domain::account;
use berth_domain::account::{CreatedToken, KeyView, SessionView, TokenView};
use leptos::prelude::*;

/// The browsers that are signed in.
#[server(prefix = "/panel", endpoint = "account/sessions")]
pub async fn sessions() -> Result<Vec<SessionView>, PanelError> {
    Ok(super::acting().await?.sessions().await?)
}

/// The API tokens.
#[server(prefix = "/panel", endpoint = "account/tokens")]
pub async fn tokens() -> Result<Vec<TokenView>, PanelError> {
    Ok(super::acting().await?.tokens().await?)
}

/// Replaces the password; every session ends, this one too.
#[server(prefix = "/panel", endpoint = "account/password")]
pub async fn change_password(current: String, new: String) -> Result<(), PanelError> {
    super::acting().await?.change_password(account::ChangePassword { current, new }).await?;
    super::front::forget();
    super::done("/sign-in", "password-changed");
    Ok(())
}

/// Ends one session.
#[server(prefix = "/panel", endpoint = "account/end-session")]
pub async fn end_session(session: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let session = session.parse().map_err(|_| berth_domain::problem::Problem::not_found("session"))?;
    acting.end_session(session).await?;
    super::done("/account", "session-ended");
    Ok(())
}

/// Ends every session of the account.
#[server(prefix = "/panel", endpoint = "account/sign-out-everywhere")]
pub async fn sign_out_everywhere() -> Result<(), PanelError> {
    super::acting().await?.sign_out_everywhere().await?;
    super::front::forget();
    super::done("/sign-in", "signed-out-everywhere");
    Ok(())
}

/// Makes an API token; its secret is in the answer and nowhere else.
#[server(prefix = "/panel", endpoint = "account/create-token")]
pub async fn create_token(
    name: String,
    role: String,
    #[server(default)] days: String,
) -> Result<CreatedToken, PanelError> {
    let acting = super::acting().await?;
    let expires_in_days = match days.trim() {
        "" => None,
        days => {
            Some(days.parse().map_err(|_| PanelError::invalid("days", "Days are a number from 1 to 3650."))?)
        }
    };
    let role = role.parse().map_err(|why: String| PanelError::invalid("role", why))?;
    let created = acting
        .create_token(account::CreateToken { name: name.trim().to_owned(), role, expires_in_days })
        .await?;
    super::show_once("token", &created.secret);
    Ok(created)
}

/// Ends an API token.
#[server(prefix = "/panel", endpoint = "account/revoke-token")]
pub async fn revoke_token(token: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let token = token.parse().map_err(|_| berth_domain::problem::Problem::not_found("token"))?;
    acting.revoke_token(token).await?;
    super::done("/account", "token-revoked");
    Ok(())
}

/// The public SSH keys.
#[server(prefix = "/panel", endpoint = "account/keys")]
pub async fn keys() -> Result<Vec<KeyView>, PanelError> {
    Ok(super::acting().await?.keys().await?)
}

/// Adds a public SSH key.
#[server(prefix = "/panel", endpoint = "account/add-key")]
pub async fn add_key(#[server(default)] name: String, public_key: String) -> Result<KeyView, PanelError> {
    let acting = super::acting().await?;
    let request = account::AddKey { name: name.trim().to_owned(), public_key: public_key.trim().to_owned() };
    let added = acting.add_key(request).await?;
    super::done("/account", "key-added");
    Ok(added)
}

/// Removes a public SSH key.
#[server(prefix = "/panel", endpoint = "account/remove-key")]
pub async fn remove_key(key: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let key = key.parse().map_err(|_| berth_domain::problem::Problem::not_found("SSH key"))?;
    acting.remove_key(key).await?;
    super::done("/account", "key-removed");
    Ok(())
}
