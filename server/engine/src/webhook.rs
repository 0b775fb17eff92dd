//! Webhooks: a git host tells of a push; whether that is a deployment is judged here. The judgement is pure
//! ([`judge`]); around it, every call is stored with its verdict.

mod judge;
mod signature;

use crate::{
    Actor, Engine, Error, Result,
    front::IncomingWebhook,
    store::{NewDelivery, NewEvent, ServiceRow, Subject},
    vault::Row,
};
use berth_domain::{
    deployment::{Cause, DeployRequest},
    event::EventKind,
    problem::{Problem, ProblemKind},
    webhook::{DeliveryView, Verdict},
};
use chrono::TimeDelta;
use judge::{Call, Judgement, judge};

/// The largest body that is looked at.
const BODY_LIMIT: usize = 1 << 20;
/// The largest body that is kept.
const KEPT_BODY: usize = 256 << 10;
/// How many calls without a right signature are written down per service and minute; the rest is turned away unread.
const STRANGERS: u64 = 30;
/// A delivery that was to be queued and has no deployment after so long was cut off: its next copy finishes it.
const CUT_OFF: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// Judges a webhook call, stores it with its verdict, and queues a deployment when it is one.
    pub async fn receive_webhook(&self, call: IncomingWebhook) -> Result<DeliveryView> {
        let service = self.store().service_anywhere(call.service).await?;
        let service = service.ok_or_else(|| Error::not_found("webhook"))?;
        let headers = Call::read(&call.headers);
        if let Some(reason) = self.distrust(&service, &headers, &call)? {
            return self.turn_away(&service, &headers, &call, reason).await;
        }
        if let Some(id) = &headers.delivery
            && let Some(first) = self.store().scoped(service.scope()).delivery(service.id, id).await?
        {
            return self.again(&service, first, &call).await;
        }
        let mut judgement = judge(&service.source, &service.settings, &headers, &call.body);
        if let Judgement::Deploy { commit } = &judgement
            && let Some(number) = self.queued_already(&service, commit).await?
        {
            let reason = format!("This commit was queued already, as deployment #{number}.");
            judgement = Judgement::Ignore { reason, commit: Some(commit.clone()) };
        }
        let new = NewDelivery {
            body: (call.body.len() <= KEPT_BODY).then(|| call.body.to_vec()),
            ..delivery(&service, &headers, &judgement)
        };
        match self.keep(&service, new, &call).await? {
            Kept::New(kept) if kept.verdict == Verdict::Queued => self.queue(&service, kept, &call).await,
            Kept::New(kept) | Kept::Twin(kept) => Ok(kept),
        }
    }

    /// Why a call is not believed to come from the service's git host.
    fn distrust(
        &self,
        service: &ServiceRow,
        headers: &Call,
        call: &IncomingWebhook,
    ) -> Result<Option<&'static str>> {
        if call.body.len() > BODY_LIMIT {
            return Ok(Some("The body has more than 1 MiB."));
        }
        let Some(sealed) = &service.webhook_secret else {
            return Ok(Some("No secret is set for this webhook."));
        };
        let place = Row::new("services", service.id.0, "webhook_secret");
        let secret = self.vault().unseal(&place, sealed);
        let secret = secret.map_err(|error| Error::internal("open the webhook's secret", error))?;
        let Some(given) = &headers.signature else {
            return Ok(Some("The call is not signed."));
        };
        let right = signature::matches(secret.expose(), &call.body, given);
        Ok(if right { None } else { Some("The signature is wrong.") })
    }

    /// Stores a call that is not believed, without its body, and without its id: it must not stand in for the host's.
    async fn turn_away(
        &self,
        service: &ServiceRow,
        headers: &Call,
        call: &IncomingWebhook,
        reason: &str,
    ) -> Result<DeliveryView> {
        let since = crate::store::now() - TimeDelta::minutes(1);
        let rows = self.store().scoped(service.scope());
        if rows.rejected_since(service.id, since).await? >= STRANGERS {
            let many = Problem::new(ProblemKind::TooMany, "Too many calls without a right signature.");
            return Err(many.with_hint("Set the secret that Berth shows at the git host too.").into());
        }
        let judgement = Judgement::Reject { reason: reason.to_owned() };
        let new = NewDelivery { delivery: None, ..delivery(service, headers, &judgement) };
        match self.keep(service, new, call).await? {
            Kept::New(kept) | Kept::Twin(kept) => Ok(kept),
        }
    }

    /// Answers a delivery that came before with its first verdict; finishes it when it was cut off.
    async fn again(
        &self,
        service: &ServiceRow,
        first: DeliveryView,
        call: &IncomingWebhook,
    ) -> Result<DeliveryView> {
        let cut_off = first.verdict == Verdict::Queued
            && first.deployment.is_none()
            && crate::store::now() - first.received_at > CUT_OFF;
        if cut_off { self.queue(service, first, call).await } else { Ok(first) }
    }

    /// The deployment that the newest queued delivery asked for, when it was for the same commit.
    async fn queued_already(&self, service: &ServiceRow, commit: &str) -> Result<Option<u64>> {
        let newest = self.store().scoped(service.scope()).newest_queued(service.id).await?;
        Ok(newest.filter(|d| d.commit.as_deref() == Some(commit)).and_then(|d| d.deployment))
    }

    async fn keep(&self, service: &ServiceRow, new: NewDelivery, call: &IncomingWebhook) -> Result<Kept> {
        let actor = Actor::webhook(service.organisation, call.address.clone());
        let told = format!("Webhook of {}: {}, {}. {}", service.path, new.event, new.verdict, new.reason);
        let id = new.delivery.clone();
        let mut write = self.store().begin().await?;
        match write.scoped(service.scope()).insert_delivery(new).await {
            Ok(kept) => {
                let subject = Subject::service(service.id, &service.path);
                write.record(NewEvent::new(&actor, EventKind::WebhookReceived, subject, told));
                write.commit().await?;
                Ok(Kept::New(kept))
            }
            Err(error) if error.is_taken() => {
                drop(write);
                let rows = self.store().scoped(service.scope());
                let twin = match &id {
                    Some(id) => rows.delivery(service.id, id).await?,
                    None => None,
                };
                twin.map(Kept::Twin).ok_or_else(|| error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Queues what a kept delivery asks for, and notes the deployment on it.
    async fn queue(
        &self,
        service: &ServiceRow,
        kept: DeliveryView,
        call: &IncomingWebhook,
    ) -> Result<DeliveryView> {
        let actor = Actor::webhook(service.organisation, call.address.clone());
        let request = DeployRequest { commit: kept.commit.clone(), ..DeployRequest::default() };
        let queued = self.enqueue(&actor, service.id, &service.path, Cause::Push, request).await?;
        let reason = format!("Deployment #{} was queued.", queued.number);
        let write = self.store().begin().await?;
        let rows = write.scoped(service.scope());
        rows.settle_delivery(kept.id, Verdict::Queued, &reason, Some(queued.number)).await?;
        drop(rows);
        write.commit().await?;
        Ok(DeliveryView { reason, deployment: Some(queued.number), ..kept })
    }
}

/// A delivery in the store: this call, or one with the same id that was a moment faster.
enum Kept {
    New(DeliveryView),
    Twin(DeliveryView),
}

fn delivery(service: &ServiceRow, headers: &Call, judgement: &Judgement) -> NewDelivery {
    let (verdict, reason, commit) = match judgement {
        Judgement::Deploy { commit } => {
            (Verdict::Queued, "A deployment is being queued.".to_owned(), Some(commit.clone()))
        }
        Judgement::Ignore { reason, commit } => (Verdict::Ignored, reason.clone(), commit.clone()),
        Judgement::Reject { reason } => (Verdict::Rejected, reason.clone(), None),
    };
    NewDelivery {
        service: service.id,
        delivery: headers.delivery.clone(),
        event: headers.event.clone(),
        verdict,
        reason,
        commit,
        deployment: None,
        body: None,
    }
}
