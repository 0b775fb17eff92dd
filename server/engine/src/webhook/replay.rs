//! A stored delivery, judged once more.

use super::{delivery::Delivery, record::Heard};
use crate::{
    Actor, Engine, Error, Result,
    store::{KeptDelivery, ServiceRow},
};
use berth_domain::{
    event::EventKind,
    problem::{Problem, ProblemKind},
    webhook::{DeliveryView, Provider},
};

impl Engine {
    /// Runs a stored delivery through the same decision again, and deploys when it says so. It is a delivery of its own.
    pub(crate) async fn replay(
        &self,
        actor: &Actor,
        service: &ServiceRow,
        kept: KeptDelivery,
    ) -> Result<DeliveryView> {
        let what = kept.body.and_then(|body| serde_json::from_slice::<Delivery>(&body).ok());
        let what = what.ok_or_else(not_kept)?;
        let turn = self.parts.hook_locks.of(service.id);
        let _held = turn.lock().await;
        let heard = Heard {
            service,
            provider: kept.view.provider.unwrap_or(Provider::Generic),
            event: kept.view.event,
            delivery: None,
            what: Some(what),
            // A replay of a replay is one of the first.
            replay_of: Some(kept.view.replay_of.unwrap_or(kept.view.id)),
            actor: actor.clone(),
            kind: EventKind::WebhookReplayed,
        };
        self.act_on(heard).await
    }
}

fn not_kept() -> Error {
    let problem =
        Problem::new(ProblemKind::Conflict, "Nothing of this delivery is kept, so it cannot be replayed.");
    problem
        .with_hint(
            "Calls that were not believed or not understood are kept without what they said. Deploy instead.",
        )
        .into()
}
