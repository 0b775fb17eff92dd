//! Projects and environments.

use super::{
    Scoped, StoreResult, Writing,
    entities::{environments, projects, services},
    json::At,
    now, search,
};
use berth_domain::{
    ids::{EnvironmentId, ProjectId},
    name::Name,
    project::ProjectSummary,
    service::ServiceState,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Asterisk, Expr, Query},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub name: Name,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// An environment of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentRow {
    pub id: EnvironmentId,
    pub project: ProjectId,
    pub name: Name,
    pub created_at: DateTime<Utc>,
}

/// The services of a project, and how many of them should run and do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    services: u64,
    down: u64,
}

impl Scoped<'_> {
    /// The project of that name.
    pub async fn project(&self, name: &Name) -> StoreResult<Option<ProjectRow>> {
        let row = projects::Entity::find()
            .filter(projects::Column::OrganisationId.eq(self.scope.0.0))
            .filter(projects::Column::Name.eq(name.as_str()))
            .one(&self.db)
            .await?;
        row.map(project).transpose()
    }

    /// Projects by name after a name; the search also matches the names of services in them.
    pub async fn project_page(
        &self,
        after: Option<&str>,
        search: Option<&str>,
        limit: u64,
    ) -> StoreResult<Vec<ProjectSummary>> {
        let mut select = projects::Entity::find().filter(projects::Column::OrganisationId.eq(self.scope.0.0));
        if let Some(after) = after {
            select = select.filter(projects::Column::Name.gt(after));
        }
        if let Some(text) = search.filter(|text| !text.is_empty()) {
            let Some(pattern) = search::pattern(text) else { return Ok(Vec::new()) };
            let with_service = Query::select()
                .column(services::Column::ProjectId)
                .from(services::Entity)
                .and_where(services::Column::OrganisationId.eq(self.scope.0.0))
                .and_where(services::Column::Name.like(&pattern))
                .take();
            let either = Condition::any()
                .add(projects::Column::Name.like(&pattern))
                .add(projects::Column::Id.in_subquery(with_service));
            select = select.filter(either);
        }
        let rows = select.order_by_asc(projects::Column::Name).limit(limit).all(&self.db).await?;
        self.summaries(rows).await
    }

    async fn summaries(&self, rows: Vec<projects::Model>) -> StoreResult<Vec<ProjectSummary>> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let counts = self.counts(&ids).await?;
        let mut environments = self.environment_names(&ids).await?;
        let summary = |row: projects::Model| {
            let environments = environments.remove(&row.id).unwrap_or_default();
            let counts = counts.get(&row.id).copied().unwrap_or(Counts { services: 0, down: 0 });
            let row = project(row)?;
            Ok(ProjectSummary {
                id: row.id,
                name: row.name,
                environments,
                services: counts.services,
                down: counts.down,
                changed_at: row.changed_at,
            })
        };
        rows.into_iter().map(summary).collect()
    }

    async fn counts(&self, projects: &[Uuid]) -> StoreResult<HashMap<Uuid, Counts>> {
        let down = Expr::case(services::Column::State.eq(ServiceState::Down.as_str()), 1).finally(0);
        let rows: Vec<(Uuid, i64, i64)> = services::Entity::find()
            .select_only()
            .column(services::Column::ProjectId)
            .expr(Expr::col(Asterisk).count())
            .expr(Expr::expr(down).sum())
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::ProjectId.is_in(projects.iter().copied()))
            .group_by(services::Column::ProjectId)
            .into_tuple()
            .all(&self.db)
            .await?;
        let counted = |(project, services, down): (Uuid, i64, i64)| {
            (project, Counts { services: services.unsigned_abs(), down: down.unsigned_abs() })
        };
        Ok(rows.into_iter().map(counted).collect())
    }

    async fn environment_names(&self, projects: &[Uuid]) -> StoreResult<HashMap<Uuid, Vec<Name>>> {
        let rows: Vec<(Uuid, String)> = environments::Entity::find()
            .select_only()
            .columns([environments::Column::ProjectId, environments::Column::Name])
            .filter(environments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(environments::Column::ProjectId.is_in(projects.iter().copied()))
            .order_by_asc(environments::Column::CreatedAt)
            .into_tuple()
            .all(&self.db)
            .await?;
        let mut names: HashMap<Uuid, Vec<Name>> = HashMap::new();
        for (project, name) in rows {
            let name = At { table: "environments", id: project }.text("name", &name)?;
            names.entry(project).or_default().push(name);
        }
        Ok(names)
    }

    /// The environment of that name.
    pub async fn environment(&self, project: ProjectId, name: &Name) -> StoreResult<Option<EnvironmentRow>> {
        let row = environments::Entity::find()
            .filter(environments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(environments::Column::ProjectId.eq(project.0))
            .filter(environments::Column::Name.eq(name.as_str()))
            .one(&self.db)
            .await?;
        row.map(environment).transpose()
    }

    /// The environments of a project, the oldest first.
    pub async fn environments(&self, project: ProjectId) -> StoreResult<Vec<EnvironmentRow>> {
        let rows = environments::Entity::find()
            .filter(environments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(environments::Column::ProjectId.eq(project.0))
            .order_by_asc(environments::Column::CreatedAt)
            .all(&self.db)
            .await?;
        rows.into_iter().map(environment).collect()
    }
}

impl Writing<'_> {
    /// Makes a project; refused when the name is taken.
    pub async fn insert_project(&self, name: &Name) -> StoreResult<ProjectRow> {
        let (id, at) = (Uuid::now_v7(), now());
        let row = projects::ActiveModel {
            id: Set(id),
            organisation_id: Set(self.scope.0.0),
            name: Set(name.to_string()),
            created_at: Set(at),
            changed_at: Set(at),
        };
        projects::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(ProjectRow { id: ProjectId(id), name: name.clone(), created_at: at, changed_at: at })
    }

    /// Holds a project until the transaction ends: nothing is added to it meanwhile. Whoever holds or changes both a
    /// project and one of its services takes the project first, so that no two ever wait for each other.
    pub async fn hold_project(&self, id: ProjectId) -> StoreResult<bool> {
        let held: Option<Uuid> = projects::Entity::find()
            .select_only()
            .column(projects::Column::Id)
            .filter(projects::Column::OrganisationId.eq(self.scope.0.0))
            .filter(projects::Column::Id.eq(id.0))
            .lock_exclusive()
            .into_tuple()
            .one(&self.db)
            .await?;
        Ok(held.is_some())
    }

    /// Gives a project another name; answers whether the project is there.
    pub async fn rename_project(&self, id: ProjectId, name: &Name) -> StoreResult<bool> {
        self.change_project(id, Some(name)).await
    }

    /// Notes that something in the project changed.
    pub async fn touch_project(&self, id: ProjectId) -> StoreResult<bool> {
        self.change_project(id, None).await
    }

    async fn change_project(&self, id: ProjectId, name: Option<&Name>) -> StoreResult<bool> {
        let mut update = projects::Entity::update_many()
            .col_expr(projects::Column::ChangedAt, Expr::value(now()))
            .filter(projects::Column::OrganisationId.eq(self.scope.0.0))
            .filter(projects::Column::Id.eq(id.0));
        if let Some(name) = name {
            update = update.col_expr(projects::Column::Name, Expr::value(name.as_str()));
        }
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Deletes a project and all that is in it; answers whether it was there.
    pub async fn delete_project(&self, id: ProjectId) -> StoreResult<bool> {
        let delete = projects::Entity::delete_many()
            .filter(projects::Column::OrganisationId.eq(self.scope.0.0))
            .filter(projects::Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }

    /// Makes an environment in a project of this organisation; refused when the name is taken.
    pub async fn insert_environment(&self, project: ProjectId, name: &Name) -> StoreResult<EnvironmentRow> {
        let (id, at) = (Uuid::now_v7(), now());
        let row = environments::ActiveModel {
            id: Set(id),
            organisation_id: Set(self.scope.0.0),
            project_id: Set(project.0),
            name: Set(name.to_string()),
            created_at: Set(at),
        };
        environments::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(EnvironmentRow { id: EnvironmentId(id), project, name: name.clone(), created_at: at })
    }

    /// Gives an environment another name; answers whether it is there.
    pub async fn rename_environment(&self, id: EnvironmentId, name: &Name) -> StoreResult<bool> {
        let update = environments::Entity::update_many()
            .col_expr(environments::Column::Name, Expr::value(name.as_str()))
            .filter(environments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(environments::Column::Id.eq(id.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Deletes an environment and all that is in it; answers whether it was there.
    pub async fn delete_environment(&self, id: EnvironmentId) -> StoreResult<bool> {
        let delete = environments::Entity::delete_many()
            .filter(environments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(environments::Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

fn project(row: projects::Model) -> StoreResult<ProjectRow> {
    Ok(ProjectRow {
        id: ProjectId(row.id),
        name: At { table: "projects", id: row.id }.text("name", &row.name)?,
        created_at: row.created_at,
        changed_at: row.changed_at,
    })
}

fn environment(row: environments::Model) -> StoreResult<EnvironmentRow> {
    Ok(EnvironmentRow {
        id: EnvironmentId(row.id),
        project: ProjectId(row.project_id),
        name: At { table: "environments", id: row.id }.text("name", &row.name)?,
        created_at: row.created_at,
    })
}
