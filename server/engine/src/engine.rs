//! The engine: what holds the parts together.

use crate::{Actor, Config, acting::Acting, store::Store};
use berth_domain::system::Health;
use std::sync::Arc;

/// Berth's engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
}

/// What the verbs and the tasks share.
pub struct Parts {
    pub config: Config,
    pub store: Store,
}

/// Why Berth cannot start, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    pub message: String,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Engine {
    /// Opens the store and the vault in the data folder. Needs neither Docker nor the proxy.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let store = Store::open(&config).await.map_err(|error| StartError {
            message: "Berth cannot open its database.".into(),
            source: Some(Box::new(error)),
        })?;
        Ok(Self { parts: Arc::new(Parts { config, store }) })
    }

    /// Runs the background work until the token is cancelled: the queue, the reconcilers, the log collector.
    pub async fn run(&self, _stop: tokio_util::sync::CancellationToken) -> Result<(), StartError> {
        todo!()
    }

    /// The engine in the hands of an actor.
    pub fn acting_as(&self, actor: &Actor) -> Acting {
        Acting { engine: self.clone(), actor: actor.clone() }
    }

    /// The configuration it runs with.
    pub fn config(&self) -> &Config {
        &self.parts.config
    }

    /// What Berth remembers.
    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    /// Each part that Berth depends on: ok, or why not. Cached; never waits on Docker for long.
    pub async fn health(&self) -> Health {
        todo!()
    }
}
