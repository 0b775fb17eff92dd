//! What a service is on its way to.

use super::{
    super::{
        Store, StoreResult,
        entities::deployments::{Column, Entity},
    },
    DeploymentRow,
};
use berth_domain::{deployment::Status, ids::ServiceId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

/// The deployment whose commit a service will run, or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    pub number: u64,
    pub status: Status,
    /// Whole, or as far as somebody typed it; not known before a build has looked.
    commit: Option<String>,
}

impl Heading {
    /// Whether that is this commit.
    pub fn is_for(&self, commit: &str) -> bool {
        self.commit.as_ref().is_some_and(|known| commit.starts_with(&known.to_ascii_lowercase()))
    }
}

impl Store {
    /// The newest deployment that waits or runs; without one, the one that is live.
    pub async fn heading(&self, service: ServiceId) -> StoreResult<Option<Heading>> {
        let with = async |statuses: &[Status]| {
            Entity::find()
                .filter(Column::ServiceId.eq(service.0))
                .filter(Column::Status.is_in(statuses.iter().map(|status| status.as_str())))
                .order_by_desc(Column::Number)
                .one(&self.reads)
                .await
        };
        let row = match with(&[Status::Queued, Status::Running]).await? {
            Some(row) => Some(row),
            None => with(&[Status::Live]).await?,
        };
        let Some(row) = row else { return Ok(None) };
        let row = DeploymentRow::try_from(row)?;
        let commit = row.commit.map(|commit| commit.id).or(row.request.commit);
        Ok(Some(Heading { number: row.number, status: row.state.status(), commit }))
    }
}
