//! Webhook calls with their verdicts.

use super::{
    Scoped, StoreResult, Writing,
    entities::deliveries::{ActiveModel, Column, Entity, Model},
    json::{At, clean},
    now,
};
use berth_domain::{
    ids::{DeliveryId, ServiceId},
    webhook::{DeliveryView, Provider, Verdict},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

/// How many deliveries of a service are kept.
const KEPT: u64 = 500;

/// A delivery as it was judged.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub service: ServiceId,
    pub delivery: Option<String>,
    pub provider: Provider,
    pub event: String,
    pub verdict: Verdict,
    pub reason: String,
    /// What the host is answered with.
    pub status: u16,
    pub commit: Option<String>,
    pub replay_of: Option<DeliveryId>,
    /// What it says, as far as it is needed to judge it again.
    pub body: Option<Vec<u8>>,
}

/// A delivery with what is kept of what it says.
#[derive(Debug, Clone)]
pub struct KeptDelivery {
    pub view: DeliveryView,
    pub body: Option<Vec<u8>>,
}

impl Scoped<'_> {
    /// The delivery that a host gave that id.
    pub async fn delivery(&self, service: ServiceId, delivery: &str) -> StoreResult<Option<DeliveryView>> {
        let row = self.of_service(service).filter(Column::Delivery.eq(clean(delivery))).one(&self.db).await?;
        row.map(view).transpose()
    }

    /// The deliveries of a service, newest first, before a moment and an id.
    pub async fn deliveries(
        &self,
        service: ServiceId,
        before: Option<(DateTime<Utc>, DeliveryId)>,
        limit: u64,
    ) -> StoreResult<Vec<DeliveryView>> {
        let mut select = self.of_service(service);
        if let Some((at, id)) = before {
            let same = Column::ReceivedAt.eq(at).and(Column::Id.lt(id.0));
            select = select.filter(Condition::any().add(Column::ReceivedAt.lt(at)).add(same));
        }
        let rows = select
            .order_by_desc(Column::ReceivedAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(&self.db)
            .await?;
        rows.into_iter().map(view).collect()
    }

    /// How many calls were rejected since a moment.
    pub async fn rejected_since(&self, service: ServiceId, since: DateTime<Utc>) -> StoreResult<u64> {
        let rejected = self
            .of_service(service)
            .filter(Column::Verdict.eq(Verdict::Rejected.as_str()))
            .filter(Column::ReceivedAt.gte(since));
        Ok(rejected.count(&self.db).await?)
    }

    /// A delivery of a service with what is kept of it.
    pub async fn kept_delivery(
        &self,
        service: ServiceId,
        id: DeliveryId,
    ) -> StoreResult<Option<KeptDelivery>> {
        let Some(row) = self.of_service(service).filter(Column::Id.eq(id.0)).one(&self.db).await? else {
            return Ok(None);
        };
        let body = row.body.clone();
        Ok(Some(KeptDelivery { view: view(row)?, body }))
    }

    /// Whose calls a service last believed: what kind of host it is on.
    pub async fn last_provider(&self, service: ServiceId) -> StoreResult<Option<Provider>> {
        let hosts = [Provider::GitHub, Provider::GitLab, Provider::Gitea, Provider::Bitbucket];
        let row = self
            .of_service(service)
            .filter(Column::Verdict.ne(Verdict::Rejected.as_str()))
            .filter(Column::Provider.is_in(hosts.map(Provider::as_str)))
            .order_by_desc(Column::ReceivedAt)
            .one(&self.db)
            .await?;
        Ok(row.map(view).transpose()?.and_then(|view| view.provider))
    }

    fn of_service(&self, service: ServiceId) -> sea_orm::Select<Entity> {
        Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
    }
}

impl Writing<'_> {
    /// Keeps a delivery; refused when the host's id of it was seen already. The oldest ones of the service go.
    pub async fn insert_delivery(&self, new: NewDelivery) -> StoreResult<DeliveryView> {
        let row = ActiveModel {
            id: Set(Uuid::now_v7()),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(new.service.0),
            delivery: Set(new.delivery.as_deref().map(clean)),
            provider: Set(Some(new.provider.to_string())),
            event: Set(clean(&new.event)),
            verdict: Set(new.verdict.to_string()),
            reason: Set(clean(&new.reason)),
            commit: Set(new.commit.as_deref().map(clean)),
            deployment: Set(None),
            status: Set(Some(new.status.into())),
            replay_of: Set(new.replay_of.map(|id| id.0)),
            received_at: Set(now()),
            body: Set(new.body),
        };
        let service = new.service;
        let kept = view(Entity::insert(row).exec_with_returning(&self.db).await?)?;
        self.forget_deliveries(service).await?;
        Ok(kept)
    }

    /// Keeps the newest [`KEPT`] deliveries of a service.
    async fn forget_deliveries(&self, service: ServiceId) -> StoreResult<()> {
        let beyond = self
            .of_service(service)
            .order_by_desc(Column::ReceivedAt)
            .offset(KEPT)
            .limit(1)
            .one(&self.db)
            .await?;
        if let Some(beyond) = beyond {
            let old = Entity::delete_many()
                .filter(Column::OrganisationId.eq(self.scope.0.0))
                .filter(Column::ServiceId.eq(service.0))
                .filter(Column::ReceivedAt.lte(beyond.received_at));
            old.exec(&self.db).await?;
        }
        Ok(())
    }

    /// Writes down what became of a delivery that was queued.
    pub async fn settle_delivery(
        &self,
        id: DeliveryId,
        verdict: Verdict,
        reason: &str,
        deployment: Option<u64>,
    ) -> StoreResult<bool> {
        let update = Entity::update_many()
            .col_expr(Column::Verdict, Expr::value(verdict.as_str()))
            .col_expr(Column::Reason, Expr::value(clean(reason)))
            .col_expr(Column::Deployment, Expr::value(deployment.map(|number| number as i64)))
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.eq(id.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }
}

fn view(row: Model) -> StoreResult<DeliveryView> {
    let at = At { table: "deliveries", id: row.id };
    let verdict = at.text("verdict", &row.verdict)?;
    // Deliveries from before it was noted.
    let usual = match verdict {
        Verdict::Queued => 202,
        Verdict::Ignored => 200,
        Verdict::Rejected => 401,
    };
    Ok(DeliveryView {
        id: DeliveryId(row.id),
        delivery: row.delivery,
        provider: row.provider.map(|provider| at.text("provider", &provider)).transpose()?,
        event: row.event,
        verdict,
        reason: row.reason,
        commit: row.commit,
        deployment: row.deployment.map(|number| at.number("deployment", number)).transpose()?,
        status: row.status.map(|status| at.number("status", status)).transpose()?.unwrap_or(usual),
        replay_of: row.replay_of.map(DeliveryId),
        // What was kept before the status was noted is a raw body.
        can_replay: row.status.is_some() && row.body.is_some() && verdict != Verdict::Rejected,
        received_at: row.received_at,
    })
}
