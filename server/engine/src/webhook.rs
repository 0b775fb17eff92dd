//! Webhooks: a host tells of a push; whether that is a deployment is judged here. Reading a call ([`judge::understand`]) and
//! judging it ([`judge::judge`]) is pure; around it, every call is stored with its verdict.

mod app;
mod bitbucket;
mod call;
mod decide;
mod delivery;
mod github;
mod gitlab;
mod judge;
mod record;
mod registry;
mod replay;
mod signature;
mod watch;

pub(crate) use delivery::{Delivery, PullRequest, PullRequestAction, Update};
pub(crate) use record::Heard;
pub(crate) use signature::{registry_token, signing_token};
pub(crate) use watch::Watched;

use crate::{
    Actor, Engine, Error, Result,
    front::IncomingWebhook,
    store::ServiceRow,
    vault::{Row, Secret},
};
use berth_domain::{
    event::EventKind,
    problem::{Problem, ProblemKind},
    webhook::{DeliveryView, Verdict},
};
use call::Call;
use chrono::TimeDelta;
use judge::{Judgement, Rejection, understand};

/// How many calls without a right signature are written down per service and minute; the rest is turned away unread.
const STRANGERS: u64 = 30;
/// A delivery that was to be queued and has no deployment after so long was cut off: its next copy finishes it.
const CUT_OFF: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// Judges a webhook call, stores it with its verdict, and queues a deployment when it is one.
    pub async fn receive_webhook(&self, incoming: IncomingWebhook) -> Result<DeliveryView> {
        let service = self.store().service_anywhere(incoming.service).await?;
        let service = service.ok_or_else(|| Error::not_found("webhook"))?;
        let call = Call::read(&incoming.headers, incoming.token.clone());
        let heard = Heard {
            service: &service,
            provider: call.provider,
            event: call.event.clone(),
            delivery: call.delivery.clone(),
            what: None,
            replay_of: None,
            actor: Actor::webhook(service.organisation, incoming.address.clone()),
            kind: EventKind::WebhookReceived,
        };
        let Some(body) = &incoming.body else {
            let rejection = Rejection { reason: "The body has more than 25 MiB.".into(), status: 413 };
            return self.turn_away(heard, rejection).await;
        };
        if let Some(reason) = self.distrust(&service, &call, body)? {
            return self.turn_away(heard, Rejection { reason: reason.into(), status: 401 }).await;
        }
        self.believe(heard, &call, body).await
    }

    /// Whether there is such a webhook; asked before a body is read.
    pub async fn has_webhook(&self, service: berth_domain::ids::ServiceId) -> Result<bool> {
        Ok(self.store().service_anywhere(service).await?.is_some())
    }

    /// Judges a call whose secret was right; one at a time for a service, so that two of one commit queue it once.
    async fn believe(&self, mut heard: Heard<'_>, call: &Call, body: &[u8]) -> Result<DeliveryView> {
        let read = understand(call, body);
        if let Ok((what, id)) = &read {
            heard.delivery = heard.delivery.or_else(|| id.clone());
            heard.what = Some(what.clone());
        }
        let turn = self.parts.hook_locks.of(heard.service.id);
        let _held = turn.lock().await;
        if let Some(id) = &heard.delivery
            && let Some(first) =
                self.store().scoped(heard.service.scope()).delivery(heard.service.id, id).await?
        {
            return self.again(&heard, first).await;
        }
        match read {
            Ok(_) => self.act_on(heard).await,
            Err(why) => self.keep(&heard, &Judgement::Reject(why.into())).await,
        }
    }

    /// Why a call is not believed to come from the service's host.
    fn distrust(&self, service: &ServiceRow, call: &Call, body: &[u8]) -> Result<Option<&'static str>> {
        let Some(secret) = self.webhook_secret(service)? else {
            return Ok(Some("No secret is set for this webhook."));
        };
        Ok(signature::distrust(secret.expose(), call, body, self.now()))
    }

    /// The secret that a service's hosts sign with.
    pub(crate) fn webhook_secret(&self, service: &ServiceRow) -> Result<Option<Secret>> {
        let Some(sealed) = &service.webhook_secret else { return Ok(None) };
        let place = Row::new("services", service.id.0, "webhook_secret");
        let secret = self.vault().unseal(&place, sealed);
        secret.map(Some).map_err(|error| Error::internal("open the webhook's secret", error))
    }

    /// Stores a call that is not believed, without what it says, and without its id: it must not stand in for the host's.
    async fn turn_away(&self, heard: Heard<'_>, rejection: Rejection) -> Result<DeliveryView> {
        let since = crate::store::now() - TimeDelta::minutes(1);
        let rows = self.store().scoped(heard.service.scope());
        if rows.rejected_since(heard.service.id, since).await? >= STRANGERS {
            let many = Problem::new(ProblemKind::TooMany, "Too many calls without a right signature.");
            return Err(many.with_hint("Set the secret that Berth shows at the git host too.").into());
        }
        self.keep(&Heard { delivery: None, ..heard }, &Judgement::Reject(rejection)).await
    }

    /// Answers a delivery that came before with its first verdict; finishes it when it was cut off.
    async fn again(&self, heard: &Heard<'_>, first: DeliveryView) -> Result<DeliveryView> {
        // R-SEC-11: what a pull request queued is its preview's, never a deployment of the service itself.
        let of_service = !matches!(heard.what, Some(Delivery::PullRequest(_)));
        let cut_off = of_service
            && first.verdict == Verdict::Queued
            && first.deployment.is_none()
            && crate::store::now() - first.received_at > CUT_OFF;
        if cut_off { self.queue(heard, first, None).await } else { Ok(first) }
    }
}
