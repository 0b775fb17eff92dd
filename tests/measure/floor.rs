//! The floor: a bare axum server in a process of its own that answers the same bytes from memory.

use anyhow::{Context, Result};
use axum::{Router, body::Bytes, response::IntoResponse};
use berth_tests::process::{command, free_ports, spawn};
use std::{path::Path, process::Child, time::Instant};

/// The server; ends when it is dropped.
pub struct Floor {
    child: Child,
    pub port: u16,
    /// From the start of the process to its first answer, in seconds.
    pub started_in: f64,
}

/// What the process of the floor does.
pub async fn serve(port: u16, file: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(file)?);
    let answer = move || {
        let body = body.clone();
        async move { ([("content-type", "text/html; charset=utf-8")], body).into_response() }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, Router::new().fallback(answer)).await?;
    Ok(())
}

impl Floor {
    /// Starts a server that answers these bytes to everything.
    pub async fn answering(body: &[u8], folder: &Path) -> Result<Self> {
        let [port] = free_ports()?;
        let file = folder.join(format!("floor-{port}"));
        std::fs::write(&file, body)?;
        let mut start = command(std::env::current_exe()?);
        start.args(["floor", &port.to_string()]).arg(&file);
        let began = Instant::now();
        let child = spawn(start, &folder.join("floor.log"))?;
        first_answer(port, "/").await?;
        Ok(Self { child, port, started_in: began.elapsed().as_secs_f64() })
    }

    /// Its resident memory in MiB.
    pub fn resident(&self) -> Result<f64> {
        resident(self.child.id())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the first 200, looking every millisecond.
pub async fn first_answer(port: u16, path: &str) -> Result<()> {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let host = format!("127.0.0.1:{port}");
    let answered = async {
        loop {
            if berth_tests::http::get(address, &host, path).await.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), answered).await.context("no answer in a minute")
}

/// The resident memory of a process in MiB.
pub fn resident(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib / 1024.0)
}
