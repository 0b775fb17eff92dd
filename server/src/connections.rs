//! HTTP connections: each is answered on its own, and none is held by a client that says nothing.

use crate::doors::Doors;
use axum::{Extension, Router, extract::ConnectInfo, serve::Listener};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use std::{net::SocketAddr, pin::pin, time::Duration};
use tokio::{net::TcpStream, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::Layer;

/// How long a client may take for the head of a request, also of a later one of the same connection.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// Answers requests until the token is cancelled; over when what was open then is answered.
pub(crate) async fn answer(mut doors: Doors, router: Router, stop: CancellationToken) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            (stream, peer) = doors.accept() => {
                open.spawn(connection(stream, peer, router.clone(), stop.clone()));
            }
            Some(_) = open.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(doors);
    while open.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    // Small answers go out at once, not when the kernel has gathered more.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone before it was answered");
    }
    let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router));
    // One version only: who of two is spoken would be waited for without an end.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let mut answered = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let outcome = tokio::select! {
        outcome = answered.as_mut() => outcome,
        () = stop.cancelled() => {
            answered.as_mut().graceful_shutdown();
            answered.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
