//! The engine: what holds the parts together.

use crate::{
    Actor, Config,
    acting::Acting,
    front::Front,
    logs::{LogBudget, Logs},
    store::Store,
    vault::Vault,
};
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
    pub vault: Vault,
    pub logs: Logs,
    pub(crate) front: Front,
}

/// Why Berth cannot start, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    pub message: String,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StartError {
    /// What could not be done, with the fault.
    pub(crate) fn because(doing: &str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message: format!("Berth could not {doing}: {error}."), source: Some(Box::new(error)) }
    }
}

/// Opens the vault, and sees that it is the one that this store was sealed with.
async fn open_vault(config: &Config, store: &Store) -> Result<Vault, StartError> {
    const CHECK: &str = "vault.check";
    let failed = |error| StartError::because("read its database", error);
    let check = store.meta(CHECK).await.map_err(failed)?;
    let vault = Vault::open(&config.data, check.is_none())
        .map_err(|error| StartError { message: error.to_string(), source: None })?;
    match check {
        Some(check) => {
            vault.verify(&check).map_err(|error| StartError { message: error.to_string(), source: None })?
        }
        None => {
            let write = store.begin().await.map_err(failed)?;
            write.set_meta(CHECK, &vault.check_value()).await.map_err(failed)?;
            write.commit().await.map_err(failed)?;
        }
    }
    Ok(vault)
}

impl Engine {
    /// Opens the store and the vault in the data folder. Needs neither Docker nor the proxy.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let store =
            Store::open(&config).await.map_err(|error| StartError::because("open its database", error))?;
        let vault = open_vault(&config, &store).await?;
        let budget = LogBudget::new(config.log_budget, config.log_days);
        let logs = Logs::open(config.data.join("logs"), budget)
            .map_err(|error| StartError::because("open its logs", error))?;
        let front = Front::default();
        let engine = Self { parts: Arc::new(Parts { config, store, vault, logs, front }) };
        engine.prepare_setup().await?;
        Ok(engine)
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

    /// What seals and opens values.
    pub(crate) fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    /// Each part that Berth depends on: ok, or why not. Cached; never waits on Docker for long.
    pub async fn health(&self) -> Health {
        todo!()
    }
}
