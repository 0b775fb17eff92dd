//! Following events as they are appended.

use crate::{
    Engine, Result,
    store::{Scope, Store, StoreResult},
};
use berth_domain::event::EventView;
use futures::{StreamExt, stream::BoxStream};
use std::{collections::VecDeque, time::Duration};
use tokio::sync::watch;
use tracing::warn;

/// How many events are read at a time.
const BATCH: u64 = 200;
/// After so long the store is read without a signal: another program may have written to it.
const RELOOK: Duration = Duration::from_secs(15);
/// How long to wait when the store did not answer.
const RETRY: Duration = Duration::from_secs(1);

impl Engine {
    /// The events of an organisation from a cursor on, or from now on, for ever and without a gap: the store is the
    /// only source, and the signal only says when to read it again.
    pub(crate) async fn follow_events(
        &self,
        scope: Scope,
        after: Option<i64>,
    ) -> Result<BoxStream<'static, EventView>> {
        let store = self.store().clone();
        // Subscribed before the first look: what is appended in between is a signal that is still to come.
        let news = store.news();
        // "Now" is when it was asked for, not when somebody first reads it.
        let cursor = match after {
            Some(after) => after,
            None => store.scoped(scope).last_event().await?,
        };
        let follower = Follower { store, scope, news, cursor, ready: VecDeque::new() };
        let stream = futures::stream::unfold(follower, |mut follower| async move {
            let event = follower.next().await?;
            Some((event, follower))
        });
        Ok(stream.boxed())
    }
}

struct Follower {
    store: Store,
    scope: Scope,
    news: watch::Receiver<u64>,
    cursor: i64,
    ready: VecDeque<EventView>,
}

impl Follower {
    /// The next event; `None` only when the store is gone for good.
    async fn next(&mut self) -> Option<EventView> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.news.mark_unchanged();
            match self.read().await {
                Ok(true) => {}
                Ok(false) => {
                    if let Ok(Err(_closed)) = tokio::time::timeout(RELOOK, self.news.changed()).await {
                        return None;
                    }
                }
                Err(error) => {
                    warn!(%error, "could not read events; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Reads what came after the cursor; answers whether there was anything.
    async fn read(&mut self) -> StoreResult<bool> {
        self.ready.extend(self.store.scoped(self.scope).events_after(self.cursor, BATCH).await?);
        self.cursor = self.ready.back().map_or(self.cursor, |event| event.id);
        Ok(!self.ready.is_empty())
    }
}
