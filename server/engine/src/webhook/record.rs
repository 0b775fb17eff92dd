//! A delivery on its way into the store and the queue.

use super::{
    delivery::Delivery,
    judge::{Judgement, Wanted},
};
use crate::{
    Actor, Engine, Result,
    store::{NewDelivery, NewEvent, ServiceRow, Subject},
};
use berth_domain::{
    deployment::{Cause, DeployRequest},
    event::EventKind,
    ids::DeliveryId,
    webhook::{DeliveryView, Provider, Verdict},
};

/// Something that was told of a service, or found by asking.
pub(crate) struct Heard<'a> {
    pub service: &'a ServiceRow,
    pub provider: Provider,
    /// As the host names it.
    pub event: String,
    /// The host's own id of it.
    pub delivery: Option<String>,
    /// What it says, once it is believed and understood.
    pub what: Option<Delivery>,
    pub replay_of: Option<DeliveryId>,
    pub actor: Actor,
    pub kind: EventKind,
}

impl Engine {
    /// Decides about what was heard, stores it with the verdict, and queues the deployment when there is one to queue.
    pub(crate) async fn act_on(&self, heard: Heard<'_>) -> Result<DeliveryView> {
        let judgement = self.decide(&heard).await?;
        let kept = self.keep(&heard, &judgement).await?;
        match judgement {
            Judgement::Deploy(wanted) => self.queue(&heard, kept, wanted.note).await,
            _ => Ok(kept),
        }
    }

    /// Stores a delivery with its verdict, and tells of it.
    pub(super) async fn keep(&self, heard: &Heard<'_>, judgement: &Judgement) -> Result<DeliveryView> {
        let new = new_delivery(heard, judgement);
        let subject = Subject::service(heard.service.id, &heard.service.path);
        let told = told(heard, &new);
        let mut write = self.store().begin().await?;
        let kept = write.scoped(heard.service.scope()).insert_delivery(new).await?;
        write.record(NewEvent::new(&heard.actor, heard.kind, subject, told));
        write.commit().await?;
        Ok(kept)
    }

    /// Queues what a kept delivery asks for, and notes the deployment on it.
    pub(super) async fn queue(
        &self,
        heard: &Heard<'_>,
        kept: DeliveryView,
        note: Option<String>,
    ) -> Result<DeliveryView> {
        let service = heard.service;
        let request = DeployRequest { commit: kept.commit.clone(), ..DeployRequest::default() };
        let queued = self.enqueue(&heard.actor, service.id, &service.path, Cause::Push, request).await?;
        let reason = match note {
            Some(note) => format!("Deployment #{} was queued: {note}.", queued.number),
            None => format!("Deployment #{} was queued.", queued.number),
        };
        let write = self.store().begin().await?;
        let rows = write.scoped(service.scope());
        rows.settle_delivery(kept.id, Verdict::Queued, &reason, Some(queued.number)).await?;
        drop(rows);
        write.commit().await?;
        Ok(DeliveryView { reason, deployment: Some(queued.number), ..kept })
    }
}

fn told(heard: &Heard<'_>, new: &NewDelivery) -> String {
    let path = &heard.service.path;
    let (event, verdict, reason) = (&new.event, new.verdict, &new.reason);
    match heard.kind {
        EventKind::WebhookReplayed => format!("A delivery to {path} was judged again: {verdict}. {reason}"),
        EventKind::WebhookPolled => format!("{path} was asked for and is new: {verdict}. {reason}"),
        _ => format!("Webhook of {path}: {event}, {verdict}. {reason}"),
    }
}

fn new_delivery(heard: &Heard<'_>, judgement: &Judgement) -> NewDelivery {
    let (verdict, reason, commit, status) = match judgement {
        Judgement::Previewed(done) if done.queued => {
            (Verdict::Queued, done.reason.clone(), done.commit.clone(), 202)
        }
        Judgement::Previewed(done) => (Verdict::Ignored, done.reason.clone(), done.commit.clone(), 200),
        // It is done before anything is kept.
        Judgement::Preview(_) => (Verdict::Ignored, String::new(), None, 200),
        Judgement::Deploy(Wanted { commit, .. }) => {
            (Verdict::Queued, "A deployment is being queued.".to_owned(), commit.clone(), 202)
        }
        Judgement::Ignore { reason, commit } => (Verdict::Ignored, reason.clone(), commit.clone(), 200),
        Judgement::Reject(why) => (Verdict::Rejected, why.reason.clone(), None, why.status),
    };
    NewDelivery {
        service: heard.service.id,
        delivery: heard.delivery.clone(),
        provider: heard.provider,
        event: heard.event.clone(),
        verdict,
        reason,
        status,
        commit,
        replay_of: heard.replay_of,
        // Berth's own types have string keys only, so this cannot fail.
        body: heard.what.as_ref().and_then(|what| serde_json::to_vec(what).ok()),
    }
}
