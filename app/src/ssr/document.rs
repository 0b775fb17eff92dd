//! A page as a whole document.

use crate::api::Engine;
use crate::{
    App,
    boot::{Boot, Theme},
    components::HeadTitle,
};
use axum::{
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use hydration_context::{SharedContext, SsrSharedContext};
use leptos::{
    prelude::*,
    reactive::owner::{Owner, Sandboxed},
};
use leptos_axum::ResponseOptions;
use leptos_router::location::RequestUrl;
use std::{fmt::Write, sync::Arc};

/// Renders the page that a request asks for.
pub async fn render(parts: Parts, engine: Engine, boot: Boot) -> Response {
    let shared = Arc::new(SsrSharedContext::new());
    let owner = Owner::new_root(Some(Arc::clone(&shared) as Arc<dyn SharedContext + Send + Sync>));
    let options = ResponseOptions::default();
    let title = HeadTitle::default();
    // Signals live in an arena of this request: every poll has to see it, on whichever thread it happens.
    let rendering = owner.with(|| {
        let path = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
        // The origin is never shown; the router only wants one.
        provide_context(RequestUrl::new(&format!("http://berth{path}")));
        provide_context(parts);
        provide_context(options.clone());
        provide_context(engine);
        provide_context(boot.clone());
        provide_context(title.clone());
        leptos_router::components::provide_server_redirect(leptos_axum::redirect);
        let body = view! { <App/> }.to_html_stream_in_order();
        let shared = Arc::clone(&shared);
        Sandboxed::new(Box::pin(async move {
            let body: String = body.collect().await;
            (body, shared.consume_buffers().await)
        }))
    });
    let (body, resources) = rendering.await;
    owner.unset_with_forced_cleanup();
    let title = title.0.lock().map(|title| title.clone()).unwrap_or_default();
    let html = document(&boot, &title, &body, &resources);
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    finish(&mut response, &options);
    response
}

/// Takes over the status and the headers that were set while rendering.
fn finish(response: &mut Response, options: &ResponseOptions) {
    let Ok(mut parts) = options.0.write() else { return };
    response.headers_mut().extend(std::mem::take(&mut parts.headers));
    if response.headers().contains_key(header::LOCATION) {
        *response.status_mut() = StatusCode::SEE_OTHER;
    } else if let Some(status) = parts.status {
        *response.status_mut() = status;
    }
}

const HEAD: &str = concat!(
    r#"<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">"#,
    r#"<meta name="color-scheme" content="light dark"><meta name="referrer" content="same-origin">"#,
    r#"<link rel="icon" href="/pkg/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/pkg/berth.css">"#,
    r#"<link rel="modulepreload" href="/pkg/berth.js">"#,
    r#"<link rel="preload" href="/pkg/berth_bg.wasm" as="fetch" type="application/wasm" crossorigin>"#,
    r#"<script src="/pkg/boot.js" type="module"></script>"#,
);

fn document(
    boot: &Boot,
    title: &str,
    body: &str,
    resources: &[(hydration_context::SerializedDataId, String)],
) -> String {
    let mut html = String::with_capacity(body.len() + 2_048);
    html.push_str("<!DOCTYPE html><html lang=\"en\"");
    if boot.theme != Theme::System {
        let _ = write!(html, " data-theme=\"{}\"", boot.theme.as_str());
    }
    if boot.still {
        html.push_str(" data-still");
    }
    html.push_str("><head>");
    html.push_str(HEAD);
    html.push_str("<title>");
    escape_text(if title.is_empty() { "Berth" } else { title }, &mut html);
    html.push_str("</title></head><body>");
    html.push_str(body);
    html.push_str("<script type=\"application/json\" id=\"berth-boot\">");
    push_json(boot, &mut html);
    html.push_str("</script><script type=\"application/json\" id=\"berth-resources\">");
    let resources: Vec<_> = resources.iter().map(|(id, data)| (id.clone().into_inner(), data)).collect();
    push_json(&resources, &mut html);
    html.push_str("</script></body></html>");
    html
}

/// JSON inside a script element: only `<` could end it.
fn push_json(value: &impl serde::Serialize, html: &mut String) {
    match serde_json::to_string(value) {
        Ok(json) => html.push_str(&json.replace('<', "\\u003c")),
        Err(error) => {
            tracing::error!(%error, "a page's data could not be written");
            html.push_str("null");
        }
    }
}

fn escape_text(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            other => html.push(other),
        }
    }
}
