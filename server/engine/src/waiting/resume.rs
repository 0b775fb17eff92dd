//! What comes with time alone: each pause ends when its time has come, also one that a former Berth began; and who was
//! seen ended for a while has ended.

use std::time::Duration;

use tracing::warn;

use crate::{Engine, Result};

/// How soon a pause that could not be ended is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Does it, for ever.
pub(crate) async fn run(engine: Engine) {
    loop {
        let pause = end_those_due(&engine).await.unwrap_or_else(|error| {
            warn!(%error, "could not end a pause; it is tried again");
            Some(RETRY)
        });
        let (sure, absence) = engine.parts.waiting.absent.newly_sure();
        sure.into_iter().for_each(|service| engine.routes_changed(service));
        let next = async {
            match pause.into_iter().chain(absence).min() {
                Some(next) => tokio::time::sleep(next).await,
                None => std::future::pending().await,
            }
        };
        // What begins meanwhile is not missed: the signal waits until it is taken.
        tokio::select! {
            () = next => {}
            () = engine.parts.waiting.signal.notified() => {}
        }
    }
}

/// Ends the pauses whose time has come; answers how long it is to the next end.
async fn end_those_due(engine: &Engine) -> Result<Option<Duration>> {
    let mut next: Option<Duration> = None;
    for paused in engine.parts.store.paused().await? {
        let now = engine.now();
        let left = paused.paused_until.and_then(|until| (until - now).to_std().ok());
        match left.filter(|left| !left.is_zero()) {
            Some(left) => next = Some(next.map_or(left, |next| next.min(left))),
            None => {
                engine.parts.store.end_pause(&paused, now).await?;
                engine.stir();
                engine.routes_changed(paused.id);
            }
        }
    }
    Ok(next)
}
