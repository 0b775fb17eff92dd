//! The request that a server function runs for.

use super::PanelError;
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use berth_domain::{
    name::Name,
    problem::{Problem, ProblemKind},
};
pub use berth_engine::{Actor, Engine};
use berth_engine::{acting::Acting, front::Origin};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

/// The engine in the hands of the one who is signed in.
pub async fn acting() -> Result<Acting, PanelError> {
    let actor = use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<Option<Actor>>().cloned().flatten())
        .ok_or_else(|| {
            Problem::new(ProblemKind::Unauthenticated, "You are not signed in.")
                .with_hint("Sign in and try again.")
        })?;
    Ok(engine()?.acting_as(&actor))
}

/// The engine, for what is asked before anybody is known.
pub fn engine() -> Result<Engine, PanelError> {
    use_context::<Engine>()
        .ok_or_else(|| Problem::new(ProblemKind::Internal, "The panel has no engine to ask.").into())
}

/// Where the request came from, as the server found it out.
pub fn origin() -> Origin {
    let Some(parts) = use_context::<Parts>() else { return Origin::default() };
    parts.extensions.get::<Origin>().cloned().unwrap_or_else(|| Origin {
        address: None,
        user_agent: parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        is_secure: false,
    })
}

/// Reads a name from a form's field.
pub fn name(field: &str, text: &str) -> Result<Name, PanelError> {
    text.trim().parse().map_err(|why| PanelError::invalid(field, why))
}

/// Ends a mutation: on to that page of the panel, which says what was done (a word of `components::flash`).
pub fn done(path: &str, flash: &str) {
    let join = if path.contains('?') { '&' } else { '?' };
    leptos_axum::redirect(&format!("{path}{join}flash={flash}"));
}

/// Shows a value on the page that comes next and never again: for an ordinary form POST the answer of the server
/// function would be lost.
pub fn show_once(kind: &str, value: &str) {
    let plain_form = use_context::<Parts>()
        .and_then(|parts| {
            parts.headers.get(header::ACCEPT)?.to_str().ok().map(|accept| accept.contains("text/html"))
        })
        .unwrap_or(false);
    if plain_form {
        set_cookie(&format!("berth_once={kind}|{value}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"));
    }
}

/// Adds a cookie to the answer.
pub fn set_cookie(cookie: &str) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        response.append_header(header::SET_COOKIE, value);
    }
}

/// Lets the page that is being rendered send a form to the host of an address: to GitHub, which makes an App of it. All else
/// is forbidden as on every page.
pub fn allow_form_to(address: &str) {
    let host: String = address.split('/').take(3).collect::<Vec<_>>().join("/");
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; form-action 'self' {host}; frame-ancestors 'none'"
    );
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&policy)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// Gives the answer this status.
pub fn answer_with_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}
