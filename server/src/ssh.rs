//! Git over SSH: keys of accounts, the two programs of git on our own paths, and nothing else. No shell, no terminal,
//! no forwarding; what is asked for goes the same way as over HTTP.

mod command;
mod key;
mod session;
mod talk;

use crate::doors::Doors;
use anyhow::Result;
use axum::serve::Listener;
use berth_engine::{Engine, front::Origin};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use russh::{
    MethodKind, MethodSet,
    server::{Config, run_stream},
};
use session::Session;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_util::sync::CancellationToken;

/// How many connections there are at the same time.
const AT_ONCE: usize = 100;
/// How long a client may take until it is known.
const INTRODUCTION: Duration = Duration::from_secs(30);

/// Work that a session leaves to the server.
type Work = BoxFuture<'static, ()>;

/// Answers until the token is cancelled.
pub async fn serve(doors: Doors, engine: Engine, stop: CancellationToken) -> Result<()> {
    let key = key::open(&engine.config().data)?;
    tracing::info!(fingerprint = %key::fingerprint(&key), "git is answered over SSH");
    let config = Arc::new(Config {
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        keys: vec![key],
        auth_rejection_time: Duration::from_millis(500),
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: 20,
        // A build may say nothing for long; a client that is there answers all the same.
        inactivity_timeout: Some(Duration::from_secs(600)),
        keepalive_interval: Some(Duration::from_secs(30)),
        nodelay: true,
        ..Config::default()
    });
    let (work, to_do) = mpsc::unbounded_channel();
    tokio::select! {
        () = accept(doors, engine, config, work) => Ok(()),
        () = perform(to_do) => Ok(()),
        () = stop.cancelled() => Ok(()),
    }
}

async fn accept(mut doors: Doors, engine: Engine, config: Arc<Config>, work: mpsc::UnboundedSender<Work>) {
    let room = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    loop {
        let (stream, peer) = doors.accept().await;
        let Ok(place) = room.clone().try_acquire_owned() else {
            tracing::warn!(%peer, "too many SSH connections");
            continue;
        };
        let (engine, config, more) = (engine.clone(), config.clone(), work.clone());
        let connection = async move {
            connection(stream, peer, engine, (config, more)).await;
            drop(place);
        };
        if work.send(Box::pin(connection)).is_err() {
            return;
        }
    }
}

/// Performs what comes, all at once.
async fn perform(mut to_do: mpsc::UnboundedReceiver<Work>) {
    let mut going_on = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(work) = to_do.recv() => going_on.push(work),
            Some(()) = going_on.next() => {}
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    engine: Engine,
    (config, work): (Arc<Config>, mpsc::UnboundedSender<Work>),
) {
    let origin = Origin { address: Some(peer.ip().to_canonical().to_string()), ..Origin::default() };
    let known = Arc::new(AtomicBool::new(false));
    let session = Session::new(engine, origin, work, known.clone());
    let begun = tokio::time::timeout(INTRODUCTION, run_stream(config, stream, session)).await;
    let mut running = match begun {
        Ok(Ok(running)) => running,
        Ok(Err(error)) => return tracing::debug!(%peer, %error, "an SSH connection did not begin"),
        Err(_) => return tracing::debug!(%peer, "an SSH client said nothing"),
    };
    let handle = running.handle();
    let stays_unknown = async {
        tokio::time::sleep(INTRODUCTION).await;
        if known.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = &mut running => if let Err(error) = ended {
            tracing::debug!(%peer, %error, "an SSH connection broke off");
        },
        () = stays_unknown => {
            let reason = russh::Disconnect::NoMoreAuthMethodsAvailable;
            let told = handle.disconnect(reason, "Nobody was known in time.".into(), String::new()).await;
            if told.is_err() {
                tracing::debug!(%peer, "an SSH client had gone already");
            }
        }
    }
}
