//! Verbs about events.

use super::Acting;
use crate::Result;
use berth_domain::{
    event::{EventQuery, EventView},
    page::Page,
};

impl Acting {
    /// The audit trail, newest first.
    pub async fn events(&self, _query: EventQuery) -> Result<Page<EventView>> {
        todo!()
    }

    /// The live feed: first what came after the event `after`, when one is given, then everything as it happens.
    pub fn follow_events(
        &self,
        _after: Option<i64>,
    ) -> Result<futures::stream::BoxStream<'static, EventView>> {
        todo!()
    }
}
