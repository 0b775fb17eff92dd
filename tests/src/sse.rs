//! Server-sent events as a browser reads them, with the cursor to resume from.

use crate::client::Client;
use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use std::time::Duration;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    pub id: Option<String>,
    pub event: String,
    pub data: String,
}

/// An open stream.
pub struct Events {
    response: reqwest::Response,
    buffer: String,
    /// The id of the last event, for `Last-Event-ID`.
    pub last_id: Option<String>,
}

impl Events {
    /// Opens a stream below `/api/v1`, from behind `last_id` when there is one.
    pub async fn open(client: &Client, path: &str, last_id: Option<&str>) -> Result<Self> {
        let mut request = client
            .request(Method::GET, &format!("/api/v1{path}"))
            .header("accept", "text/event-stream")
            .timeout(Duration::from_secs(600));
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?;
        ensure!(response.status().is_success(), "{path} answered {}", response.status());
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        ensure!(kind.starts_with("text/event-stream"), "{path} is of type {kind:?}");
        Ok(Self { response, buffer: String::new(), last_id: last_id.map(str::to_owned) })
    }

    /// The next event; `None` when the server has ended the stream.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            while let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let event = parse(block);
                self.buffer = rest.to_owned();
                if let Some(event) = event {
                    self.last_id = event.id.clone().or_else(|| self.last_id.take());
                    return Ok(Some(event));
                }
            }
            match self.response.chunk().await.context("read the stream")? {
                Some(bytes) => self.buffer.push_str(&String::from_utf8_lossy(&bytes)),
                None => return Ok(None),
            }
        }
    }

    /// The next event for which `wanted` holds, within `deadline`.
    pub async fn find(&mut self, deadline: Duration, wanted: impl Fn(&Event) -> bool) -> Result<Event> {
        let search = async {
            while let Some(event) = self.next().await? {
                if wanted(&event) {
                    return Ok(event);
                }
            }
            bail!("the stream ended before it came")
        };
        tokio::time::timeout(deadline, search).await.context("it did not come in time")?
    }
}

/// Reads one block; comments alone are no event.
fn parse(block: &str) -> Option<Event> {
    let mut event = Event { event: "message".to_owned(), ..Event::default() };
    let mut data = Vec::new();
    let mut told = false;
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => event.id = Some(value.to_owned()),
            "event" => event.event = value.to_owned(),
            "data" => data.push(value),
            _ => continue,
        }
        told = true;
    }
    event.data = data.join("\n");
    told.then_some(event)
}
