//! Streams that last a while and end in good order: a WebSocket and server-sent events of the test program.

use crate::http::Connection;
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How much each says, and how often: three seconds in all.
const MESSAGES: u64 = 15;
const PAUSE: Duration = Duration::from_millis(200);

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// Opens a WebSocket, hears every message back, closes it and sees it closed; gives the version that answered.
pub(super) async fn web_socket(mut connection: Connection, host: &str) -> Result<String> {
    let headers = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let response = connection.head_of(host, "/ws", headers).await?;
    ensure!(response.status == 101, "the handshake was answered with {}", response.status);
    let accept = response.header("sec-websocket-accept");
    ensure!(accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "the handshake was answered with {accept:?}");
    let mut pause = tokio::time::interval(PAUSE);
    for number in 1..=MESSAGES {
        pause.tick().await;
        let message = format!("message {number}");
        send(&mut connection, TEXT, message.as_bytes()).await?;
        let (kind, heard) = frame(&mut connection).await.with_context(|| format!("after {message}"))?;
        ensure!(kind == TEXT && heard == message.as_bytes(), "{message} came back as {kind:#x} {heard:?}");
    }
    send(&mut connection, CLOSE, &[]).await?;
    let (kind, _) = frame(&mut connection).await.context("after the closing frame")?;
    ensure!(kind == CLOSE, "the closing frame was answered with {kind:#x}");
    Ok(response.header("x-version").to_owned())
}

/// Follows a stream of events to its end; gives the version that answered.
pub(super) async fn events(mut connection: Connection, host: &str) -> Result<String> {
    let path = format!("/sse?n={MESSAGES}&ms={}", PAUSE.as_millis());
    let response = connection.get(host, &path, true).await?;
    ensure!(response.status == 200, "it was answered with {}", response.status);
    let text = response.text();
    let came = text.lines().filter(|line| line.starts_with("data: ")).count() as u64;
    ensure!(came == MESSAGES && text.ends_with("\n\n"), "only {came} of {MESSAGES} events came");
    Ok(response.header("x-version").to_owned())
}

/// A client masks what it sends; a mask of zeros changes nothing.
async fn send(connection: &mut Connection, kind: u8, payload: &[u8]) -> Result<()> {
    let length =
        u8::try_from(payload.len()).ok().filter(|length| *length < 126).context("a short message")?;
    let mut bytes = vec![kind, 0x80 | length, 0, 0, 0, 0];
    bytes.extend_from_slice(payload);
    connection.stream().write_all(&bytes).await.context("send a frame")
}

async fn frame(connection: &mut Connection) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    connection.stream().read_exact(&mut head).await.context("the stream was cut")?;
    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
    connection.stream().read_exact(&mut payload).await.context("the stream was cut")?;
    Ok((head[0], payload))
}
