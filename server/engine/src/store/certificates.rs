//! Certificates with their sealed keys.

use super::{
    Scoped, Store, StoreResult, Writing,
    entities::{
        certificates::{ActiveModel, Column, Entity, Model},
        domains,
    },
    json::{At, clean, to_json},
    now,
};
use berth_domain::{
    authority::host_of,
    certificate::{CertificateOrigin, CertificateState, CertificateView},
    domain_name::HostName,
    ids::{CertificateId, OrganisationId, ServiceId},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

/// A certificate, or the attempts to get one.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    pub id: CertificateId,
    pub organisation: OrganisationId,
    pub names: Vec<String>,
    pub origin: CertificateOrigin,
    pub state: CertificateState,
    pub issued: Option<Issued>,
    pub renew_at: Option<DateTime<Utc>>,
    pub order: Option<OpenOrder>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub failures: u32,
    pub warned_days: Option<i64>,
    /// The directory of the authority that gave it.
    pub directory: Option<String>,
    /// When the staging authority had nothing against it.
    pub staged_at: Option<DateTime<Utc>>,
}

/// An order that is open at an authority, with the sealed key that it is for.
#[derive(Debug, Clone)]
pub struct OpenOrder {
    /// The directory of the authority; of orders of earlier versions of Berth it is not known.
    pub directory: Option<String>,
    pub url: String,
    pub sealed_key: Vec<u8>,
}

/// What an authority gave, with the sealed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub chain: String,
    pub sealed_key: Vec<u8>,
    pub issuer: String,
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
}

/// A certificate that is about to be kept.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    pub id: CertificateId,
    pub names: Vec<String>,
    pub origin: CertificateOrigin,
    pub issued: Option<Issued>,
}

/// How an attempt ended that gave none.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub error: String,
    pub next_attempt_at: DateTime<Utc>,
    pub failures: u32,
    /// The order cannot be gone on with.
    pub forget_order: bool,
}

impl CertificateRow {
    /// The row as people see it.
    pub fn view(&self, serves: bool) -> CertificateView {
        let issued = self.issued.as_ref();
        CertificateView {
            id: self.id,
            names: self.names.clone(),
            origin: self.origin,
            state: self.state,
            serves: serves && issued.is_some(),
            issuer: issued.map(|issued| issued.issuer.clone()),
            not_before: issued.map(|issued| issued.not_before),
            not_after: issued.map(|issued| issued.not_after),
            renew_at: self.renew_at,
            last_attempt_at: self.last_attempt_at,
            last_error: self.last_error.clone(),
            next_attempt_at: self.next_attempt_at,
            failures: self.failures,
            authority: self.directory.as_deref().map(|directory| host_of(directory).to_owned()),
            staged_at: self.staged_at,
        }
    }
}

impl Store {
    /// Every certificate of every organisation.
    pub async fn certificates_everywhere(&self) -> StoreResult<Vec<CertificateRow>> {
        let rows = Entity::find().order_by_asc(Column::CreatedAt).all(&self.reads).await?;
        rows.into_iter().map(row).collect()
    }

    /// A certificate as it is now.
    pub async fn certificate_now(&self, id: CertificateId) -> StoreResult<Option<CertificateRow>> {
        Entity::find_by_id(id.0).one(&self.reads).await?.map(row).transpose()
    }

    /// Every host to which a service answers, with its organisation and service, and the panel's own.
    pub async fn hosts_everywhere(&self) -> StoreResult<Vec<(OrganisationId, HostName, Option<ServiceId>)>> {
        let rows: Vec<(Uuid, Uuid, String, Uuid)> = domains::Entity::find()
            .select_only()
            .columns([
                domains::Column::Id,
                domains::Column::OrganisationId,
                domains::Column::Host,
                domains::Column::ServiceId,
            ])
            .order_by_asc(domains::Column::CreatedAt)
            .into_tuple()
            .all(&self.reads)
            .await?;
        let host = |(id, organisation, host, service): (Uuid, Uuid, String, Uuid)| {
            let host = At { table: "domains", id }.text("host", &host)?;
            Ok((OrganisationId(organisation), host, Some(ServiceId(service))))
        };
        let mut hosts: Vec<_> = rows.into_iter().map(host).collect::<StoreResult<_>>()?;
        if let (Some(panels), Some((first, _))) =
            (self.panel_domain().await?, self.first_organisation().await?)
        {
            hosts.push((first, panels, None));
        }
        Ok(hosts)
    }
}

