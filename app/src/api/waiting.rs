//! Maintenance and pauses of a service.

use super::PanelError;
#[cfg(feature = "ssr")]
use crate::api::service::forms;
use berth_domain::service::ServiceView;
use leptos::prelude::*;

/// Begins maintenance with a message, or ends it.
#[server(prefix = "/panel", endpoint = "service_maintenance")]
pub async fn set_maintenance(
    path: String,
    /// Anything but `yes` ends it.
    on: String,
    #[server(default)] message: String,
) -> Result<ServiceView, PanelError> {
    use berth_domain::waiting::SetMaintenance;
    let (acting, path) = (super::acting().await?, forms::path(&path)?);
    let (view, flash) = match on.as_str() {
        "yes" => {
            let message = forms::optional(&message).map(str::to_owned);
            (acting.begin_maintenance(&path, SetMaintenance { message }).await?, "maintenance-began")
        }
        _ => (acting.end_maintenance(&path).await?, "maintenance-ended"),
    };
    super::done(&format!("/projects/{path}"), flash);
    Ok(view)
}

/// Lets requests wait for so many seconds, or go on.
#[server(prefix = "/panel", endpoint = "service_pause")]
pub async fn set_pause(
    path: String,
    /// Empty ends the pause.
    #[server(default)]
    seconds: String,
) -> Result<ServiceView, PanelError> {
    use berth_domain::waiting::{LONGEST_WAIT_S, PauseRequest};
    let (acting, path) = (super::acting().await?, forms::path(&path)?);
    let (view, flash) = match forms::optional(&seconds) {
        Some(text) => {
            let wrong =
                |_| forms::invalid("seconds", format!("Requests wait for 1 to {LONGEST_WAIT_S} seconds."));
            let seconds = text.parse().map_err(wrong)?;
            (acting.pause_traffic(&path, PauseRequest { seconds }).await?, "traffic-paused")
        }
        None => (acting.resume_traffic(&path).await?, "traffic-resumed"),
    };
    super::done(&format!("/projects/{path}"), flash);
    Ok(view)
}
