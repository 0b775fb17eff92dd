//! Following a log over server-sent events, over broken connections and restarts of the server too.

use super::{Failure, client::Client, print};
use berth_domain::log::LogLine;
use eventsource_stream::Eventsource;
use futures::StreamExt;
use std::time::{Duration, Instant};

/// How long a server may be away before following it is given up.
const ABSENCE: Duration = Duration::from_secs(60);

/// A log to follow.
pub struct Follow<'a> {
    pub client: &'a Client,
    pub path: String,
    pub query: Vec<(&'a str, &'a str)>,
    /// The cursor to go on behind.
    pub after: Option<u64>,
    pub json: bool,
    /// Only the end is waited for.
    pub silent: bool,
}

impl Follow<'_> {
    /// Writes lines as they come, until the log is over.
    pub async fn until_the_end(mut self) -> Result<(), Failure> {
        let mut heard = Instant::now();
        loop {
            match self.once(&mut heard).await {
                Ok(true) => return Ok(()),
                // The server closed it: it restarts, or the token has ended; the next answer says which.
                Ok(false) => {}
                Err(Failure::Away(_)) if heard.elapsed() < ABSENCE => {}
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// One connection; true when the log is over.
    async fn once(&mut self, heard: &mut Instant) -> Result<bool, Failure> {
        let after = self.after.map(|cursor| cursor.to_string());
        let response = self.client.stream(&self.path, &self.query, after.as_deref()).await?;
        *heard = Instant::now();
        let mut events = response.bytes_stream().eventsource();
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| Failure::Away(error.to_string()))?;
            *heard = Instant::now();
            match event.event.as_str() {
                "end" => return Ok(true),
                "lines" => self.write(&event.data)?,
                _ => {}
            }
        }
        Ok(false)
    }

    fn write(&mut self, data: &str) -> Result<(), Failure> {
        let lines: Vec<LogLine> = serde_json::from_str(data).map_err(Failure::trouble)?;
        self.after = lines.last().map(|line| line.cursor).or(self.after);
        if self.silent { Ok(()) } else { print::lines(&lines, self.json) }
    }
}