impl Scoped<'_> {
    /// The certificates of an organisation, in the order of their making.
    pub async fn certificates(&self) -> StoreResult<Vec<CertificateRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .order_by_asc(Column::CreatedAt)
            .all(&self.db)
            .await?;
        rows.into_iter().map(row).collect()
    }

    /// The hosts of the organisation's domains.
    pub async fn hosts(&self) -> StoreResult<Vec<HostName>> {
        let rows = domains::Entity::find().filter(domains::Column::OrganisationId.eq(self.scope.0.0));
        let rows = rows.all(&self.db).await?;
        rows.into_iter().map(|row| At { table: "domains", id: row.id }.text("host", &row.host)).collect()
    }

    /// A certificate of the organisation.
    pub async fn certificate(&self, id: CertificateId) -> StoreResult<Option<CertificateRow>> {
        let found =
            Entity::find_by_id(id.0).filter(Column::OrganisationId.eq(self.scope.0.0)).one(&self.db).await?;
        found.map(row).transpose()
    }
}

impl Writing<'_> {
    /// Keeps a certificate unless there is one of the same names and origin; answers whether it was kept.
    pub async fn insert_certificate(&self, new: NewCertificate) -> StoreResult<bool> {
        let state = if new.issued.is_some() { CertificateState::Issued } else { CertificateState::Waiting };
        let issued = new.issued.as_ref();
        let row = ActiveModel {
            id: Set(new.id.0),
            organisation_id: Set(self.scope.0.0),
            names: Set(to_json(&new.names)),
            names_key: Set(names_key(&new.names)),
            origin: Set(new.origin.to_string()),
            state: Set(state.to_string()),
            chain: Set(issued.map(|issued| issued.chain.clone())),
            sealed_key: Set(issued.map(|issued| issued.sealed_key.clone())),
            issuer: Set(issued.map(|issued| clean(&issued.issuer))),
            not_before: Set(issued.map(|issued| issued.not_before)),
            not_after: Set(issued.map(|issued| issued.not_after)),
            renew_at: Set(None),
            order_url: Set(None),
            order_directory: Set(None),
            sealed_order_key: Set(None),
            last_attempt_at: Set(None),
            last_error: Set(None),
            next_attempt_at: Set(None),
            failures: Set(0),
            warned_days: Set(None),
            directory: Set(None),
            staged_at: Set(None),
            created_at: Set(now()),
        };
        let columns = [Column::OrganisationId, Column::NamesKey, Column::Origin];
        let skip = OnConflict::columns(columns).do_nothing().to_owned();
        Ok(Entity::insert(row).on_conflict(skip).exec_without_returning(&self.db).await? == 1)
    }

    /// Removes a certificate; answers whether it was there.
    pub async fn delete_certificate(&self, id: CertificateId) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }

    /// Has it tried, or renewed, at the next round.
    pub async fn retry_certificate(&self, id: CertificateId) -> StoreResult<bool> {
        let at = Some(now());
        let update = self
            .certificate_update(id)
            .col_expr(Column::NextAttemptAt, Expr::value(at))
            .col_expr(Column::RenewAt, Expr::value(at));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Writes down that an attempt begins, and when the next may, should this one be cut off.
    pub async fn begin_attempt(&self, id: CertificateId, next: DateTime<Utc>) -> StoreResult<()> {
        let update = self
            .certificate_update(id)
            .col_expr(Column::State, Expr::value(CertificateState::Ordering.as_str()))
            .col_expr(Column::LastAttemptAt, Expr::value(Some(now())))
            .col_expr(Column::NextAttemptAt, Expr::value(Some(next)));
        update.exec(&self.db).await?;
        Ok(())
    }

    /// Keeps the order that an attempt goes on with, and the key that it is for.
    pub async fn keep_order(&self, id: CertificateId, order: &OpenOrder) -> StoreResult<()> {
        let update = self
            .certificate_update(id)
            .col_expr(Column::OrderUrl, Expr::value(Some(order.url.clone())))
            .col_expr(Column::OrderDirectory, Expr::value(order.directory.clone()))
            .col_expr(Column::SealedOrderKey, Expr::value(Some(order.sealed_key.clone())));
        update.exec(&self.db).await?;
        Ok(())
    }

    /// Writes down that the staging authority has nothing against it, and that the order there is over.
    pub async fn keep_staged(&self, id: CertificateId) -> StoreResult<()> {
        let update = self.certificate_update(id).col_expr(Column::StagedAt, Expr::value(Some(now())));
        without_order(update).exec(&self.db).await?;
        Ok(())
    }

    /// Keeps what an attempt gave, with the directory of the authority that gave it.
    pub async fn keep_issued(
        &self,
        id: CertificateId,
        issued: &Issued,
        directory: Option<&str>,
        renew_at: Option<DateTime<Utc>>,
    ) -> StoreResult<()> {
        let update = self
            .certificate_update(id)
            .col_expr(Column::State, Expr::value(CertificateState::Issued.as_str()))
            .col_expr(Column::Chain, Expr::value(Some(issued.chain.clone())))
            .col_expr(Column::SealedKey, Expr::value(Some(issued.sealed_key.clone())))
            .col_expr(Column::Issuer, Expr::value(Some(clean(&issued.issuer))))
            .col_expr(Column::NotBefore, Expr::value(Some(issued.not_before)))
            .col_expr(Column::NotAfter, Expr::value(Some(issued.not_after)))
            .col_expr(Column::RenewAt, Expr::value(renew_at))
            .col_expr(Column::Directory, Expr::value(directory.map(str::to_owned)))
            .col_expr(Column::LastError, Expr::value(Option::<String>::None))
            .col_expr(Column::NextAttemptAt, Expr::value(Option::<DateTime<Utc>>::None))
            .col_expr(Column::Failures, Expr::value(0))
            .col_expr(Column::WarnedDays, Expr::value(Option::<i32>::None));
        without_order(update).exec(&self.db).await?;
        Ok(())
    }

    /// Keeps why an attempt gave none.
    pub async fn keep_failure(&self, id: CertificateId, outcome: &Outcome) -> StoreResult<()> {
        let mut update = self
            .certificate_update(id)
            .col_expr(Column::State, Expr::value(CertificateState::Failed.as_str()))
            .col_expr(Column::LastAttemptAt, Expr::value(Some(now())))
            .col_expr(Column::LastError, Expr::value(Some(clean(&outcome.error))))
            .col_expr(Column::NextAttemptAt, Expr::value(Some(outcome.next_attempt_at)))
            .col_expr(Column::Failures, Expr::value(outcome.failures as i32));
        if outcome.forget_order {
            update = without_order(update);
        }
        update.exec(&self.db).await?;
        Ok(())
    }

    /// Writes down when it is renewed.
    pub async fn set_renewal(&self, id: CertificateId, at: DateTime<Utc>) -> StoreResult<()> {
        let update = self.certificate_update(id).col_expr(Column::RenewAt, Expr::value(Some(at)));
        update.exec(&self.db).await?;
        Ok(())
    }

    /// Writes down that somebody was warned so many days before its end.
    pub async fn set_warned(&self, id: CertificateId, days: i64) -> StoreResult<()> {
        let update = self.certificate_update(id).col_expr(Column::WarnedDays, Expr::value(Some(days as i32)));
        update.exec(&self.db).await?;
        Ok(())
    }

    fn certificate_update(&self, id: CertificateId) -> UpdateMany<Entity> {
        Entity::update_many().filter(Column::OrganisationId.eq(self.scope.0.0)).filter(Column::Id.eq(id.0))
    }
}

