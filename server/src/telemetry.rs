//! Berth's own log: structured, to the standard error, as JSON unless a person looks at it.

use std::io::{IsTerminal, stderr};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Statements and answers of dependencies may hold what people keep secret: their words start at `warn`. The name
/// stands for all crates that begin with it.
const DEFAULT: &str = "warn,berth=info";

/// Starts writing the log; `RUST_LOG` says how much.
pub fn start() {
    let filter = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty())
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter);
    let written = if stderr().is_terminal() {
        registry.with(tracing_subscriber::fmt::layer().with_writer(stderr).compact()).try_init()
    } else {
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(stderr)
                    .json()
                    .flatten_event(true)
                    .with_span_list(false),
            )
            .try_init()
    };
    // A test that starts two servers in one process has the first one's log.
    if written.is_err() {
        tracing::debug!("the log was started before");
    }
}
