//! Pull requests with their previews, and the variables that previews get.

use super::{
    Scope, Scoped, Store, StoreResult, Writing,
    entities::{environments, preview_variables, previews},
    json::{At, clean},
    now,
};
use berth_domain::{
    ids::{EnvironmentId, OrganisationId, ProjectId, ServiceId},
    preview::PreviewState,
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashSet;
use uuid::Uuid;

/// A pull request of a service's repository, and how its preview stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRow {
    pub id: Uuid,
    pub organisation: OrganisationId,
    /// The service whose repository it is in.
    pub service: ServiceId,
    pub number: u64,
    pub environment: Option<EnvironmentId>,
    /// The service that runs for it there.
    pub child: Option<ServiceId>,
    pub state: PreviewState,
    pub reason: Option<String>,
    pub title: String,
    pub author: String,
    pub branch: String,
    pub commit: String,
    pub url: Option<String>,
    /// Its commits come from a fork or from an outsider.
    pub foreign: bool,
    /// The one commit that a member approved.
    pub approved_commit: Option<String>,
    pub approved_by: Option<String>,
    /// The host's id of the comment.
    pub comment: Option<String>,
    /// What the comment says.
    pub told: Option<String>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// A variable of a service's previews, sealed for `preview_variables.sealed` of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewVariableRow {
    pub id: Uuid,
    pub key: String,
    pub secret: bool,
    pub sealed: Vec<u8>,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

/// What is written of one.
#[derive(Debug, Clone)]
pub struct NewPreviewVariable {
    pub id: Uuid,
    pub service: ServiceId,
    pub key: String,
    pub secret: bool,
    pub sealed: Vec<u8>,
    pub changed_by: String,
}

impl PreviewRow {
    /// Whether its newest commit may run.
    pub fn may_run(&self) -> bool {
        !self.foreign || self.approved_commit.as_deref() == Some(self.commit.as_str())
    }

    /// The organisation's scope.
    pub fn scope(&self) -> Scope {
        Scope(self.organisation)
    }
}

impl Scoped<'_> {
    /// The pull requests of a service that Berth knows of, the newest first.
    pub async fn previews(&self, service: ServiceId) -> StoreResult<Vec<PreviewRow>> {
        let rows = previews::Entity::find()
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(previews::Column::ServiceId.eq(service.0))
            .order_by_desc(previews::Column::Number)
            .all(&self.db)
            .await?;
        rows.into_iter().map(preview).collect()
    }

    /// One pull request of a service.
    pub async fn preview(&self, service: ServiceId, number: u64) -> StoreResult<Option<PreviewRow>> {
        let row = previews::Entity::find()
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(previews::Column::ServiceId.eq(service.0))
            .filter(previews::Column::Number.eq(i64::try_from(number).unwrap_or(i64::MAX)))
            .one(&self.db)
            .await?;
        row.map(preview).transpose()
    }

    /// What an environment is the preview of, when it is one.
    pub async fn preview_in(&self, environment: EnvironmentId) -> StoreResult<Option<PreviewRow>> {
        let row = previews::Entity::find()
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(previews::Column::EnvironmentId.eq(environment.0))
            .one(&self.db)
            .await?;
        row.map(preview).transpose()
    }

    /// The previews among a project's environments.
    pub async fn previews_in_project(&self, project: ProjectId) -> StoreResult<Vec<PreviewRow>> {
        let to_environment = previews::Entity::belongs_to(environments::Entity)
            .from(previews::Column::EnvironmentId)
            .to(environments::Column::Id)
            .into();
        let rows = previews::Entity::find()
            .join(JoinType::InnerJoin, to_environment)
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(environments::Column::ProjectId.eq(project.0))
            .all(&self.db)
            .await?;
        rows.into_iter().map(preview).collect()
    }

    /// The variables of a service's previews by key.
    pub async fn preview_variables(&self, service: ServiceId) -> StoreResult<Vec<PreviewVariableRow>> {
        let rows = preview_variables::Entity::find()
            .filter(preview_variables::Column::OrganisationId.eq(self.scope.0.0))
            .filter(preview_variables::Column::ServiceId.eq(service.0))
            .order_by_asc(preview_variables::Column::Key)
            .all(&self.db)
            .await?;
        let row = |row: preview_variables::Model| PreviewVariableRow {
            id: row.id,
            key: row.key,
            secret: row.secret,
            sealed: row.sealed,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl Writing<'_> {
    /// Keeps a pull request, known before or not.
    pub async fn keep_preview(&self, row: &PreviewRow) -> StoreResult<()> {
        let there = previews::Entity::find()
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(previews::Column::Id.eq(row.id))
            .one(&self.db)
            .await?;
        let model = model(row, self.scope);
        match there {
            Some(_) => previews::Entity::update(model).exec(&self.db).await.map(drop)?,
            None => previews::Entity::insert(model).exec_without_returning(&self.db).await.map(drop)?,
        }
        Ok(())
    }

    /// Notes the host's id of the comment and what it says now; answers whether the pull request is known still.
    pub async fn keep_preview_told(
        &self,
        id: Uuid,
        comment: Option<String>,
        told: &str,
    ) -> StoreResult<bool> {
        use sea_orm::sea_query::Expr;
        let update = previews::Entity::update_many()
            .col_expr(previews::Column::Comment, Expr::value(comment.map(|id| clean(&id))))
            .col_expr(previews::Column::Told, Expr::value(Some(clean(told))))
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(previews::Column::Id.eq(id));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Forgets a pull request; answers whether it was known.
    pub async fn delete_preview(&self, id: Uuid) -> StoreResult<bool> {
        let delete = previews::Entity::delete_many()
            .filter(previews::Column::OrganisationId.eq(self.scope.0.0))
            .filter(previews::Column::Id.eq(id));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }

    /// Keeps a variable of previews in the place of the one of that key.
    pub async fn put_preview_variable(&self, new: NewPreviewVariable) -> StoreResult<()> {
        self.delete_preview_variable(new.service, &new.key).await?;
        let row = preview_variables::ActiveModel {
            id: Set(new.id),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(new.service.0),
            key: Set(new.key),
            secret: Set(new.secret),
            sealed: Set(new.sealed),
            changed_by: Set(new.changed_by),
            changed_at: Set(now()),
        };
        preview_variables::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Removes a variable of previews; answers whether it was there.
    pub async fn delete_preview_variable(&self, service: ServiceId, key: &str) -> StoreResult<bool> {
        let delete = preview_variables::Entity::delete_many()
            .filter(preview_variables::Column::OrganisationId.eq(self.scope.0.0))
            .filter(preview_variables::Column::ServiceId.eq(service.0))
            .filter(preview_variables::Column::Key.eq(clean(key)));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

impl Store {
    /// The services that run for pull requests, of all organisations.
    pub async fn services_of_previews(&self) -> StoreResult<HashSet<ServiceId>> {
        let children: Vec<Option<Uuid>> = previews::Entity::find()
            .select_only()
            .column(previews::Column::ChildId)
            .into_tuple()
            .all(&self.reads)
            .await?;
        Ok(children.into_iter().flatten().map(ServiceId).collect())
    }

    /// Every pull request of all organisations: for the reconciler.
    pub async fn previews_everywhere(&self) -> StoreResult<Vec<PreviewRow>> {
        let rows =
            previews::Entity::find().order_by_asc(previews::Column::ChangedAt).all(&self.reads).await?;
        rows.into_iter().map(preview).collect()
    }
}

fn model(row: &PreviewRow, scope: Scope) -> previews::ActiveModel {
    let text = |text: &Option<String>| text.as_deref().map(clean);
    previews::ActiveModel {
        id: Set(row.id),
        organisation_id: Set(scope.0.0),
        service_id: Set(row.service.0),
        number: Set(i64::try_from(row.number).unwrap_or(i64::MAX)),
        environment_id: Set(row.environment.map(|id| id.0)),
        child_id: Set(row.child.map(|id| id.0)),
        state: Set(row.state.to_string()),
        reason: Set(text(&row.reason)),
        title: Set(clean(&row.title)),
        author: Set(clean(&row.author)),
        branch: Set(clean(&row.branch)),
        commit: Set(clean(&row.commit)),
        url: Set(text(&row.url)),
        foreign_commits: Set(row.foreign),
        approved_commit: Set(text(&row.approved_commit)),
        approved_by: Set(text(&row.approved_by)),
        comment: Set(text(&row.comment)),
        told: Set(text(&row.told)),
        created_at: Set(row.created_at),
        changed_at: Set(row.changed_at),
    }
}

fn preview(row: previews::Model) -> StoreResult<PreviewRow> {
    let at = At { table: "previews", id: row.id };
    let state = at.text("state", &row.state)?;
    // Somebody deleted the environment itself.
    let lost = state == PreviewState::Open && row.environment_id.is_none();
    Ok(PreviewRow {
        id: row.id,
        organisation: OrganisationId(row.organisation_id),
        service: ServiceId(row.service_id),
        number: at.number("number", row.number)?,
        environment: row.environment_id.map(EnvironmentId),
        child: row.child_id.map(ServiceId),
        state: if lost { PreviewState::Removed } else { state },
        reason: if lost { Some("Its environment was deleted.".to_owned()) } else { row.reason },
        title: row.title,
        author: row.author,
        branch: row.branch,
        commit: row.commit,
        url: row.url,
        foreign: row.foreign_commits,
        approved_commit: row.approved_commit,
        approved_by: row.approved_by,
        comment: row.comment,
        told: row.told,
        created_at: row.created_at,
        changed_at: row.changed_at,
    })
}
