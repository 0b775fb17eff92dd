//! A client that speaks HTTPS as strictly as a browser: it believes one root and no other.

use anyhow::{Context, Result};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Debug, Clone)]
pub struct Secured {
    pub status: u16,
    pub body: String,
    /// The certificate that was shown, in DER.
    pub certificate: Vec<u8>,
}

/// A GET of `/` at a host over HTTPS; fails unless the root vouches for what is shown.
pub async fn get(port: u16, host: &str, root: &str) -> Result<Secured> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await.context("connect")?;
    let name = ServerName::try_from(host.to_owned())?;
    let mut stream =
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.context("shake hands")?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).context("a certificate")?;
    let certificate = shown.to_vec();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // Who closes without saying so has said everything: the length tells.
    let read = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    if answer.is_empty() {
        read.context("read the answer")?;
    }
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer has a head")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).context("a status")?;
    Ok(Secured { status, body: body.to_owned(), certificate })
}
