//! Keeps the proxy running and joined to every environment's network.

use std::time::Duration;

use tracing::{info, warn};

use crate::Engine;

/// How often the proxy is looked at without a signal.
const PERIOD: Duration = Duration::from_secs(20);

/// How soon a proxy that could not be started is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Keeps it for ever.
pub(crate) async fn run(engine: Engine) {
    let mut well = false;
    loop {
        let kept = keep(&engine).await;
        match &kept {
            Ok(()) if !well => info!("the proxy runs"),
            Err(error) if well => warn!(error, "the proxy does not run"),
            Err(error) => warn!(error, "the proxy does not run yet"),
            Ok(()) => {}
        }
        well = kept.is_ok();
        let pause = if well { PERIOD } else { RETRY };
        tokio::select! {
            () = engine.parts.proxy_signal.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn keep(engine: &Engine) -> Result<(), String> {
    let docker = engine.docker().await.map_err(|error| error.to_string())?;
    engine.parts.proxy.ensure_running(&*docker).await.map_err(|error| error.to_string())
}
