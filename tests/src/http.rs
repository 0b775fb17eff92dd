//! HTTP/1.1 by hand, so that a reset, a silent close and a retry are seen as what they are.

use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// An open connection.
pub struct Connection(BufReader<TcpStream>);

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Connection {
    /// Connects.
    pub async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await.context("connect")?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a GET and reads the whole answer; the connection can be used again after `Ok`.
    pub async fn get(&mut self, host: &str, path: &str, close: bool) -> Result<Response> {
        let connection = if close { "close" } else { "keep-alive" };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.context("send")?;
        let (status, headers) = self.head().await?;
        let mut response = Response { status, headers, body: Vec::new() };
        if response.header("transfer-encoding").contains("chunked") {
            response.body = self.chunks().await?;
        } else if let Ok(length) = response.header("content-length").parse::<usize>() {
            response.body = vec![0; length];
            self.0.read_exact(&mut response.body).await.context("read the body")?;
        } else {
            self.0.read_to_end(&mut response.body).await.context("read the body")?;
        }
        Ok(response)
    }

    /// Whether the other side has closed it while nothing was asked.
    pub fn is_closed(&self) -> bool {
        let read = self.0.get_ref().try_read(&mut [0]);
        !matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Sends a GET with more headers and reads the head of its answer; what follows is on the [`Connection::stream`].
    pub async fn head_of(&mut self, host: &str, path: &str, headers: &str) -> Result<Response> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        self.0.write_all(request.as_bytes()).await.context("send")?;
        let (status, headers) = self.head().await?;
        Ok(Response { status, headers, body: Vec::new() })
    }

    /// The bytes themselves.
    pub fn stream(&mut self) -> &mut BufReader<TcpStream> {
        &mut self.0
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.context("read")?;
        ensure!(read > 0, "the connection was closed without an answer");
        Ok(line.trim_end().to_owned())
    }

    async fn head(&mut self) -> Result<(u16, Vec<(String, String)>)> {
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let Some(status) = status else { bail!("not HTTP: {first:?}") };
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok((status, headers));
            }
            let (key, value) = line.split_once(':').context("a header has a colon")?;
            headers.push((key.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.line().await?, 16).context("the size of a chunk")?;
            let start = body.len();
            body.resize(start + size, 0);
            self.0.read_exact(&mut body[start..]).await.context("read a chunk")?;
            let mut end = [0; 2];
            self.0.read_exact(&mut end).await.context("read the end of a chunk")?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

/// One GET on a connection of its own.
pub async fn get(to: SocketAddr, host: &str, path: &str) -> Result<Response> {
    Connection::open(to).await?.get(host, path, true).await
}
