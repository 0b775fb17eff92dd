//! Transactions: rows and the events that tell of them, committed together.

use super::{NewEvent, Scope, Scoped, Store, StoreResult, connect::as_writer, events};
use sea_orm::{DatabaseTransaction, TransactionTrait};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::watch;

/// An open transaction. Dropped without [`Write::commit`], nothing of it has happened.
///
/// On SQLite there is one at a time: never await anything slow, nor another `Write`, while holding one.
pub struct Write {
    pub(super) transaction: DatabaseTransaction,
    events: Vec<NewEvent>,
    news: Arc<watch::Sender<u64>>,
    generation: Arc<AtomicU64>,
}

/// The rows of one organisation inside a transaction: to read, as [`Scoped`], and to change.
pub struct Writing<'a> {
    rows: Scoped<'a>,
}

impl<'a> Deref for Writing<'a> {
    type Target = Scoped<'a>;

    fn deref(&self) -> &Scoped<'a> {
        &self.rows
    }
}

impl Store {
    /// Begins a transaction.
    pub async fn begin(&self) -> StoreResult<Write> {
        let transaction = self.writes.begin_with_options(as_writer()).await?;
        Ok(Write {
            transaction,
            events: Vec::new(),
            news: self.news.clone(),
            generation: self.generation.clone(),
        })
    }
}

impl Write {
    /// The rows of one organisation inside this transaction.
    pub fn scoped(&self, scope: Scope) -> Writing<'_> {
        Writing { rows: Scoped { db: (&self.transaction).into(), scope } }
    }

    /// Tells what this transaction does; written with its commit, so that events appear in the order of their ids.
    pub fn record(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Makes it happen, and wakes those who follow the events.
    pub async fn commit(self) -> StoreResult<()> {
        let tells = !self.events.is_empty();
        if tells {
            events::append(&self.transaction, self.events).await?;
        }
        let committed = self.transaction.commit().await;
        // Also after an error: whether it took effect is not known then.
        self.generation.fetch_add(1, Ordering::AcqRel);
        committed?;
        if tells {
            self.news.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}
