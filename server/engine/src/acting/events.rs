//! Verbs about events.

use super::Acting;
use crate::Result;
use berth_domain::{
    event::{EventQuery, EventView},
    page::Page,
    permission::Permission,
};

impl Acting {
    /// The audit trail, newest first.
    pub async fn events(&self, query: EventQuery) -> Result<Page<EventView>> {
        self.require(Permission::Read)?;
        let limit = u64::from(query.limit.unwrap_or(50).clamp(1, 200));
        let mut items = self.rows().events(&query, limit + 1).await?;
        let more = items.len() as u64 > limit;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|event| event.id.to_string());
        Ok(Page { items, next })
    }

    /// The live feed: first what came after the event `after`, when one is given, then everything as it happens.
    pub async fn follow_events(
        &self,
        after: Option<i64>,
    ) -> Result<futures::stream::BoxStream<'static, EventView>> {
        self.require(Permission::Read)?;
        self.engine.follow_events(self.scope(), after).await
    }
}