fn without_order(update: UpdateMany<Entity>) -> UpdateMany<Entity> {
    update
        .col_expr(Column::OrderUrl, Expr::value(Option::<String>::None))
        .col_expr(Column::OrderDirectory, Expr::value(Option::<String>::None))
        .col_expr(Column::SealedOrderKey, Expr::value(Option::<Vec<u8>>::None))
}

/// One text for a set of names.
fn names_key(names: &[String]) -> String {
    let mut names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    names.join(" ")
}

fn row(row: Model) -> StoreResult<CertificateRow> {
    let at = At { table: "certificates", id: row.id };
    let issued = match (row.chain, row.sealed_key, row.issuer, row.not_before, row.not_after) {
        (Some(chain), Some(sealed_key), Some(issuer), Some(not_before), Some(not_after)) => {
            Some(Issued { chain, sealed_key, issuer, not_before, not_after })
        }
        _ => None,
    };
    let directory = row.order_directory;
    let order = row.order_url.zip(row.sealed_order_key);
    let order = order.map(|(url, sealed_key)| OpenOrder { directory, url, sealed_key });
    Ok(CertificateRow {
        id: CertificateId(row.id),
        organisation: OrganisationId(row.organisation_id),
        names: at.json("names", row.names)?,
        origin: at.text("origin", &row.origin)?,
        state: at.text("state", &row.state)?,
        issued,
        renew_at: row.renew_at,
        order,
        last_attempt_at: row.last_attempt_at,
        last_error: row.last_error,
        next_attempt_at: row.next_attempt_at,
        failures: at.number("failures", row.failures)?,
        warned_days: row.warned_days.map(i64::from),
        directory: row.directory,
        staged_at: row.staged_at,
    })
}
