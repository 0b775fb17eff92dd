//! Services as lists show them: few queries, whatever the number of services.

use super::{
    Scoped, StoreResult,
    domains::DomainRow,
    entities::{deployments, environments, projects, services},
    json::At,
    search,
    services::{path, to_environment, to_project},
};
use berth_domain::{
    deployment::{Commit, Status},
    ids::{EnvironmentId, ProjectId, ServiceId},
    service::{DeploymentBrief, ServicePath, ServiceState, ServiceSummary},
    source::Source,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select,
    entity::prelude::Json,
    sea_query::{Expr, IntoCondition},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A service in a list, before its address is known in full.
pub struct Listed {
    pub environment: EnvironmentId,
    pub summary: ServiceSummary,
    /// The domain that it is best reached at.
    pub domain: Option<DomainRow>,
}

#[derive(FromQueryResult)]
struct Line {
    id: Uuid,
    name: String,
    environment_id: Uuid,
    environment_name: String,
    project_name: String,
    source: Json,
    state: String,
    state_reason: Option<String>,
    number: Option<i64>,
    status: Option<String>,
    commit: Option<Json>,
    image: Option<String>,
    rolls_back_to: Option<i64>,
    created_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

/// Services with the names that lead to them and their newest deployment.
fn lines() -> Select<services::Entity> {
    use services::Column as S;
    services::Entity::find()
        .select_only()
        .columns([S::Id, S::Name, S::EnvironmentId, S::Source, S::State, S::StateReason])
        .column_as(environments::Column::Name, "environment_name")
        .column_as(projects::Column::Name, "project_name")
        .columns([
            deployments::Column::Number,
            deployments::Column::Status,
            deployments::Column::Commit,
            deployments::Column::Image,
            deployments::Column::RollsBackTo,
            deployments::Column::CreatedAt,
            deployments::Column::StartedAt,
            deployments::Column::EndedAt,
        ])
        .join(JoinType::InnerJoin, to_environment())
        .join(JoinType::InnerJoin, to_project())
        .join(JoinType::LeftJoin, to_newest())
}

fn to_newest() -> RelationDef {
    let newest = |_, _| {
        let next = Expr::col((services::Entity, services::Column::NextNumber));
        Expr::col((deployments::Entity, deployments::Column::Number)).eq(next.sub(1)).into_condition()
    };
    let relation: RelationDef = services::Entity::belongs_to(deployments::Entity)
        .from(services::Column::Id)
        .to(deployments::Column::ServiceId)
        .into();
    relation.on_condition(newest)
}

impl Scoped<'_> {
    /// The services of a project, by environment (the oldest first) and name.
    pub async fn services_listed(
        &self,
        project: ProjectId,
        environment: Option<EnvironmentId>,
    ) -> StoreResult<Vec<Listed>> {
        let mut select = lines().filter(services::Column::ProjectId.eq(project.0));
        if let Some(environment) = environment {
            select = select.filter(services::Column::EnvironmentId.eq(environment.0));
        }
        let select =
            select.order_by_asc(environments::Column::CreatedAt).order_by_asc(services::Column::Name);
        self.listed(select).await
    }

    /// Services of all projects by path after a path, whose path has that part.
    pub async fn services_found(
        &self,
        after: Option<&ServicePath>,
        search: Option<&str>,
        limit: u64,
    ) -> StoreResult<Vec<Listed>> {
        let mut select = lines();
        if let Some(text) = search.filter(|text| !text.is_empty()) {
            let Some(pattern) = search::pattern(text) else { return Ok(Vec::new()) };
            select = select.filter(path_column().like(pattern));
        }
        if let Some(after) = after {
            select = select.filter(behind(after));
        }
        let select = select
            .order_by_asc(projects::Column::Name)
            .order_by_asc(environments::Column::Name)
            .order_by_asc(services::Column::Name)
            .limit(limit);
        self.listed(select).await
    }

    async fn listed(&self, select: Select<services::Entity>) -> StoreResult<Vec<Listed>> {
        let select = select.filter(services::Column::OrganisationId.eq(self.scope.0.0));
        let lines = select.into_model::<Line>().all(&self.db).await?;
        let ids: Vec<Uuid> = lines.iter().map(|line| line.id).collect();
        let mut domains: HashMap<ServiceId, DomainRow> = HashMap::new();
        for domain in self.domains_of_all(&ids).await? {
            domains.entry(domain.service).or_insert(domain);
        }
        lines.into_iter().map(|line| listed(line, &mut domains)).collect()
    }
}

/// `project/environment/service` as the database sees it.
fn path_column() -> Expr {
    use sea_orm::sea_query::{BinOper, SimpleExpr};
    let join = |a: SimpleExpr, b: SimpleExpr| a.binary(BinOper::Custom("||"), b);
    let slash = || Expr::value("/");
    let project = Expr::col((projects::Entity, projects::Column::Name));
    let environment = Expr::col((environments::Entity, environments::Column::Name));
    let service = Expr::col((services::Entity, services::Column::Name));
    join(join(join(join(project, slash()), environment), slash()), service)
}

fn behind(after: &ServicePath) -> Condition {
    let (project, environment) = (after.project.as_str(), after.environment.as_str());
    let same_project = projects::Column::Name.eq(project);
    Condition::any()
        .add(projects::Column::Name.gt(project))
        .add(same_project.clone().and(environments::Column::Name.gt(environment)))
        .add(
            same_project
                .and(environments::Column::Name.eq(environment))
                .and(services::Column::Name.gt(after.service.as_str())),
        )
}

fn listed(line: Line, domains: &mut HashMap<ServiceId, DomainRow>) -> StoreResult<Listed> {
    let at = At { table: "services", id: line.id };
    let source: Source = at.json("source", line.source.clone())?;
    let summary = ServiceSummary {
        id: ServiceId(line.id),
        path: path(line.id, &line.project_name, &line.environment_name, &line.name)?,
        state: at.text::<ServiceState>("state", &line.state)?,
        state_reason: line.state_reason.clone(),
        source: source.summary(),
        url: None,
        deployment: brief(&line)?,
    };
    let domain = domains.remove(&summary.id);
    Ok(Listed { environment: EnvironmentId(line.environment_id), summary, domain })
}

fn brief(line: &Line) -> StoreResult<Option<DeploymentBrief>> {
    let (Some(number), Some(status), Some(created)) = (line.number, &line.status, line.created_at) else {
        return Ok(None);
    };
    let at = At { table: "deployments", id: line.id };
    let commit: Option<Commit> = line.commit.clone().map(|commit| at.json("commit", commit)).transpose()?;
    let title = match (line.rolls_back_to, commit, &line.image) {
        (Some(number), _, _) => format!("Roll back to #{number}"),
        (_, Some(commit), _) => commit.title,
        (_, _, Some(image)) => image.clone(),
        _ => format!("Deployment #{number}"),
    };
    Ok(Some(DeploymentBrief {
        number: at.number("number", number)?,
        status: at.text::<Status>("status", status)?,
        title,
        at: line.ended_at.or(line.started_at).unwrap_or(created),
    }))
}
