//! `/health`.

use super::App;
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use berth_domain::system::Health;

/// 200 when all parts work, else 503; which part does not is told, and what Berth's log knows about it is not.
pub async fn health(State(app): State<App>) -> impl IntoResponse {
    let mut health = app.engine.health().await;
    for part in [&mut health.store, &mut health.docker, &mut health.proxy] {
        part.detail = first_sentence(&part.detail);
    }
    (status(&health), Json(health))
}

fn status(health: &Health) -> StatusCode {
    if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Anybody may ask: no paths and no addresses beyond what the first words say.
fn first_sentence(detail: &str) -> String {
    let end = detail.find(['\n', '(']).unwrap_or(detail.len());
    detail[..end].trim().chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_to_anybody_is_short() {
        assert_eq!(first_sentence("Docker does not answer (unix:///x)\nmore"), "Docker does not answer");
    }
}
