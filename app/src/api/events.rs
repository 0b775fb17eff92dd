//! The audit trail.

use super::PanelError;
use berth_domain::{event::EventView, page::Page};
use leptos::prelude::*;

/// Events, newest first.
#[server(prefix = "/panel", endpoint = "events/list")]
pub async fn list(
    #[server(default)] project: String,
    #[server(default)] kind: String,
    #[server(default)] before: Option<i64>,
) -> Result<Page<EventView>, PanelError> {
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    let query = berth_domain::event::EventQuery {
        before,
        limit: Some(50),
        project: filled(project),
        kind: filled(kind),
    };
    Ok(super::acting().await?.events(query).await?)
}
