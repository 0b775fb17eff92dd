//! What can be asked before anybody is known. All of these are sent as ordinary form POSTs.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::request::set_cookie;
#[cfg(feature = "ssr")]
use berth_domain::account;
#[cfg(feature = "ssr")]
use berth_engine::front::NewSession;
use leptos::prelude::*;

/// Makes the owner's account with the one-time token of the setup link.
#[server(prefix = "/panel", endpoint = "setup")]
pub async fn claim(token: String, email: String, password: String) -> Result<(), PanelError> {
    let request = account::Claim { token, email: email.trim().to_owned(), password };
    let session = super::engine()?.claim(request, super::origin()).await?;
    keep(&session);
    super::done("/projects", "claimed");
    Ok(())
}

/// Opens a session and goes on to `next`.
#[server(prefix = "/panel", endpoint = "sign-in")]
pub async fn sign_in(
    email: String,
    password: String,
    #[server(default)] next: String,
) -> Result<(), PanelError> {
    let request = account::SignIn { email: email.trim().to_owned(), password };
    let session = super::engine()?.sign_in(request, super::origin()).await?;
    keep(&session);
    leptos_axum::redirect(&crate::ssr::local_path(&next));
    Ok(())
}

/// Ends the session that asks.
#[server(prefix = "/panel", endpoint = "sign-out")]
pub async fn sign_out() -> Result<(), PanelError> {
    super::acting().await?.sign_out().await?;
    forget();
    super::done("/sign-in", "signed-out");
    Ok(())
}

/// Remembers the theme in a cookie and goes back to the page.
#[server(prefix = "/panel", endpoint = "theme")]
pub async fn set_theme(theme: String) -> Result<(), PanelError> {
    let theme = crate::boot::Theme::from_word(&theme);
    set_cookie(&format!("berth_theme={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.as_str()));
    Ok(())
}

/// Gives the browser its session.
#[cfg(feature = "ssr")]
fn keep(session: &NewSession) {
    if let Ok(engine) = super::engine() {
        set_cookie(&engine.session_cookie(Some(session), &super::origin()));
    }
}

/// Takes the session from the browser.
#[cfg(feature = "ssr")]
pub(super) fn forget() {
    if let Ok(engine) = super::engine() {
        set_cookie(&engine.session_cookie(None, &super::origin()));
    }
}
