//! Connections to the panel and its API: who says nothing, or half of it, does not hold one.

use berth_tests::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than a client has for the head of a request.
const PATIENCE: Duration = Duration::from_secs(40);

/// What comes until the other side ends the connection.
async fn until_closed(stream: &mut TcpStream) -> Result<String> {
    let mut said = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut said)).await.context("the connection is held")? {
        Ok(_) => Ok(String::from_utf8_lossy(&said).into_owned()),
        // Reset is an end too.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(String::new()),
        Err(error) => Err(error.into()),
    }
}

/// Half a head, nothing at all, and half of a second request: each ends by itself, and others are answered.
#[tokio::test]
async fn a_slow_client_does_not_hold_a_connection() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let open = async |text: &str| -> Result<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", berth.port)).await?;
        stream.write_all(text.as_bytes()).await?;
        Ok(stream)
    };
    let mut half = open("GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: ").await?;
    let mut silent = open("").await?;
    let mut second = open("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea").await?;
    let mut ambiguous = open("PRI * HT").await?;
    ensure!(berth.anonymous()?.get("/openapi.json").await?.status == 200, "others are not answered");
    let (half, silent, second, ambiguous) = tokio::join!(
        until_closed(&mut half),
        until_closed(&mut silent),
        until_closed(&mut second),
        until_closed(&mut ambiguous)
    );
    ensure!(!half?.contains("200 OK") && silent?.is_empty() && !ambiguous?.contains("200 OK"));
    let second = second?;
    ensure!(second.matches("HTTP/1.1 ").count() == 1, "{second}");
    Ok(())
}
