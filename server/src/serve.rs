//! `berth serve`: puts the parts together and runs them until somebody says stop.

use crate::{
    connections,
    doors::{Doors, MayAsk},
    http::{self, App, Assets, Metrics},
    settings::ServeArgs,
    ssh, waiting,
};
use anyhow::{Context, Result, bail};
use axum::{Router, serve::Listener};
use berth_engine::Engine;
use futures::FutureExt;
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long open answers may take to finish after the signal to stop.
pub(crate) const FAREWELL: Duration = Duration::from_secs(10);

/// Runs the server; returns when it was stopped, and fails when a part of it ended by itself.
pub async fn serve(args: &ServeArgs) -> Result<()> {
    let engine = Engine::open(args.config()).await?;
    let stop = CancellationToken::new();
    let app = App {
        engine: engine.clone(),
        metrics: Arc::new(Metrics::default()),
        assets: Arc::new(Assets::read(args.site().as_deref())),
        trusted: args.trusted_proxies.clone(),
        stop: stop.clone(),
    };
    let listener = Doors::open(args.listen, over(&engine))?;
    let git = match args.ssh() {
        Some(address) => Some(Doors::open(address, over(&engine))?),
        None => None,
    };
    announce(&engine, listener.local_addr()?);
    let panel = http::router(app);
    let http = async {
        let waiting = waiting::answer(engine.clone(), panel.clone(), stop.clone());
        let waiting = async { waiting.await.context("the waiting room failed") };
        tokio::try_join!(answer_all(answer(listener, panel.clone(), &stop), git, &engine, &stop), waiting)
            .map(drop)
    };
    tokio::select! {
        outcome = both(http, engine.run(stop.clone()), &stop) => outcome,
        () = signalled_twice(&stop) => bail!("stopped before everything had finished"),
    }
}

/// The interfaces that the engine lets people ask over.
fn over(engine: &Engine) -> MayAsk {
    let engine = engine.clone();
    Arc::new(move |names| {
        let engine = engine.clone();
        async move { engine.interfaces_open(names).await }.boxed()
    })
}

/// Answers over HTTP, and git over SSH where that is set.
async fn answer_all(
    http: impl Future<Output = std::io::Result<()>>,
    git: Option<Doors>,
    engine: &Engine,
    stop: &CancellationToken,
) -> Result<()> {
    let Some(doors) = git else { return http.await.context("the HTTP server failed") };
    let over_ssh = ssh::serve(doors, engine.clone(), stop.clone());
    let http = async { http.await.context("the HTTP server failed") };
    let over_ssh = async { over_ssh.await.context("the SSH server failed") };
    tokio::try_join!(http, over_ssh).map(|_| ())
}

/// Runs both until one ends; the end of one stops the other.
async fn both<E>(
    answers: impl Future<Output = Result<()>>,
    work: impl Future<Output = std::result::Result<(), E>>,
    stop: &CancellationToken,
) -> Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let answers = async {
        let outcome = answers.await;
        let asked = stop.is_cancelled();
        stop.cancel();
        outcome?;
        if asked { Ok(()) } else { bail!("the HTTP server ended by itself") }
    };
    let work = async {
        let outcome = work.await;
        let asked = stop.is_cancelled();
        stop.cancel();
        outcome.context("the background work failed")?;
        if asked { Ok(()) } else { bail!("the background work ended by itself") }
    };
    let (answers, work) = tokio::join!(answers, work);
    work.and(answers)
}

/// Answers requests until the token is cancelled, then lets what is open finish.
async fn answer(listener: Doors, panel: Router, stop: &CancellationToken) -> std::io::Result<()> {
    tokio::select! {
        () = connections::answer(listener, panel, stop.clone()) => {}
        () = farewell(stop) => {
            tracing::warn!("some answers were still open after {} s", FAREWELL.as_secs());
        }
    }
    Ok(())
}

/// Over when open answers have had their time after the signal to stop.
pub(crate) async fn farewell(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}

/// Says where the panel is, and how a fresh one is claimed.
fn announce(engine: &Engine, address: SocketAddr) {
    let (version, public_url) = (env!("CARGO_PKG_VERSION"), engine.panel_url());
    println!("berth {version} answers on http://{address} ({public_url})");
    tracing::info!(version, %address, "started");
    if let Some(link) = engine.setup_link() {
        println!("setup: {link}");
    }
}

/// Cancels the token at the first SIGTERM or SIGINT; returns at the second one.
async fn signalled_twice(stop: &CancellationToken) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received");
        return std::future::pending().await;
    };
    for _ in 0..2 {
        let name = tokio::select! {
            _ = term.recv() => "SIGTERM",
            _ = int.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waits(stop: CancellationToken) -> Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    #[tokio::test]
    async fn the_death_of_the_background_work_ends_the_process_with_an_error() {
        let stop = CancellationToken::new();
        let dies = async { Err::<(), _>(std::io::Error::other("the queue is gone")) };
        let outcome = both(waits(stop.clone()), dies, &stop).await;
        assert!(format!("{:#}", outcome.unwrap_err()).contains("the queue is gone"));
    }

    #[tokio::test]
    async fn being_told_to_stop_is_no_error() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(
            both(waits(stop.clone()), std::future::ready(Ok::<_, std::io::Error>(())), &stop).await.is_ok()
        );
    }
}
