//! Projects and their environments.

use crate::{
    ids::{EnvironmentId, ProjectId},
    name::Name,
    preview::PreviewOf,
    service::ServiceSummary,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A project in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectSummary {
    pub id: ProjectId,
    pub name: Name,
    pub environments: Vec<Name>,
    pub services: u64,
    /// How many of its services should run and do not.
    pub down: u64,
    /// The newest change in it.
    pub changed_at: DateTime<Utc>,
}

/// A project with its environments and services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectView {
    pub id: ProjectId,
    pub name: Name,
    pub created_at: DateTime<Utc>,
    pub environments: Vec<EnvironmentView>,
}

/// An environment with its services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentView {
    pub id: EnvironmentId,
    pub name: Name,
    pub services: Vec<ServiceSummary>,
    /// What it is a preview of, when it is one.
    #[serde(default)]
    pub preview: Option<PreviewOf>,
}

/// Makes a project, with an environment `production` in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateProject {
    pub name: Name,
}

/// Makes an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateEnvironment {
    pub name: Name,
}
